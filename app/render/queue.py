"""Picking jobs and saying what became of them; every word is decided under the project's write lock."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.render.observer import Observer
from engine.faults import BadField, Damaged, Fault, NotFound
from sync.project import Edit
from sync.records import AssetId, Called, Claim, Ended, JobId, Tier, VersionId
from sync.rules import jobs
from sync.rules.jobs import RELEASED, State, View

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.tables import JobRow

PAGE: Final = 200
LIVE: Final = (str(State.PENDING), str(State.OWNED))
LONGEST_MESSAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Held:
    """A claim of ours: the job, the epoch it was claimed at, what it is a wish for."""

    job: JobId
    epoch: int
    asset: AssetId
    version: VersionId
    item: int
    tier: Tier


def live(studio: Studio, wanted: Collection[JobId] | None = None) -> Iterator[JobRow]:
    """The jobs that have not ended, those to be done first at the top; of `wanted` alone when they are named."""
    offset = 0
    while True:
        rows = studio.project.index.jobs(states=LIVE, limit=PAGE, offset=offset)
        yield from (row for row in rows if wanted is None or row.id in wanted)
        if len(rows) < PAGE:
            return
        offset += PAGE


def claim_next(
    studio: Studio, observer: Observer, held: Collection[JobId], wanted: Collection[JobId] | None = None
) -> Held | None:
    """Claim the first job that this worker may do now; None when there is none."""
    studio.project.poll()
    observer.look()
    for row in live(studio, wanted):
        if row.id in held or row.id in observer.aside or _blocked(row, observer):
            continue
        if not _free(jobs.view(studio.project.job(row.id)), observer):
            continue
        claimed = studio.project.commit(lambda edit, job=row.id: _claim(edit, observer, job))  # type: ignore[misc]
        if claimed is not None:
            return claimed
    return None


def _blocked(row: JobRow, observer: Observer) -> bool:
    """Whether a job has to wait for its inputs; one that cannot be read at all is set aside, and the others go on."""
    try:
        return observer.blocked(row)
    except (BadField, NotFound, ValueError) as error:
        observer.aside[row.id] = Damaged(
            f"the wish for job {row.id[:12]} cannot be read: {error}", "restrike verify"
        )
        return True


def _free(view: View, observer: Observer) -> bool:
    """Whether the worker may claim the job, or owns it already by somebody's word (`job claim`)."""
    reason = jobs.may_claim(view, observer.standpoint(view))
    return reason is None or reason.code == "mine"


def _claim(edit: Edit, observer: Observer, job: JobId) -> Held | None:
    view = jobs.view(edit.job(job))
    wish = view.wish
    if wish is None or not _free(view, observer):
        return None
    mine = view.owner == edit.session
    epoch = view.epoch if mine else view.epoch + 1
    if not mine:
        claim = Claim(job=job, session=edit.session, epoch=epoch, member=edit.member, time=edit.now)
        edit.add(edit.queue_document(job), claim)
    return Held(job, epoch, wish.asset, wish.version, wish.item, view.tier)


def end(studio: Studio, job: JobId, epoch: int, fault: Fault | None) -> View:
    """Say that a claim of ours ended without a result: with what failed, or `released` when nothing did."""
    code = RELEASED if fault is None else fault.code
    message = "" if fault is None else fault.message[:LONGEST_MESSAGE]

    def build(edit: Edit) -> View:
        view = jobs.view(edit.job(job))
        if view.owner == edit.session and view.epoch == epoch:
            ended = Ended(
                job=job, session=edit.session, epoch=epoch, code=code, message=message, time=edit.now
            )
            edit.add(edit.queue_document(job), ended)
        return jobs.view(edit.job(job))

    return studio.project.commit(build)


def call_off(studio: Studio, job: JobId) -> View:
    """Cancel a job in this generation; one that ended already stays as it is."""

    def build(edit: Edit) -> View:
        _call_off(edit, job)
        return jobs.view(edit.job(job))

    return studio.project.commit(build)


def call_off_all(studio: Studio, wanted: Collection[JobId]) -> None:
    """Cancel several jobs in one commit."""

    def build(edit: Edit) -> None:
        for job in wanted:
            _call_off(edit, job)

    studio.project.commit(build)


def _call_off(edit: Edit, job: JobId) -> None:
    if not jobs.view(edit.job(job)).state.terminal:
        called = Called(job=job, session=edit.session, member=edit.member, time=edit.now)
        edit.add(edit.queue_document(job), called)


def still_mine(studio: Studio, job: JobId, epoch: int) -> bool:
    """Whether our claim stands: not called off, not finished by another, not given back or taken over."""
    view = jobs.view(studio.project.job(job))
    return view.state is State.OWNED and view.owner == studio.project.session and view.epoch == epoch
