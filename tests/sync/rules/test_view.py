"""What a job's facts add up to: the invariants of the queue, as far as facts can state them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe import RecipeKey
from sync.records import JobFacts, JobId, Tier
from sync.rules import view as rules
from sync.rules.view import State, View, view
from tests.sync.rules import facts
from tests.sync.rules.facts import JOB, JOB_LISTS, SESSIONS, called, claim, ended, finished, vote, wish

A, B, C, D = SESSIONS


def job(**fields: Any) -> JobFacts:
    return JobFacts(job=JOB, **{"wishes": (wish(),), **fields})


# --- first match wins ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "state"),
    [
        (JobFacts(job=JOB, finished=(finished(A),), claims=(claim(A),)), State.UNKNOWN),
        (job(), State.PENDING),
        (job(claims=(claim(A),)), State.OWNED),
        (job(claims=(claim(A),), ended=(ended(A, 1, "released"),)), State.PENDING),
        (job(claims=(claim(A),), ended=(ended(A),)), State.PENDING),
        (job(claims=(claim(A),), called=(called(),)), State.CANCELLED),
        (job(finished=(finished(A),), called=(called(),)), State.FINISHED),
        (job(finished=(finished(A),), ended=tuple(ended(A, n) for n in range(1, 9))), State.FINISHED),
        (job(ended=tuple(ended(A, n) for n in range(1, 5))), State.PENDING),
        (job(ended=tuple(ended(A, n) for n in range(1, 6))), State.FAILED),
        (job(ended=(ended(A, 1), ended(B, 2))), State.PENDING),
        (job(ended=(ended(A, 1), ended(B, 2), ended(C, 3))), State.FAILED),
        (job(ended=tuple(ended(A, n, "released") for n in range(1, 9))), State.PENDING),
        (job(ended=(ended(A, 1),) * 9), State.PENDING),
    ],
)
def test_states(known: JobFacts, state: State) -> None:
    assert view(known).state is state


def test_the_smallest_hash_owns_among_claims_of_the_top_epoch() -> None:
    best = min((A, B, C), key=lambda one: rules.rank(JOB, one))
    seen = view(job(claims=(claim(A, 2), claim(B, 2), claim(C, 2), claim(D, 1))))
    assert (seen.owner, seen.epoch) == (best, 2)
    others = tuple(one for one in (A, B, C) if one != best)
    seen = view(job(claims=tuple(claim(one, 2) for one in (A, B, C)), ended=(ended(best, 2, "released"),)))
    assert seen.owner == min(others, key=lambda one: rules.rank(JOB, one))


def test_a_release_after_a_take_over_does_not_give_the_job_back_to_the_silent_one() -> None:
    taken = job(claims=(claim(A, 1), claim(B, 2)), ended=(ended(A, 1, "released"),))
    assert view(taken).owner == B
    released = job(claims=(claim(A, 1), claim(B, 2)), ended=(ended(B, 2, "released"),))
    assert view(released).state is State.PENDING
    assert view(released).owner is None


def test_several_wishes_are_one_job_of_the_strongest_tier() -> None:
    seen = view(job(wishes=(wish(B, Tier.LOW, 5.0), wish(A, Tier.HIGH, 9.0), wish(C, Tier.LOW, 5.0))))
    assert seen.tier is Tier.HIGH
    assert seen.wish == wish(B, Tier.LOW, 5.0)


def test_of_several_results_the_smallest_digest_is_shown_and_the_rest_are_counted() -> None:
    seen = view(job(finished=(finished(A, "b", "late"), finished(B, "a", "first"))))
    assert (seen.take, seen.results) == ("first", 2)


def test_votes_are_one_a_member_and_the_last_counts() -> None:
    seen = view(job(votes=(vote("m", 1, 1), vote("m", -1, 2), vote("n", 1, 1), vote("o", 100, 1))))
    assert seen.votes == 1


def test_failures_are_told_in_the_order_they_happened() -> None:
    seen = view(job(ended=(ended(B, 2, "timed_out"), ended(A, 1), ended(C, 3, "released"))))
    assert [(one.session, one.code) for one in seen.attempts] == [(A, "crashed"), (B, "timed_out")]


def test_a_number_that_is_none_sorts_last_and_a_debt_is_nothing() -> None:
    assert rules.served(wish(vt=float("nan"))) == float("inf")
    assert rules.served(wish(vt=-5.0)) == 0.0
    assert view(job(wishes=(wish(A, vt=float("nan")), wish(B, vt=1.0)))).wish == wish(B, vt=1.0)


# --- ids ----------------------------------------------------------------------------------------------------------


def test_ids_name_recipe_and_generation() -> None:
    key = RecipeKey("ab" * 32)
    assert rules.split(rules.job_id(key, 3)) == (key, 3)
    assert rules.next_generation(rules.job_id(key)) == rules.job_id(key, 1)


@given(st.text())
def test_any_text_splits(text: str) -> None:
    key, generation = rules.split(JobId(text))
    assert generation >= 0
    assert text.startswith(key)
    assert len(rules.rank(JobId(text), A)) == 64


def test_the_newest_generation_that_was_wished_for() -> None:
    seen = [view(replace(job(), job=rules.job_id(RecipeKey("k"), n))) for n in (0, 2, 1)]
    unknown = view(JobFacts(job=rules.job_id(RecipeKey("k"), 7)))
    newest = rules.newest([*seen, unknown])
    assert newest is not None
    assert newest.generation == 2
    assert rules.newest([unknown]) is None


# --- merging ------------------------------------------------------------------------------------------------------


def stronger(before: View, after: View) -> bool:
    """Whether a state may follow another by merging more facts in."""
    if before.state is State.FINISHED:
        return after.state is State.FINISHED
    if before.state is State.CANCELLED:
        return after.state in (State.CANCELLED, State.FINISHED)
    if before.state is State.FAILED:
        return after.state.terminal
    return after.state is not State.UNKNOWN or before.state is State.UNKNOWN


@given(facts.jobs, st.data())
def test_the_view_is_the_same_for_every_order_and_repetition(known: JobFacts, data: st.DataObject) -> None:
    assert repr(view(known)) == repr(view(facts.reordered(data.draw, known, JOB_LISTS)))


@given(facts.jobs, facts.jobs, facts.jobs)
def test_merging_is_commutative_associative_and_idempotent(
    one: JobFacts, other: JobFacts, third: JobFacts
) -> None:
    def met(*parts: JobFacts) -> str:
        whole = parts[0]
        for part in parts[1:]:
            whole = facts.united(whole, part, JOB_LISTS)
        return repr(view(whole))

    assert met(one, other) == met(other, one)
    assert met(facts.united(one, other, JOB_LISTS), third) == met(one, facts.united(other, third, JOB_LISTS))
    assert met(one, one) == met(one)


@given(facts.jobs, facts.jobs)
def test_finished_stays_and_what_was_called_off_never_starts_again(known: JobFacts, more: JobFacts) -> None:
    assert stronger(view(known), view(facts.united(known, more, JOB_LISTS)))


@given(facts.jobs)
def test_an_owner_has_an_open_claim_at_the_top_epoch(known: JobFacts) -> None:
    seen = view(known)
    assert (seen.owner is not None) == (seen.state is State.OWNED)
    if seen.owner is not None:
        top = max(one.epoch for one in known.claims)
        assert (seen.owner, top) in {(one.session, one.epoch) for one in known.claims}
        assert (seen.owner, top) not in {(one.session, one.epoch) for one in known.ended}


@given(facts.jobs.filter(lambda one: bool(one.wishes)))
def test_a_claim_one_above_the_top_takes_the_job_over(known: JobFacts) -> None:
    before = view(known)
    epoch = max(before.epoch, *(one.epoch for one in known.ended), 0) + 1 if known.ended else before.epoch + 1
    after = view(replace(known, claims=(*known.claims, claim(D, epoch))))
    assert after.state is (before.state if before.state.terminal else State.OWNED)
    assert after.owner == (None if before.state.terminal else D)


@given(facts.jobs)
def test_failing_often_enough_ends_it(known: JobFacts) -> None:
    seen = view(known)
    many = len(seen.attempts) >= 5 or len({one.session for one in seen.attempts}) >= 3
    assert (seen.state is State.FAILED) == (
        many and bool(known.wishes) and not known.finished and not known.called
    )


@given(facts.jobs)
def test_a_late_result_is_counted_and_changes_nothing_but_the_smallest_digest(known: JobFacts) -> None:
    late = finished(D, "z", "late")
    more = view(replace(known, finished=(*known.finished, late)))
    if known.finished and known.wishes:
        assert more.take == view(known).take
        assert more.results == len({one.session for one in known.finished} | {D})
