"""Whose turn it is."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe import RecipeKey
from sync.records import JobFacts, MemberId, Tier
from sync.rules import priority
from sync.rules.view import View, job_id, view
from tests.sync.rules import facts
from tests.sync.rules.facts import SESSIONS, ended, vote, wish


def seen(
    vt: float = 0.0, tier: Tier = Tier.STANDARD, votes: int = 0, name: str = "k", member: str = "m"
) -> View:
    asked = wish(vt=vt, tier=tier, member=MemberId(member))
    cast = tuple(vote(f"voter-{n}", 1 if votes > 0 else -1) for n in range(abs(votes)))
    return view(JobFacts(job=job_id(RecipeKey(name)), wishes=(asked,), votes=cast))


@pytest.mark.parametrize(
    ("view", "key"),
    [
        (seen(100.0), 100.0 - 9000),
        (seen(100.0, Tier.LOW), 100.0 - 36000),
        (seen(100.0, Tier.HIGH), 100.0),
        (seen(100.0, Tier.HIGH, 2), 100.0 - 6000),
        (seen(100.0, Tier.HIGH, 9), 100.0 - 15000),
        (seen(100.0, Tier.HIGH, -2), 100.0 + 6000),
        (seen(math.nan), math.inf),
    ],
)
def test_the_key_is_what_was_served_less_bonus_and_votes(view: View, key: float) -> None:
    assert priority.key(view) == key


def test_a_job_nobody_wished_for_comes_last() -> None:
    assert priority.key(view(JobFacts(job=facts.JOB))) == math.inf


def test_drafts_come_first_and_finals_do_not_starve() -> None:
    assert priority.in_turn([seen(tier=Tier.HIGH), seen(tier=Tier.LOW)])[0].tier is Tier.LOW
    assert priority.in_turn([seen(tier=Tier.HIGH), seen(40000.0, Tier.LOW)])[0].tier is Tier.HIGH


def test_equal_keys_go_to_the_person_least_recently_served() -> None:
    jobs = [seen(name=name, member=name) for name in "abc"]
    turn = priority.in_turn(jobs, {MemberId("a"): 9.0, MemberId("b"): 5.0})
    assert [one.job for one in turn] == [jobs[2].job, jobs[1].job, jobs[0].job]


@given(
    st.lists(
        st.builds(seen, st.floats(), st.sampled_from(Tier), st.integers(-3, 7), st.sampled_from("abcd"))
    ),
    st.data(),
)
def test_the_turn_is_the_same_for_every_order(views: list[View], data: st.DataObject) -> None:
    turn = priority.in_turn(views)
    again = priority.in_turn(data.draw(st.permutations(views)))
    assert [priority.key(one) for one in turn] == [priority.key(one) for one in again]
    assert [priority.key(one) for one in turn] == sorted(priority.key(one) for one in views)


def test_the_back_off_doubles_up_to_five_minutes() -> None:
    assert [priority.backoff(n) for n in range(-1, 9)] == [0, 0, 5, 10, 20, 40, 80, 160, 300, 300]
    assert priority.backoff(10**9) == 300


def failing(**fields: Any) -> View:
    return view(
        JobFacts(
            job=facts.JOB, wishes=(wish(),), ended=(ended(SESSIONS[0], 1), ended(SESSIONS[0], 2)), **fields
        )
    )


def test_the_wait_counts_from_when_this_observer_saw_the_last_failure() -> None:
    known = failing()
    first, second = known.attempts
    assert priority.ready_at(known, {first: 100.0, second: 200.0}) == 210.0
    assert priority.ready_at(known, {first: 100.0}) == 110.0
    assert priority.ready_at(known, {}) == -math.inf
    assert priority.ready_at(seen(), {first: 100.0}) == -math.inf
