"""The rules of dialling, on a clock that only the test moves: soon enough, never too often, and one link in the end."""

from __future__ import annotations

import random as rnd
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import dialling
from sync.dialling import EAGER, LONGEST, PATIENCE, SHORTEST, Attempt, Dialling, Route, Standing
from sync.records import DeviceId

ANNA, BEN = DeviceId("a" * 64), DeviceId("b" * 64)
LAN = ("192.168.1.2:4000",)


def fresh(seed: int = 0) -> Dialling:
    return Dialling(rnd.Random(seed).randbytes)


def found(one: Dialling, now: float = 0.0, *, first: bool = True) -> None:
    one.hint("ben", Route.LAN, LAN, now, first=first)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 200), st.floats(0, 10_000), st.integers(0, 99))
def test_a_pause_keeps_its_bounds(failures: int, since: float, seed: int) -> None:
    waited = dialling.pause(failures, 0.0, since, rnd.Random(seed).randbytes)
    assert SHORTEST <= waited <= (4.0 if since < EAGER else LONGEST)


def test_pauses_differ_between_devices() -> None:
    assert len({dialling.pause(5, 0.0, 0.0, rnd.Random(seed).randbytes) for seed in range(50)}) == 50


def test_who_was_found_is_dialled_at_once_by_one_side_and_after_some_patience_by_the_other() -> None:
    one = fresh()
    found(one)
    assert one.due(0.0) == [Attempt("ben", Route.LAN, LAN)]
    assert one.due(0.0) == [], "one attempt at a time"
    other = fresh()
    found(other, first=False)
    assert other.due(PATIENCE - 0.1) == []
    assert other.due(PATIENCE) == [Attempt("ben", Route.LAN, LAN)]


def test_paths_are_tried_from_the_best_to_the_worst_and_then_comes_a_pause() -> None:
    one = fresh()
    one.hint("ben", Route.RELAY, ("relay",), 0.0, first=True)
    one.hint("ben", Route.DIRECT, ("direct",), 0.0, first=True)
    found(one)
    tried = []
    while attempts := one.due(1.0):
        tried += [attempt.route for attempt in attempts]
        one.failed("ben", 1.0)
    assert tried == [Route.LAN, Route.DIRECT, Route.RELAY]
    assert 1.0 + SHORTEST <= one.next() <= 5.0


def test_a_better_path_is_tried_while_a_worse_link_stands() -> None:
    one = fresh()
    one.hint("ben", Route.RELAY, ("relay",), 0.0, first=True)
    one.due(0.0)
    one.linked(BEN, Route.RELAY, 0.1, "ben")
    assert one.next() == float("inf")
    found(one, 5.0)
    (attempt,) = one.due(5.0)
    assert attempt.route is Route.LAN
    one.failed("ben", 6.0)
    assert one.due(6.0) == [], "the relay is no better than what stands"
    (attempt,) = one.due(12.0)
    assert attempt.route is Route.LAN
    one.linked(BEN, Route.LAN, 12.0, "ben")
    assert one.next() == float("inf")


def test_the_worse_path_is_dialled_again_when_the_better_link_is_lost() -> None:
    one = fresh()
    found(one)
    one.hint("ben", Route.RELAY, ("relay",), 0.0, first=True)
    one.due(0.0)
    one.linked(BEN, Route.LAN, 0.0, "ben")
    one.lost(BEN, 100.0)
    assert [attempt.route for attempt in one.due(100.0)] == [Route.LAN]
    one.failed("ben", 101.0)
    assert [attempt.route for attempt in one.due(101.0)] == [Route.RELAY]


def test_a_link_that_does_not_last_is_no_reason_for_haste() -> None:
    one, now, dialled = fresh(), 0.0, 0
    found(one)
    while now < 60.0:
        if one.due(now):
            dialled += 1
            one.linked(BEN, Route.LAN, now, "ben")
            one.lost(BEN, now + 0.01)
        now += 0.01
    assert dialled < 60


def test_a_refusal_waits_for_a_minute_or_for_a_reason() -> None:
    one = fresh()
    found(one)
    one.due(0.0)
    one.failed("ben", 0.1, final=True)
    assert one.due(LONGEST - 1) == []
    one.stir(LONGEST - 1)
    assert len(one.due(LONGEST - 1)) == 1


def test_a_new_address_is_dialled_at_once() -> None:
    one, now = fresh(), 0.0
    found(one)
    while now < 400.0:
        if one.due(now):
            one.failed("ben", now)
        now += 0.5
        found(one, now)
    assert one.next() > now + SHORTEST
    one.hint("ben", Route.LAN, ("10.0.0.9:4000",), now, first=True)
    assert one.due(now) == [Attempt("ben", Route.LAN, ("10.0.0.9:4000",))]


def test_nobody_is_dialled_twice_under_two_names() -> None:
    one = fresh()
    found(one)
    one.hint("old", Route.LAN, ("192.168.1.2:3999",), 0.0, first=True, kept=True)
    one.identify("ben", BEN)
    one.identify("old", BEN)
    assert len(one.due(0.0)) == 1
    one.linked(BEN, Route.LAN, 0.1, "ben")
    assert one.due(50.0) == []
    assert one.device("old") == BEN


def test_who_is_found_no_more_is_forgotten_after_a_while_and_what_was_written_down_is_not() -> None:
    one, now = fresh(), 0.0
    found(one)
    one.hint("kept", Route.LAN, ("192.168.1.3:1",), 0.0, first=True, kept=True)
    for key in ("ben", "kept", "nobody"):
        one.gone(key, 5.0)
    keys: set[str] = set()
    while now < 900.0:
        attempts = one.due(now)
        keys = {attempt.key for attempt in attempts} or keys
        for attempt in attempts:
            one.failed(attempt.key, now)
        now += 1.0
        if 150 < now < 180:
            assert keys <= {"ben", "kept"}
    assert keys == {"kept"}
    one.withdraw(Route.LAN)
    assert one.next() == float("inf")


def test_sleep_is_noticed() -> None:
    assert not dialling.slept(1.0, 1.0)
    assert dialling.slept(600.0, 1.0)
    assert dialling.slept(600.0, 600.0)


ROUTES = st.sampled_from(Route)
LINKS = st.builds(Standing, ROUTES, st.sampled_from((ANNA, BEN)), st.just(0.0), st.just(0.0))


@settings(max_examples=200, deadline=None)
@given(LINKS, LINKS)
def test_both_ends_keep_the_same_link_whichever_they_saw_first(one: Standing, other: Standing) -> None:
    if (one.route, one.dialler) == (other.route, other.dialler):
        assert dialling.replaces(one, other, 0.0), "whoever dials again has given up the first"
    else:
        assert dialling.replaces(one, other, 0.0) != dialling.replaces(other, one, 0.0)


def test_a_link_that_has_fallen_silent_gives_way() -> None:
    old = Standing(Route.LAN, ANNA, 0.0, 0.0)
    assert not dialling.replaces(old, Standing(Route.RELAY, BEN, 1.0, 1.0), 1.0)
    assert dialling.replaces(old, Standing(Route.RELAY, BEN, 9.0, 9.0), 9.0)


def test_a_link_that_has_stood_for_a_while_gives_way_to_whoever_dials_anew() -> None:
    old = Standing(Route.LAN, ANNA, 20.0, 0.0)
    assert dialling.replaces(old, Standing(Route.LAN, BEN, 20.0, 20.0), 20.0), "it dials what it has given up"
    assert not dialling.replaces(old, Standing(Route.RELAY, BEN, 20.0, 20.0), 20.0)


def test_what_is_lost_after_the_network_changed_is_dialled_by_both() -> None:
    one = fresh(1)
    one.hint("anna", Route.LAN, LAN, 0.0, first=False)
    one.linked(ANNA, Route.LAN, 1.0, "anna")
    one.stir(20.0)
    one.lost(ANNA, 21.0)
    assert [found.key for found in one.due(21.0)] == ["anna"]
    one.linked(ANNA, Route.LAN, 22.0, "anna")
    one.lost(ANNA, 40.0)
    assert one.due(40.0) == [], "the other one dials first"


@dataclass
class Pair:
    """Two devices that dial each other, and a network that is there or not; a second has twenty moments."""

    seed: int
    now: float = 0.0
    up: bool = True
    links: list[tuple[Standing, bool]] = field(default_factory=list)
    dials: int = 0

    def __post_init__(self) -> None:
        self.ends = {ANNA: fresh(self.seed), BEN: fresh(self.seed + 1)}
        self.live: Standing | None = None
        for own, other in ((ANNA, BEN), (BEN, ANNA)):
            self.ends[own].hint(other, Route.LAN, LAN, 0.0, first=dialling.offers(own, other), kept=True)

    def step(self) -> None:
        self.now += 0.05
        for own, other in ((ANNA, BEN), (BEN, ANNA)):
            for attempt in self.ends[own].due(self.now):
                self.dials += 1
                if not self.up:
                    self.ends[own].failed(attempt.key, self.now)
                    continue
                new = Standing(attempt.route, own, self.now, self.now)
                if self.live is None or dialling.replaces(self.live, new, self.now):
                    self.live = new
                self.ends[own].linked(other, attempt.route, self.now, attempt.key)
                self.ends[other].linked(own, attempt.route, self.now, own)

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.step()

    def cut(self) -> None:
        self.up, self.live = False, None
        for own, other in ((ANNA, BEN), (BEN, ANNA)):
            self.ends[own].lost(other, self.now)


@pytest.mark.parametrize("seed", range(5))
def test_two_that_find_each_other_are_linked_once_and_never_dialled_again(seed: int) -> None:
    pair = Pair(seed)
    pair.run(120.0)
    assert (pair.dials, pair.live) == (1, Standing(Route.LAN, ANNA, 0.05, 0.05))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.floats(0.1, 116.0))
def test_within_two_minutes_the_link_is_back_four_seconds_after_the_network(seed: int, cut: float) -> None:
    pair = Pair(seed)
    pair.run(20.0)
    pair.cut()
    pair.run(cut)
    pair.up = True
    pair.run(4.0)
    assert pair.live is not None


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 999), st.floats(200.0, 1500.0))
def test_later_it_takes_a_minute_at_most_and_few_attempts(seed: int, cut: float) -> None:
    pair = Pair(seed)
    pair.run(20.0)
    pair.cut()
    pair.run(cut)
    assert pair.dials < 2 * (EAGER / 1.5 + cut / 6.0)
    pair.up = True
    pair.run(LONGEST + 1)
    assert pair.live is not None


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_of_many_only_some_are_tried_at_once_and_all_get_their_turn(seed: int) -> None:
    draw, one, now = rnd.Random(seed), fresh(seed), 0.0
    for number in range(40):
        one.hint(f"n{number}", Route.LAN, LAN, now, first=True)
    linked: set[str] = set()
    under_way: dict[str, float] = {}
    while len(linked) < 40:
        under_way.update((attempt.key, now) for attempt in one.due(now))
        assert sum(now - began < dialling.HEAVY for began in under_way.values()) <= dialling.AT_ONCE
        key = draw.choice(sorted(under_way))
        del under_way[key]
        if draw.random() < 0.5:
            linked.add(key)
            one.linked(DeviceId(key * 8), Route.LAN, now, key)
        else:
            one.failed(key, now)
        if not under_way and len(linked) < 40:
            now = max(now, one.next())
        now += draw.random()
    assert now < 400
