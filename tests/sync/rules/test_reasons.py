"""Why a job is not running: the right sentence, and always one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.records import JobFacts, Tier
from sync.rules.reasons import Standpoint, may_claim, set_aside, why
from sync.rules.view import State, View, view
from tests.sync.rules import facts
from tests.sync.rules.facts import JOB, SESSIONS, called, claim, ended, finished, wish

A, B = SESSIONS[:2]
HERE = Standpoint(session=A)


def job(**fields: Any) -> View:
    return view(JobFacts(job=JOB, **{"wishes": (wish(),), **fields}))


def codes(seen: View, at: Standpoint) -> list[str]:
    return [one.code for one in why(seen, at)]


@pytest.mark.parametrize(
    ("seen", "code", "words"),
    [
        (job(wishes=()), "unknown", "nobody has asked"),
        (job(finished=(finished(A),)), "finished", "its take is there"),
        (job(called=(called(),)), "cancelled", "cancelled by m"),
        (job(ended=tuple(ended(A, n) for n in range(1, 6))), "failed", "5 attempts with crashed: it died"),
        (job(claims=(claim(B),)), "owned", "worker session-1 has it"),
        (job(claims=(claim(A),)), "mine", "this worker has it"),
        (job(), "ready", "nothing stands in its way"),
    ],
)
def test_what_the_facts_alone_tell(seen: View, code: str, words: str) -> None:
    reason = why(seen, HERE)[0]
    assert reason.code == code
    assert words in reason.sentence


@pytest.mark.parametrize(
    ("at", "code", "words"),
    [
        (replace(HERE, paused=True), "paused", "paused"),
        (replace(HERE, inputs=("Ana v02", "Hall v01")), "inputs", "waits for Ana v02, Hall v01"),
        (replace(HERE, models=("starter-v2",)), "model_missing", "starter-v2 is not on this machine"),
        (replace(HERE, aside=("starter-v2",)), "set_aside", "failed 3 times with starter-v2"),
        (replace(HERE, needs=9_000_000_000, has=4_000_000_000), "memory", "9.0 GB of memory"),
        (replace(HERE, only=Tier.LOW), "tier", "tier low only"),
    ],
)
def test_what_stands_in_the_way_here(at: Standpoint, code: str, words: str) -> None:
    reason = may_claim(job(), at)
    assert reason is not None
    assert reason.code == code
    assert words in reason.sentence
    assert reason.fix
    assert codes(job(), at) == [code]


def test_nothing_in_the_way_may_be_claimed() -> None:
    assert may_claim(job(), HERE) is None
    assert may_claim(job(), replace(HERE, needs=1, has=1, only=Tier.STANDARD)) is None


def test_without_workers_that_is_the_reason() -> None:
    assert codes(job(), Standpoint(workers=0)) == ["no_worker"]
    assert codes(job(), Standpoint(workers=0, paused=True)) == ["paused", "no_worker"]


def test_it_backs_off_until_the_wait_is_over() -> None:
    seen = job(ended=(ended(A), ended(A, 2)))
    first_seen = dict.fromkeys(seen.attempts, 100.0)
    reason = may_claim(seen, replace(HERE, now=104.5, seen=first_seen))
    assert reason is not None
    assert reason.sentence == "it tries again in 6 s, after 2 failed (last with crashed)"
    assert may_claim(seen, replace(HERE, now=110.0, seen=first_seen)) is None


def test_another_capable_worker_goes_first_where_it_failed_here() -> None:
    seen = job(ended=(ended(A),))
    assert codes(seen, replace(HERE, others=True)) == ["failed_here"]
    assert may_claim(seen, replace(HERE, session=B, others=True)) is None
    assert may_claim(seen, HERE) is None


def test_a_silent_owner_may_be_taken_over() -> None:
    seen = job(claims=(claim(B),))
    assert may_claim(seen, HERE) is not None
    assert may_claim(seen, replace(HERE, silent=frozenset({B}))) is None


def test_owners_are_called_by_name() -> None:
    at = replace(HERE, names={B: "render-box"}, running=True)
    assert why(job(claims=(claim(B),)), at)[0].sentence == "worker render-box is rendering it"


def test_a_model_is_set_aside_after_three_failures() -> None:
    assert set_aside({"b": 3, "a": 4, "c": 2}) == ("a", "b")


standpoints = st.builds(
    Standpoint,
    now=st.floats(0, 100),
    session=st.none() | st.sampled_from(SESSIONS),
    paused=st.booleans(),
    workers=st.integers(0, 2),
    silent=st.frozensets(st.sampled_from(SESSIONS)),
    inputs=st.just(()) | st.just(("Ana v01",)),
    models=st.just(()) | st.just(("starter",)),
    needs=st.none() | st.integers(0, 10),
    has=st.none() | st.integers(0, 10),
    others=st.booleans(),
    only=st.none() | st.sampled_from(Tier),
    running=st.booleans(),
)


@given(facts.jobs, standpoints, st.floats(0, 100))
def test_there_is_always_a_reason_and_claiming_agrees_with_it(
    known: JobFacts, at: Standpoint, moment: float
) -> None:
    seen = view(known)
    at = replace(at, seen=dict.fromkeys(seen.attempts, moment))
    reasons = why(seen, at)
    assert reasons
    assert all(one.code and one.sentence for one in reasons)
    barred = may_claim(seen, at)
    if barred is None:
        assert seen.state in (State.PENDING, State.OWNED)
        assert {one.code for one in reasons} <= {"ready", "no_worker"}
    else:
        assert reasons[0] == barred
    if seen.state.terminal:
        assert barred is not None
