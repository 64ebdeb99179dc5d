"""What a job's facts add up to: its state, its owner, its tier. Liveness is no input, so every peer sees the same.

First match wins: no wish → unknown · a result → finished · called off → cancelled · 5 failures, or failures of 3
different workers → failed · among the claims at the highest epoch that their session has not ended: none → pending,
else owned by the smallest `hash(job, session)`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from engine.recipe import RecipeKey
from sync.records import (
    Called,
    Claim,
    Ended,
    Finished,
    JobFacts,
    JobId,
    MemberId,
    SessionId,
    TakeId,
    Tier,
    Vote,
    Wish,
)
from sync.rules.union import unique

RELEASED: Final = "released"
"""The `Ended.code` of a claim that was given up without a failure."""
MOST_FAILURES: Final = 5
MOST_WORKERS: Final = 3


class State(StrEnum):
    """Where a job is; `running` is not among them, for only the owner's heartbeat knows."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    OWNED = "owned"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        """Whether nothing runs any more in this generation."""
        return self in (State.FINISHED, State.CANCELLED, State.FAILED)


class Attempt(NamedTuple):
    """One failure: hashable, so that an observer can note when it first saw it."""

    job: JobId
    session: SessionId
    epoch: int
    code: str
    message: str
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One job as everybody with the same facts sees it.

    `wish` is the one with the smallest `vt` and session, `tier` the strongest asked for, `epoch` the highest claimed
    (0 when none), `attempts` the failures by epoch, `votes` the sum over members, `asked` the members who wish it,
    `results` how many sessions have a result: all but one were superseded and changed nothing.
    """

    job: JobId
    state: State
    owner: SessionId | None
    epoch: int
    tier: Tier
    generation: int
    wish: Wish | None
    attempts: tuple[Attempt, ...]
    votes: int
    take: TakeId | None
    finished: Finished | None = None
    called: Called | None = None
    asked: tuple[MemberId, ...] = ()
    results: int = 0


def job_id(recipe: RecipeKey, generation: int = 0) -> JobId:
    """The id of the wish for `recipe`; a job that ended runs again only as the next generation."""
    return JobId(f"{recipe}.{generation}")


def split(job: JobId) -> tuple[RecipeKey, int]:
    """The recipe key and generation in a job's id; an id of another form counts as generation 0 of itself."""
    recipe, dot, generation = job.rpartition(".")
    if dot and generation.isascii() and generation.isdecimal() and len(generation) < 10:
        return RecipeKey(recipe), int(generation)
    return RecipeKey(job), 0


def next_generation(job: JobId) -> JobId:
    """The id under which a job that finished, failed or was cancelled is asked for again, on purpose."""
    recipe, generation = split(job)
    return job_id(recipe, generation + 1)


def newest(views: Iterable[View]) -> View | None:
    """Of one recipe's jobs the one of the latest generation that anybody wished for."""
    wished = (one for one in views if one.state is not State.UNKNOWN)
    return max(wished, key=lambda one: (one.generation, one.job), default=None)


def rank(job: JobId, session: SessionId) -> str:
    """What decides between claims of one epoch: the SHA-256 of job, zero byte and session; the smallest owns."""
    return hashlib.sha256(f"{job}\0{session}".encode("utf-8", "surrogatepass")).hexdigest()


def view(facts: JobFacts) -> View:
    """What the facts of one job add up to; the same for every order and for every repetition of the facts."""
    wish = min(facts.wishes, key=_first_wish, default=None)
    result = min(facts.finished, key=_first_result, default=None)
    called = min(facts.called, key=_first_call, default=None)
    attempts = _attempts(facts.ended)
    epoch, owner = _owner(facts)
    state = _state(wish, result, called, attempts, owner)
    return View(
        job=facts.job,
        state=state,
        owner=owner if state is State.OWNED else None,
        epoch=epoch,
        tier=max((one.tier for one in facts.wishes), key=lambda one: one.rank, default=Tier.STANDARD),
        generation=split(facts.job)[1],
        wish=wish,
        attempts=attempts,
        votes=_votes(facts.votes),
        take=result.take if result is not None and wish is not None else None,
        finished=result,
        called=called,
        results=len({one.session for one in facts.finished}),
        asked=tuple(sorted({one.member for one in facts.wishes})),
    )


def _state(
    wish: Wish | None,
    result: Finished | None,
    called: Called | None,
    attempts: tuple[Attempt, ...],
    owner: SessionId | None,
) -> State:
    if wish is None:
        return State.UNKNOWN
    if result is not None:
        return State.FINISHED
    if called is not None:
        return State.CANCELLED
    if len(attempts) >= MOST_FAILURES or len({one.session for one in attempts}) >= MOST_WORKERS:
        return State.FAILED
    return State.PENDING if owner is None else State.OWNED


def served(wish: Wish) -> float:
    """A wish's `vt` as a number to sort by: what is no number counts as infinitely much, less than nothing as 0."""
    return math.inf if math.isnan(wish.vt) else max(0.0, wish.vt)


def _first_wish(wish: Wish) -> tuple[float, str, str]:
    return served(wish), wish.session, repr(wish)


def _first_result(result: Finished) -> tuple[str, str]:
    return result.sha256, repr(result)


def _first_call(called: Called) -> tuple[str, str]:
    return called.time, repr(called)


def _attempts(ended: Iterable[Ended]) -> tuple[Attempt, ...]:
    failed = unique((one for one in ended if one.code != RELEASED), lambda one: (one.session, one.epoch))
    found = (
        Attempt(one.job, one.session, one.epoch, one.code, one.message, one.time) for one in failed.values()
    )
    return tuple(sorted(found, key=lambda one: (one.epoch, one.session)))


def _owner(facts: JobFacts) -> tuple[int, SessionId | None]:
    claims: list[Claim] = list(facts.claims)
    top = max((one.epoch for one in claims), default=0)
    over = {(one.session, one.epoch) for one in facts.ended}
    standing = {one.session for one in claims if one.epoch == top} - {s for s, epoch in over if epoch == top}
    return top, min(standing, key=lambda session: rank(facts.job, session), default=None)


def _votes(votes: Iterable[Vote]) -> int:
    last: dict[MemberId, tuple[int, str, int]] = {}
    for one in votes:
        cast = (one.count, one.time, max(-1, min(1, one.value)))
        last[one.member] = max(last.get(one.member, cast), cast)
    return sum(value for _, _, value in last.values())
