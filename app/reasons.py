"""Why a job is not being rendered, as front ends show it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.listing import Listing, workers
from sync.records import JobId
from sync.rules import jobs as rules

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.rules.jobs import View
    from sync.rules.reasons import Reason

Shape = dict[str, Any]


def shown(studio: Studio, job: JobId) -> Shape:
    """A job with the reason that it waits for, where it does."""
    shape = Listing(studio).job(job)
    if shape["state"] == "pending" and shape["reason"] is None:
        [first, *_] = of(studio, rules.view(studio.project.job(job)))
        return {**shape, "reason": first.sentence}
    return shape


def of(studio: Studio, view: View) -> list[Reason]:
    """Why a job is not being rendered, the deciding reason first."""
    from app.render.observer import Observer

    alive = workers(studio.project.sessions().items(), studio.project.session)
    count = len(alive) + (studio.resident is not None)
    at = replace(Observer(studio, lambda: 0.0).standpoint(view), workers=count, session=None)
    return list(rules.why(view, at))


def why_not(studio: Studio, job: JobId) -> str:
    """Why a job has not ended, in a sentence, with what would help."""
    from app.render.observer import Observer

    view = rules.view(studio.project.job(job))
    [reason, *_] = rules.why(view, Observer(studio, lambda: 0.0).standpoint(view))
    return reason.sentence + (f" ({reason.fix})" if reason.fix else "")
