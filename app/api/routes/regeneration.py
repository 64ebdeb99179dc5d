"""The queue as the outside contract fixes it: ask for pictures, look, call off, vote, ask again."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from app import finding, orders, reasons, requests
from app.api.bodies import LONGEST_LIST, PAGE
from app.api.desk import Desk
from app.api.reply import reply, sparse
from app.api.returns import PREFIX
from app.api.routes.commands import FIELDS
from app.api.schemas import CancelledJobs, Job, Jobs, SubmittedJobs
from app.api.schemas.values import JobState
from app.listing import Listing
from app.render import queue
from engine.faults import BadField, Conflict
from sync.records import JobId, Tier

PATH: Final = "/regeneration/jobs"
LIVE: Final = ("pending", "owned")
AT_A_TIME: Final = 100
"""How many jobs are called off in one commit."""
MOST_AT_ONCE: Final = 10_000
"""How many pictures one request may ask for."""
_PROJECT: Final = "The project's id, where several are open."
_JOB: Final = "The job: its id or the beginning of it."
ProjectQuery = Annotated[str | None, Query(description=_PROJECT, max_length=200)]
JobPath = Annotated[str, Path(description=_JOB, max_length=200)]


class Priority(StrEnum):
    """How urgent a job is to whoever asks: their vote for it."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


VOTES: Final = {Priority.HIGH: 1, Priority.NORMAL: 0, Priority.LOW: -1}


class SubmitJobs(BaseModel):
    """Assets to render."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"assets": ["SH010", "SH020"], "quality": "low", "priority": "high", "count": 1}]
        },
    )
    assets: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        min_length=1, max_length=LONGEST_LIST, description="The assets, by id or name."
    )
    quality: Tier | None = Field(
        default=None,
        description="The tier; otherwise as each version says. Another one is saved as a new version.",
    )
    priority: Priority = Field(
        default=Priority.NORMAL, description="Your vote for these jobs: they come earlier or later."
    )
    count: int = Field(
        default=1, ge=1, le=1000, description="How many takes of each, each with a seed of its own."
    )


class CastVote(BaseModel):
    """A vote for a job."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"vote": 1}]})
    vote: Literal[-1, 0, 1] = Field(
        description="1 sooner, -1 later, 0 no opinion; the newest vote of a member counts."
    )


StateQuery = Annotated[
    list[JobState], Query(description="Only jobs in these states.", max_length=len(JobState))
]
AssetQuery = Annotated[str | None, Query(description="Only jobs of this asset.", max_length=200)]
LimitQuery = Annotated[int, Query(ge=0, le=LONGEST_LIST, description="At most so many.")]
OffsetQuery = Annotated[int, Query(ge=0, le=2**31, description="Leave out so many first.")]
FieldsQuery = Annotated[str | None, Query(description=FIELDS, max_length=500)]


def router(desk: Desk) -> APIRouter:
    """All of `/regeneration/jobs`."""
    made = APIRouter(tags=["regeneration"])
    _add_submit(desk, made)
    _add_many(desk, made)
    _add_one(desk, made)
    return made


async def submit(
    desk: Desk, wanted: SubmitJobs, project: str | None, *, dry_run: bool = False
) -> dict[str, Any]:
    """Ask for pictures of assets; what is there or asked for already is not asked for twice."""
    studio = desk.studio(project)
    if len(wanted.assets) * wanted.count > MOST_AT_ONCE:
        raise BadField("count", wanted.count, f"with assets up to {MOST_AT_ONCE:,} pictures at once")
    selected = list(dict.fromkeys(finding.asset(studio, one).id for one in wanted.assets))
    if dry_run:
        return requests.preview(studio, selected, wanted.quality, wanted.count)
    asked = requests.request(studio, selected, wanted.quality, wanted.count)
    if VOTES[wanted.priority]:
        fresh = [one.job for one in asked if one.take is None]
        orders.vote_all(studio, fresh, VOTES[wanted.priority])
    answer = requests.answer(studio, asked)
    fresh = [one for one in answer["jobs"] if not one["deduplicated"]]
    words = f"{len(fresh)} asked for, {len(answer['jobs']) - len(fresh)} there or asked for already."
    return {**answer, "message": words}


def _add_submit(desk: Desk, made: APIRouter) -> None:
    @made.post(
        PATH,
        operation_id="submit_jobs",
        summary="Ask for pictures of assets.",
        status_code=202,
        responses={202: {"model": SubmittedJobs}},
    )
    async def post(
        request: Request,
        body: SubmitJobs,
        project: ProjectQuery = None,
        dry_run: Annotated[bool, Query(description="Only say what would be asked for.")] = False,
    ) -> Response:
        """Inputs without a take come first. A recipe that has a take, or a live job, is not rendered twice."""
        return reply(request, await submit(desk, body, project, dry_run=dry_run), status=202, paths=False)


def _add_many(desk: Desk, made: APIRouter) -> None:
    @made.get(
        PATH,
        operation_id="list_jobs",
        summary="List jobs, what comes next at the top.",
        responses={200: {"model": Jobs}},
    )
    async def get(
        request: Request,
        project: ProjectQuery = None,
        state: StateQuery = [],  # noqa: B006
        asset: AssetQuery = None,
        limit: LimitQuery = PAGE,
        offset: OffsetQuery = 0,
        fields: FieldsQuery = None,
    ) -> Response:
        """All jobs, or those in certain states or of one asset."""
        studio = desk.studio(project)
        chosen: dict[str, Any] = {"asset": None if asset is None else finding.asset(studio, asset).id}
        chosen["states"] = _stored(state) if state else None
        rows = studio.project.index.jobs(**chosen, limit=limit, offset=offset)
        listing = Listing(studio)
        found = [listing.job(row.id) for row in rows]
        value = {
            "jobs": [one for one in found if not state or one["state"] in state],
            "total": studio.project.index.job_count(**chosen),
            "paused": bool(studio.project.setting("paused", False)),
        }
        return reply(request, sparse(value, fields, "jobs"), paths=False)

    @made.delete(
        PATH,
        operation_id="cancel_jobs",
        summary="Call off all jobs that have not ended, or those of one asset.",
        responses={200: {"model": CancelledJobs}},
    )
    async def delete(
        request: Request,
        project: ProjectQuery = None,
        asset: AssetQuery = None,
        dry_run: Annotated[bool, Query(description="Only say which would be called off.")] = False,
    ) -> Response:
        """Results that are there already stand."""
        studio = desk.studio(project)
        wanted = None if asset is None else finding.asset(studio, asset).id
        rows = studio.project.index.jobs(states=LIVE, asset=wanted)
        for at in () if dry_run else range(0, len(rows), AT_A_TIME):
            queue.call_off_all(studio, [row.id for row in rows[at : at + AT_A_TIME]])
            await asyncio.sleep(0)  # others have a turn
        listing, found = Listing(studio), []
        for number, row in enumerate(rows):
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
            found.append(listing.job(row.id))
        return reply(request, {"jobs": found, "dry_run": dry_run}, paths=False)


def _add_one(desk: Desk, made: APIRouter) -> None:
    path = f"{PATH}/{{job}}"

    def one(project: str | None, job: str) -> dict[str, Any]:
        if job.startswith(PREFIX):
            return desk.returns.shape(desk.returns.find(job))
        studio = desk.studio(project)
        return reasons.shown(studio, finding.job(studio, job))

    def queued(project: str | None, job: str) -> JobId:
        if job.startswith(PREFIX):
            desk.returns.find(job)
            raise Conflict("it brings a picture back, and is no job of the queue", "wait until it is there")
        return finding.job(desk.studio(project), job)

    @made.get(path, operation_id="get_job", summary="Look at one job.", responses={200: {"model": Job}})
    async def get(request: Request, job: JobPath, project: ProjectQuery = None) -> Response:
        """Its state, progress, attempts, what it waits for; also that of a picture on its way back."""
        return reply(request, one(project, job))

    @made.delete(
        path, operation_id="cancel_job", summary="Call one job off.", responses={200: {"model": Job}}
    )
    async def delete(
        request: Request,
        job: JobPath,
        project: ProjectQuery = None,
        dry_run: Annotated[bool, Query(description="Only say which would be called off.")] = False,
    ) -> Response:
        """A worker that renders it stops within one step. A result that is already there stands."""
        found = queued(project, job)
        if not dry_run:
            queue.call_off(desk.studio(project), found)
        return reply(request, one(project, found))

    @made.post(
        path + "/vote",
        operation_id="vote_for_job",
        summary="Vote for a job to come earlier or later.",
        responses={200: {"model": Job}},
    )
    async def vote(request: Request, job: JobPath, body: CastVote, project: ProjectQuery = None) -> Response:
        """Your newest vote counts."""
        found = queued(project, job)
        orders.vote(desk.studio(project), found, body.vote)
        return reply(request, one(project, found))

    @made.post(
        path + "/retry",
        operation_id="retry_job",
        summary="Ask again for a job that failed or was called off.",
        responses={200: {"model": Job}},
    )
    async def retry(request: Request, job: JobPath, project: ProjectQuery = None) -> Response:
        """The attempts so far no longer count."""
        return reply(request, one(project, orders.retry(desk.studio(project), queued(project, job))))


def _stored(states: list[JobState]) -> list[str]:
    """The states as the index knows them: running is what a worker of this machine does with an owned job."""
    return list(dict.fromkeys("owned" if one is JobState.RUNNING else str(one) for one in states))
