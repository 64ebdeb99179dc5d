"""What is said of jobs, by whoever works on them or calls them off; it is decided under the project's write lock."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.faults import Fault
from sync.project import Edit
from sync.records import AssetId, Called, Ended, JobId, Tier, VersionId
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
    """A claim of ours: the job, the epoch it was claimed at, what it is a wish for.

    It holds from `settled` on, on the worker's monotonic clock: claims made at the same moment have arrived by then.
    """

    job: JobId
    epoch: int
    asset: AssetId
    version: VersionId
    item: int
    tier: Tier
    settled: float = 0.0


def live(studio: Studio, wanted: Collection[JobId] | None = None) -> Iterator[JobRow]:
    """The jobs that have not ended, those to be done first at the top; of `wanted` alone when they are named."""
    offset = 0
    while True:
        rows = studio.project.index.jobs(states=LIVE, limit=PAGE, offset=offset)
        yield from (row for row in rows if wanted is None or row.id in wanted)
        if len(rows) < PAGE:
            return
        offset += PAGE


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
