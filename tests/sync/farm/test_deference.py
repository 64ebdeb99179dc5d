"""Two halves of a cut leave each other's work alone without a word."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.farm.deference import deferring, keeper
from sync.farm.hands import Hand, Load
from sync.records import JobId, SessionId, Tier


def loads(count: int) -> list[Load]:
    return [Load(job=JobId(f"{n:04d}.0"), model="m", units=1.0, tier=Tier.LOW, key=n) for n in range(count)]


def crew(*rates: float) -> list[Hand]:
    return [Hand(session=SessionId(f"s{n}"), rate=rate) for n, rate in enumerate(rates)]


@given(st.lists(st.floats(0.1, 8), min_size=2, max_size=8), st.data())
@settings(max_examples=50, deadline=None)
def test_the_halves_begin_with_different_jobs(rates: list[float], data: st.DataObject) -> None:
    hands = crew(*rates)
    left = data.draw(st.sets(st.sampled_from(range(len(hands))), min_size=1, max_size=len(hands) - 1))
    here = [one for n, one in enumerate(hands) if n in left]
    there = [one for n, one in enumerate(hands) if n not in left]
    some = loads(40)
    ours, theirs = deferring(some, here, there), deferring(some, there, here)
    assert ours == (theirs[1], theirs[0])
    assert sorted(one.job for part in ours for one in part) == [one.job for one in some]


def test_the_faster_one_keeps_more() -> None:
    hands = crew(1.0, 4.0)
    kept = [keeper(one, hands) for one in loads(1000)]
    assert 740 < kept.count(SessionId("s0")) < 860


def test_what_somebody_had_is_his() -> None:
    here, there = crew(1.0), [Hand(session=SessionId("away"))]
    had = Load(job=JobId("had.0"), model="m", units=1.0, tier=Tier.LOW, owner=SessionId("away"))
    assert deferring([had], here, there) == ([], [had])


def test_without_a_cut_nothing_waits() -> None:
    some = loads(5)
    assert deferring(some, crew(1.0), []) == (some, [])
    assert keeper(some[0], []) is None
