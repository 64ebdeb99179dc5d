"""Each worker chooses what falls to itself, waits for its claim to arrive, and helps out only where it is worth it."""

from __future__ import annotations

from dataclasses import replace

from sync.farm.absence import TTL
from sync.farm.claimer import PATIENCE, SHORTEST, Claimer
from sync.farm.hands import Hand, Load
from sync.records import JobId, SessionId, Tier

A, B = SessionId("a"), SessionId("b")


def load(name: str, *, key: float = 0.0, owner: SessionId | None = None, units: float = 10.0) -> Load:
    return Load(job=JobId(f"{name}.0"), model="m", units=units, tier=Tier.LOW, key=key, owner=owner)


def pair(rate_a: float = 1.0, rate_b: float = 1.0) -> tuple[Claimer, Hand, Claimer, Hand]:
    one, other = Claimer(A), Claimer(B)
    hand_a, hand_b = Hand(session=A, slot="a", rate=rate_a), Hand(session=B, slot="b", rate=rate_b)
    one.heard(hand_b, 0.0)
    other.heard(hand_a, 0.0)
    return one, hand_a, other, hand_b


def test_two_that_choose_at_once_choose_differently() -> None:
    one, hand_a, other, hand_b = pair()
    some = [load(f"{n}", key=n) for n in range(9)]
    first, second = one.choose(some, hand_a, 0.0), other.choose(some, hand_b, 0.0)
    assert first is not None
    assert second is not None
    assert first != second


def test_the_last_job_is_left_to_who_ends_it_first() -> None:
    slow, hand_slow, fast, hand_fast = pair(8.0, 1.0)
    assert slow.choose([load("last")], hand_slow, 0.0) is None
    assert fast.choose([load("last")], hand_fast, 0.0) == load("last")


def test_what_others_should_have_begun_and_did_not_is_taken_all_the_same() -> None:
    """Two that each take the other for a little faster would otherwise leave it to each other for ever."""
    one, hand_a, other, hand_b = pair(1.0, 1.0)
    one.heard(replace(hand_b, rate=0.999), 0.0)
    other.heard(replace(hand_a, rate=0.999), 0.0)
    for now in (0.0, PATIENCE):
        assert one.choose([load("last")], hand_a, now) is None
        assert other.choose([load("last")], hand_b, now) is None
    assert one.choose([load("last")], hand_a, PATIENCE + 0.1) == load("last")
    assert one.choose([load("last")], replace(hand_a, free=1.0), PATIENCE + 0.2) is None


def test_a_claim_waits_for_the_slowest_link_and_for_nobody_when_alone() -> None:
    one, *_ = pair()
    assert one.settle() == SHORTEST
    one.trips({B: 0.4})
    assert abs(one.settle() - 1.5 * 0.47) < 1e-9
    assert Claimer(A).settle() == 0.0


def test_an_owner_is_gone_after_the_time_to_live_or_at_once_when_it_said_so_or_started_again() -> None:
    one, *_ = pair()
    one.absence.look(TTL - 1)
    assert not one.gone(B, TTL - 1)
    one.absence.look(TTL + 1)
    assert one.gone(B, TTL + 1)
    one, *_ = pair()
    one.left(B)
    assert one.gone(B, 0.1)
    one, *_ = pair()
    one.heard(Hand(session=SessionId("b again"), slot="b"), 1.0)
    assert one.gone(B, 1.0)


def test_a_straggler_is_helped_once_it_is_worth_it() -> None:
    one, hand_a, *_ = pair()
    one.heard(Hand(session=B, slot="b", free=100.0), 0.0)
    assert one.hedge([(load("long"), B)], hand_a, 0.0) == load("long")
    assert one.hedge([(load("long"), B)], hand_a, 80.0) is None  # it will be there in 20 s
    assert one.hedge([(load("own"), A)], hand_a, 0.0) is None
    assert one.hedge([(load("unheard"), SessionId("c"))], hand_a, 0.0) is None


def test_what_it_cannot_do_it_does_not_choose() -> None:
    assert Claimer(A).choose([load("x")], Hand(session=A, models=frozenset({"other"})), 0.0) is None
    assert Claimer(A).choose([], Hand(session=A), 0.0) is None
