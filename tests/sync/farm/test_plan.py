"""The plan is the same for everybody, leaves nothing out that can be done, and gives each job to who ends it first."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.farm.hands import Hand, Load
from sync.farm.plan import MOST, arranged, horizon, plan
from sync.records import JobId, SessionId, Tier

MODELS = ("starter", "other")


@st.composite
def loads(draw: st.DrawFn) -> list[Load]:
    return [
        Load(
            job=JobId(f"{number:02d}.0"),
            model=draw(st.sampled_from(MODELS)),
            units=draw(st.floats(0.1, 100)),
            tier=draw(st.sampled_from(Tier)),
            key=draw(st.floats(-5, 5)),
            failed=frozenset(draw(st.sets(st.sampled_from([SessionId("s0"), SessionId("s1")]), max_size=1))),
            owner=draw(st.sampled_from([None, SessionId("dead")])),
        )
        for number in range(draw(st.integers(0, 25)))
    ]


@st.composite
def hands(draw: st.DrawFn) -> list[Hand]:
    return [
        Hand(
            session=SessionId(f"s{number}"),
            free=draw(st.floats(0, 50)),
            rate=draw(st.floats(0.1, 8)),
            models=draw(st.sampled_from([None, frozenset({"starter"}), frozenset(MODELS)])),
            only=draw(st.sampled_from([None, None, Tier.LOW])),
        )
        for number in range(draw(st.integers(1, 5)))
    ]


@given(loads(), hands(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_everybody_plans_the_same(some: list[Load], crew: list[Hand], random: st.DataObject) -> None:
    other_loads, other_crew = list(some), list(crew)
    random.shuffle(other_loads)  # type: ignore[attr-defined]
    random.shuffle(other_crew)  # type: ignore[attr-defined]
    assert plan(arranged(some), crew) == plan(arranged(other_loads), other_crew)


@given(loads(), hands())
@settings(max_examples=100, deadline=None)
def test_each_job_has_one_turn_with_somebody_who_can(some: list[Load], crew: list[Hand]) -> None:
    turns = plan(arranged(some), crew)
    by_session = {one.session: one for one in crew}
    assert [one.load.job for one in turns] == [
        one.job for one in arranged(some) if any(hand.can(one) for hand in crew)
    ]
    busy: dict[SessionId, float] = {}
    for turn in turns:
        hand = by_session[turn.session]
        assert hand.can(turn.load)
        assert turn.begin >= busy.get(turn.session, hand.free) - 1e-6  # one after the other
        busy[turn.session] = turn.end
        able = [one for one in crew if one.can(turn.load)]
        if turn.session in turn.load.failed:
            assert all(one.session in turn.load.failed for one in able)


def test_the_faster_one_has_the_job_until_it_would_be_later() -> None:
    fast, slow = Hand(session=SessionId("fast"), rate=1.0), Hand(session=SessionId("slow"), rate=3.0)
    some = [Load(job=JobId(f"{n}.0"), model="", units=10.0, tier=Tier.LOW, key=n) for n in range(4)]
    assert [one.session for one in plan(some, [fast, slow])] == ["fast", "fast", "fast", "slow"] or [
        one.session for one in plan(some, [fast, slow])
    ] == ["fast", "fast", "slow", "fast"]


def test_models_are_not_changed_to_and_fro() -> None:
    crew = [
        Hand(session=SessionId("a"), warm="starter", switch=30.0),
        Hand(session=SessionId("b"), warm="other", switch=30.0),
    ]
    some = [
        Load(job=JobId(f"{n}.0"), model=MODELS[n % 2], units=5.0, tier=Tier.LOW, key=n) for n in range(10)
    ]
    assert all((one.session == "a") == (one.load.model == "starter") for one in plan(some, crew))


def test_orphans_stand_at_the_head_of_their_tier() -> None:
    low = [Load(job=JobId(f"low{n}.0"), model="", units=1, tier=Tier.LOW, key=n) for n in range(3)]
    high = Load(job=JobId("high.0"), model="", units=1, tier=Tier.HIGH, key=90.0)
    lost = Load(job=JobId("z.0"), model="", units=1, tier=Tier.HIGH, key=99.0, owner=SessionId("dead"))
    assert [one.job for one in arranged([lost, high, *low])] == [
        "low0.0",
        "low1.0",
        "low2.0",
        "z.0",
        "high.0",
    ]


def test_the_slower_one_looks_further() -> None:
    fast, slow = Hand(session=SessionId("fast"), rate=0.1), Hand(session=SessionId("slow"), rate=8.0)
    assert horizon([fast, slow], fast) < horizon([fast, slow], slow) <= MOST
