"""A word on a single job: ask again, reserve it, give it back, vote for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.listing import workers
from app.render.wishes import served
from engine.faults import Conflict, Refused
from sync.project import Edit
from sync.records import Claim, Ended, JobId, Vote, Wish
from sync.rules import jobs as rules
from sync.rules.jobs import RELEASED, State, View

if TYPE_CHECKING:
    from app.studio import Studio


def retry(studio: Studio, job: JobId) -> JobId:
    """Wish for the next generation of a job that failed or was cancelled; raises `Conflict` for any other."""
    vt = served(studio)

    def build(edit: Edit) -> JobId:
        view = rules.view(edit.job(job))
        wish = view.wish
        if wish is None or view.state not in (State.FAILED, State.CANCELLED):
            hint = (
                "its take is there"
                if view.state is State.FINISHED
                else "restrike job why says what it waits for"
            )
            raise Conflict(f"the job is {view.state}", hint)
        again = rules.next_generation(job)
        if not edit.job(again).wishes:
            fresh = Wish(
                job=again,
                session=edit.session,
                asset=wish.asset,
                version=wish.version,
                item=wish.item,
                tier=view.tier,
                vt=vt,
                member=edit.member,
                time=edit.now,
            )
            edit.add(edit.queue_document(again), fresh)
        return again

    return studio.project.commit(build)


def reserve(studio: Studio, job: JobId) -> None:
    """Claim a job for the worker that runs on this machine; raises `Conflict` when none does, or the job is taken."""
    sessions = studio.project.sessions()
    alive = workers(sessions.items(), studio.project.session)
    if not alive:
        raise Conflict("no worker of yours is running here", "start one: restrike worker")

    def build(edit: Edit) -> None:
        view = rules.view(edit.job(job))
        taken = view.state is State.OWNED and sessions.get(view.owner or edit.session, True)
        if view.state.terminal or taken:
            raise Conflict(f"the job is {view.state}", "restrike job show says by whom, or how it ended")
        claim = Claim(job=job, session=alive[-1], epoch=view.epoch + 1, member=edit.member, time=edit.now)
        edit.add(edit.queue_document(job), claim)

    studio.project.commit(build)


def release(studio: Studio, job: JobId) -> None:
    """End the claim on a job; raises `Conflict` when nobody has it, `Refused` when it is another member's."""

    def build(edit: Edit) -> None:
        view = rules.view(edit.job(job))
        if view.state is not State.OWNED or view.owner is None:
            raise Conflict(
                f"the job is {view.state}, nobody has it", "restrike job why says what it waits for"
            )
        [claim] = [
            one for one in edit.job(job).claims if (one.session, one.epoch) == (view.owner, view.epoch)
        ]
        if claim.member != edit.member:
            raise Refused(f"{claim.member} has claimed it", "ask them to release it")
        ended = Ended(job=job, session=view.owner, epoch=view.epoch, code=RELEASED, message="", time=edit.now)
        edit.add(edit.queue_document(job), ended)

    studio.project.commit(build)


def vote(studio: Studio, job: JobId, value: int) -> View:
    """Cast or change this member's vote."""

    def build(edit: Edit) -> View:
        _cast(edit, job, value)
        return rules.view(edit.job(job))

    return studio.project.commit(build)


def vote_all(studio: Studio, jobs: Sequence[JobId], value: int) -> None:
    """Cast or change this member's vote for several jobs at once."""

    def build(edit: Edit) -> None:
        for job in dict.fromkeys(jobs):
            _cast(edit, job, value)

    studio.project.commit(build)


def _cast(edit: Edit, job: JobId, value: int) -> None:
    mine = [one for one in edit.job(job).votes if one.member == edit.member]
    count = max((one.count for one in mine), default=0) + 1
    last = max(mine, key=lambda one: one.count, default=None)
    if last is None or last.value != value:
        cast = Vote(job=job, member=edit.member, value=value, count=count, time=edit.now)
        edit.add(edit.queue_document(job), cast)
