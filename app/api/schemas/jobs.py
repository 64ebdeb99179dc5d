"""The queue: jobs, what became of them, and asking for several at once."""

from __future__ import annotations

from typing import Any, Literal

from app.api.schemas.assets import ASSET, KEY, MEMBER
from app.api.schemas.values import Count, Id, JobState, Seconds, Shape, Share, Time, always, maybe, shown
from sync.records import Tier

JOB: dict[str, Any] = {
    "id": f"{KEY}.0",
    "asset": ASSET["id"],
    "asset_name": "MARA",
    "version": 3,
    "version_id": ASSET["version_id"],
    "version_label": "v03",
    "item": 0,
    "tier": "standard",
    "state": "running",
    "owner": "mmr7rsg2wbcozhzeycxz22avzu",
    "votes": 1,
    "generation": 0,
    "progress": 0.45,
    "stage": "rendering",
    "eta_s": 3.2,
    "reason": None,
    "attempts": [],
    "take": None,
}
PENDING = {**JOB, "state": "pending", "owner": None, "progress": None, "stage": None}
_ASKED = {**PENDING, "deduplicated": False}


class Attempt(Shape):
    """One claim of a job that ended without a picture."""

    worker: Id = always("The session of the worker.")
    code: str = always("What went wrong, as a code: released, time_out, out_of_memory, crashed …")
    message: str = always("What went wrong, in words.")
    time: Time = always("When it ended, RFC 3339 in UTC.")


class Job(Shape):
    """The wish that a version be rendered."""

    model_config = shown(JOB)

    id: Id = always("The recipe key it renders, a point, and its generation.")
    asset: Id = always("The asset's id.")
    asset_name: str = always("The asset's name.")
    version: int = always("The version's number; 0 where that version is not known here yet.", ge=0)
    version_id: Id = always("The version's id.")
    version_label: str = always("The version as people see it; empty where it is not known here yet.")
    item: int = always("Which picture of a count: item k has a seed derived from the version's and k.", ge=0)
    tier: Tier = always("How good and how urgent: the strongest that was asked for.")
    state: JobState = always("Where it is.")
    owner: Id | None = always("The session that has claimed it.")
    votes: int = always("The sum of all members' votes.")
    generation: int = always("How often it was asked for again after it ended.", ge=0)
    progress: Share | None = always("How far it is, 0 to 1; null before it starts.")
    stage: str | None = always("What the worker is at: loading model, rendering, saving.")
    eta_s: Seconds | None = always("Seconds of rendering that remain, estimated; null where unknown.")
    reason: str | None = always("Why it ended without a picture, or what failed last.")
    attempts: list[Attempt] = always("The claims that ended without a picture, the oldest first.")
    take: Id | None = always("The take that it made; null until then.")
    preview: str = maybe(
        "While it is rendered, here or elsewhere: how it looks so far, a data URI of a WebP."
    )


class JobChanged(Job):
    """A job after something was done to it."""

    model_config = shown({**PENDING, "message": "Asked for again."})

    message: str = always("What was done, in a sentence.")


class JobCancelled(JobChanged):
    """A job that was called off, or would be."""

    model_config = shown(
        {**PENDING, "state": "cancelled", "reason": f"called off by {MEMBER}", "dry_run": False}
        | {"message": "Called off."}
    )

    dry_run: bool = always("Whether nothing was changed.")


class JobAsked(Job):
    """A job that was asked for."""

    model_config = shown(_ASKED)

    deduplicated: bool = always("Whether its take, or a live job for it, was there already.")


class Jobs(Shape):
    """The queue, what comes next at the top."""

    model_config = shown({"jobs": [JOB], "paused": False, "total": 1})

    jobs: list[Job] = always("The jobs of this page.")
    paused: bool = always("Whether workers start nothing new.")
    message: str = maybe("That the queue is paused, in a sentence.")
    total: Count = always("How many there are on all pages together.")


class Queued(Shape):
    """The jobs that were asked for, or would be: what feeds an asset comes before it."""

    model_config = shown({"jobs": [_ASKED]})

    jobs: list[JobAsked] = always("One for each picture.")
    message: str = maybe("What was, or would be, asked for, in a sentence.")
    dry_run: Literal[True] = maybe("That nothing was asked for.")
    versions: Count = maybe("Of a dry run: how many versions would be saved.")
    seconds: list[Seconds] | None = maybe(
        "Of a dry run: how many seconds rendering takes, at least, likely and at most; null where unknown.",
        min_length=3,
        max_length=3,
    )


class QueuePaused(Shape):
    """Whether workers start anything new."""

    model_config = shown({"paused": True, "message": "Paused: workers finish what they are at."})

    paused: bool = always("Whether the queue is paused.")
    message: str = always("What that means, in a sentence.")


class Reason(Shape):
    """One reason why a job is not being rendered."""

    code: str = always("The reason as a code: ready, no_worker, paused, inputs, model_missing, memory …")
    sentence: str = always("The reason in words.")
    fix: str = always("What would help; empty where nothing is needed.")


class JobWhy(Shape):
    """Why a job is where it is, the deciding reason first."""

    model_config = shown(
        {
            "job": JOB["id"],
            "state": "pending",
            "reasons": [
                {
                    "code": "no_worker",
                    "sentence": "no worker is running",
                    "fix": "start one with `restrike worker`",
                }
            ],
        }
    )

    job: Id = always("The job's id.")
    state: JobState = always("Where it is.")
    reasons: list[Reason] = always("The reasons.", min_length=1)


class WorkDone(Shape):
    """A job that a worker ended with a picture."""

    job: Id = always("The job's id.")
    asset: Id = always("The asset's id.")
    name: str = always("What was rendered, in words.")
    message: str = always("What there is to say about it.")
    takes: list[Id] = always("The takes that it made.")


class WorkFailed(Shape):
    """A job that a worker could not render."""

    job: Id = always("The job's id.")
    asset: Id = always("The asset's id.")
    name: str = always("What was to be rendered, in words.")
    message: str = always("What went wrong.")


class WorkAside(Shape):
    """A job that a worker leaves to others."""

    job: Id = always("The job's id.")
    code: str = always("Why, as a code.")
    message: str = always("Why, in words.")
    hint: str = always("What would help.")


class Work(Shape):
    """What a worker did."""

    model_config = shown(
        {
            "finished": [
                {
                    "job": JOB["id"],
                    "asset": ASSET["id"],
                    "name": "MARA v03",
                    "message": "",
                    "takes": ["p7fui3jlnv6vbyhlkfcb42fkfu"],
                }
            ],
            "failed": [],
            "aside": [],
            "stopped": False,
            "message": "1 picture rendered.",
        }
    )

    finished: list[WorkDone] = always("The jobs that have a picture now.")
    failed: list[WorkFailed] = always("The jobs that failed.")
    aside: list[WorkAside] = always("The jobs that it left to others.")
    stopped: bool = always("Whether it was told to end before it was done.")
    message: str = always("What was done, in a sentence.")


class SubmittedJobs(Shape):
    """The jobs that were asked for, or would be: what feeds an asset comes before it."""

    model_config = shown({"jobs": [_ASKED], "message": "1 asked for, 0 there or asked for already."})

    jobs: list[JobAsked] = always("One for each picture.")
    message: str = always("What was, or would be, asked for, in a sentence.")
    dry_run: Literal[True] = maybe("That nothing was asked for.")
    versions: Count = maybe("Of a dry run: how many versions would be saved.")
    seconds: list[Seconds] | None = maybe(
        "Of a dry run: how many seconds rendering takes, at least, likely and at most; null where unknown.",
        min_length=3,
        max_length=3,
    )


class CancelledJobs(Shape):
    """The jobs that were called off, or would be."""

    model_config = shown(
        {
            "jobs": [{**PENDING, "state": "cancelled", "reason": f"called off by {MEMBER}"}],
            "dry_run": False,
        }
    )

    jobs: list[Job] = always("The jobs as they are now.")
    dry_run: bool = always("Whether nothing was called off.")
