"""Why a job is not running, in sentences with what to do, and whether this worker may claim it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sync.records import SessionId, Tier
from sync.rules.priority import ready_at
from sync.rules.view import Attempt, State, View

AGAIN: Final = "`restrike job retry` asks for it once more"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a job is not running: a stable code, a sentence, and what to do (empty when nothing need be)."""

    code: str
    sentence: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """What one observer knows besides the job's facts; every default is "nothing stands in the way".

    `now` and the values of `seen` are seconds of the observer's own monotonic clock. `session` is the observing worker
    (none for somebody who only looks), `workers` how many are alive, `silent` the sessions that count as gone.
    `inputs`, `models` and `aside` name what is missing or set aside here, `needs` and `has` are bytes of memory,
    `others` whether another capable worker lives, `only` the tier this worker keeps to, `names` words for sessions.
    """

    now: float = 0.0
    session: SessionId | None = None
    seen: Mapping[Attempt, float] = field(default_factory=dict)
    paused: bool = False
    workers: int = 1
    silent: frozenset[SessionId] = frozenset()
    inputs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    needs: int | None = None
    has: int | None = None
    others: bool = False
    only: Tier | None = None
    running: bool = False
    names: Mapping[SessionId, str] = field(default_factory=dict)


def why(view: View, at: Standpoint) -> list[Reason]:
    """Every reason why the job is not running, the deciding one first; one that it may start any moment when none."""
    ended = _ended(view, at)
    if ended is not None:
        return [ended]
    if view.state is State.OWNED and view.owner not in at.silent:
        return [_owned(view, at)]
    found = _blocked(view, at)
    if at.workers <= 0:
        found.append(Reason("no_worker", "no worker is running", "start one with `restrike worker`"))
    return found or [Reason("ready", "nothing stands in its way: it starts when a worker is free", "")]


def may_claim(view: View, at: Standpoint) -> Reason | None:
    """The first reason why `at.session` may not claim the job now; none when it may, at epoch `view.epoch + 1`."""
    ended = _ended(view, at)
    if ended is not None:
        return ended
    if view.state is State.OWNED and view.owner not in at.silent:
        return _owned(view, at)
    return next(iter(_blocked(view, at)), None)


def _ended(view: View, at: Standpoint) -> Reason | None:
    """The reason of a job that will not run in this generation whatever a worker does."""
    if view.state is State.UNKNOWN:
        return Reason("unknown", "nobody has asked for it", "`restrike render` asks for it")
    if view.state is State.FINISHED:
        return Reason("finished", "it is finished: its take is there", "")
    if view.state is State.CANCELLED:
        who = view.called.member if view.called is not None else "somebody"
        return Reason("cancelled", f"it was cancelled by {who}", AGAIN)
    if view.state is State.FAILED:
        said = dict.fromkeys(
            f"{one.code}: {one.message}" if one.message else one.code for one in view.attempts
        )
        times = f"{len(view.attempts)} attempts"
        return Reason(
            "failed", f"it failed in {times} with {'; '.join(said)}", "mend the cause, then " + AGAIN
        )
    return None


def _owned(view: View, at: Standpoint) -> Reason:
    if view.owner == at.session:
        sentence = "this worker is rendering it" if at.running else "this worker has it and starts it next"
        return Reason("mine", sentence, "")
    owner = at.names.get(view.owner, view.owner) if view.owner is not None else ""
    doing = "is rendering it" if at.running else "has it"
    return Reason("owned", f"worker {owner} {doing}", "")


def _blocked(view: View, at: Standpoint) -> list[Reason]:
    """What keeps a job that could run from being claimed here, in the order of what to mend first."""
    found = []
    if at.paused:
        found.append(Reason("paused", "the queue is paused", "`restrike jobs resume` goes on"))
    if at.inputs:
        found.append(
            Reason(
                "inputs",
                f"it waits for {_list(at.inputs)}",
                "they are rendered first; see `job why` of theirs",
            )
        )
    if at.models:
        fix = "`restrike model add FOLDER` or `restrike model fetch NAME`"
        found.append(Reason("model_missing", f"the model {_list(at.models)} is not on this machine", fix))
    return found + _unfit(view, at) + _waiting(view, at)


def _unfit(view: View, at: Standpoint) -> list[Reason]:
    """What about this worker, rather than the job, stands in the way."""
    found = []
    if at.aside:
        sentence = f"this worker failed {AFTER} times with {_list(at.aside)} and leaves that model to others"
        found.append(Reason("set_aside", sentence, "mend the cause, then start the worker again"))
    if at.needs is not None and at.has is not None and at.needs > at.has:
        sentence = f"it needs {_gigabytes(at.needs)} of memory and this machine has {_gigabytes(at.has)}"
        found.append(Reason("memory", sentence, "choose a smaller size, or render it on a larger machine"))
    if at.only is not None and at.only is not view.tier:
        sentence = f"this worker takes jobs of tier {at.only} only, and this is {view.tier}"
        found.append(Reason("tier", sentence, "start a worker without `--only-tier`"))
    return found


def _waiting(view: View, at: Standpoint) -> list[Reason]:
    found = []
    wait = ready_at(view, at.seen) - at.now
    if wait > 0 and not math.isinf(wait):
        code = view.attempts[-1].code if view.attempts else "a failure"
        sentence = (
            f"it tries again in {math.ceil(wait)} s, after {len(view.attempts)} failed (last with {code})"
        )
        found.append(Reason("backing_off", sentence, "wait, or cancel it and ask for it again"))
    if at.others and any(one.session == at.session for one in view.attempts):
        found.append(Reason("failed_here", "it failed on this worker, and another one can still try", ""))
    return found


AFTER: Final = 3


def set_aside(failed: Mapping[str, int]) -> tuple[str, ...]:
    """The models a worker leaves alone, given its failures with each since it was last told to try again."""
    return tuple(sorted(name for name, failures in failed.items() if failures >= AFTER))


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
