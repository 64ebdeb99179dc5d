"""Which job a worker claims next: the first that it may do when it is alone, else what falls to it in the plan.

What may be claimed is said by `sync.rules.jobs`, who had better do it by `sync.farm`; the claim itself is decided under
the project's write lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from app.render import queue, rates
from app.render.observer import Observer
from app.render.queue import Held
from engine.faults import BadField, Damaged, NotFound
from sync.farm.hands import Hand, Load, short
from sync.farm.plan import horizon
from sync.project import Edit
from sync.records import Claim, JobId, SessionId
from sync.rules import jobs
from sync.rules.jobs import State, View

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.tables import JobRow

MOST_RUNNING: Final = 50
"""Jobs of others that are looked at for a straggler."""


def claim_next(
    studio: Studio,
    observer: Observer,
    held: Collection[JobId],
    wanted: Collection[JobId] | None = None,
    me: Hand | None = None,
    *,
    idle: bool = False,
) -> Held | None:
    """Claim the job that this worker does next; None when there is none for it now.

    `me` is the worker as the others see it; one that is `idle` and finds nothing to do may help out a straggler.
    """
    studio.project.poll()
    observer.look()
    roster = observer.roster
    if roster is not None and roster.gathering:
        return None
    rows = (row for row in queue.live(studio, wanted) if row.id not in held and row.id not in observer.aside)
    if roster is None or me is None or roster.alone:
        return next(
            filter(None, (_claim(studio, observer, load) for load in _free(studio, observer, rows))), None
        )
    return _planned(studio, observer, rows, me, idle=idle)


def _planned(
    studio: Studio, observer: Observer, rows: Iterator[JobRow], me: Hand, *, idle: bool
) -> Held | None:
    """The job that falls to this worker in the plan, claimed."""
    assert observer.roster is not None
    claimer, now = observer.roster.claimer, observer.now()
    most = horizon([me, *claimer.others(now)], me)
    found: list[Load] = []
    for load in _free(studio, observer, rows):
        if load.owner == me.session:
            return _claim(studio, observer, load)
        found.append(load)
        if len(found) == most:
            break
    chosen = claimer.choose(found, me, now)
    if chosen is None and not found and idle:
        chosen = claimer.hedge(list(_running(studio, observer, me.session)), me, now)
    return None if chosen is None else _claim(studio, observer, chosen)


def _free(studio: Studio, observer: Observer, rows: Iterator[JobRow]) -> Iterator[Load]:
    """The jobs that this worker may claim, or has already by somebody's word (`job claim`), in their order."""
    for row in rows:
        if _blocked(row, observer):
            continue
        view = jobs.view(studio.project.job(row.id))
        if _may(view, observer):
            yield _load(row, view, observer)


def _load(row: JobRow, view: View, observer: Observer) -> Load:
    version = observer.version(row)
    assert version is not None
    recipe = observer.recipe(version, row.item)
    return Load(
        job=row.id,
        model=short(recipe.model or ""),
        units=rates.units(recipe),
        tier=view.tier,
        key=row.key,
        failed=frozenset(one.session for one in view.attempts),
        owner=view.owner,
    )


def _running(studio: Studio, observer: Observer, own: SessionId) -> Iterator[tuple[Load, SessionId]]:
    """The jobs that others are at and that nobody has helped out with, each with its owner."""
    for row in studio.project.index.jobs(states=(str(State.OWNED),), limit=MOST_RUNNING):
        if row.id in observer.aside or _blocked(row, observer):
            continue
        facts = studio.project.job(row.id)
        view = jobs.view(facts)
        ended = {one.epoch for one in facts.ended}
        if view.owner is not None and view.owner != own and view.epoch == 1 + len(ended):
            yield _load(row, view, observer), view.owner


def _blocked(row: JobRow, observer: Observer) -> bool:
    """Whether a job has to wait for its inputs; one that cannot be read at all is set aside, and the others go on."""
    try:
        return observer.blocked(row)
    except (BadField, NotFound, ValueError) as error:
        observer.aside[row.id] = Damaged(
            f"the wish for job {row.id[:12]} cannot be read: {error}", "restrike verify"
        )
        return True


def _may(view: View, observer: Observer) -> bool:
    reason = jobs.may_claim(view, observer.standpoint(view))
    return reason is None or reason.code == "mine"


def _claim(studio: Studio, observer: Observer, load: Load) -> Held | None:
    """Claim a job, unless its owner is another one by now than when it was chosen."""

    def build(edit: Edit) -> Held | None:
        view = jobs.view(edit.job(load.job))
        wish = view.wish
        mine = view.owner == edit.session
        if wish is None or view.state.terminal or (not mine and view.owner != load.owner):
            return None
        if load.owner is None and not _may(view, observer):
            return None
        epoch = view.epoch if mine else view.epoch + 1
        if not mine:
            claim = Claim(job=load.job, session=edit.session, epoch=epoch, member=edit.member, time=edit.now)
            edit.add(edit.queue_document(load.job), claim)
        settle = 0.0 if mine or observer.roster is None else observer.roster.claimer.settle()
        return Held(load.job, epoch, wish.asset, wish.version, wish.item, view.tier, observer.now() + settle)

    return studio.project.commit(build)
