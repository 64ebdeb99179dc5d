"""Renders of other machines, as they tell of them: how far each is, and how its picture looks so far.

Nothing of it is stored. What a device says it renders is shown only where the job is known, its picture only where it
is a WebP.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.render.doing import Doing
from sync.records import JobId

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.presence import Preview
    from sync.tables import JobRow

Shape = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Render:
    """One job that another machine works on; `picture` is a data URI."""

    doing: Doing
    row: JobRow
    picture: str | None


def renders(studio: Studio) -> Iterator[Render]:
    """What the others render just now."""
    company = studio.company
    if company is None or company.session is None:
        return
    for device in company.session.room:
        seen = company.session.room.of(device)
        at = seen.present.doing if seen is not None and seen.linked else None
        if seen is None or at is None or (row := studio.project.index.find_job(JobId(at.job))) is None:
            continue
        yield Render(Doing(row.id, at.stage, at.step, at.steps, None), row, picture(seen.preview))


def picture(preview: Preview | None) -> str | None:
    """A preview as a data URI; None of what is no WebP."""
    if preview is None or preview.picture[:4] != b"RIFF" or preview.picture[8:12] != b"WEBP":
        return None
    return f"data:image/webp;base64,{base64.b64encode(preview.picture).decode()}"


def seen(studio: Studio) -> dict[JobId, Render]:
    """The same by job."""
    return {one.row.id: one for one in renders(studio)}


@dataclass(slots=True)
class Elsewhere:
    """One look after the other at what the others render."""

    studio: Studio
    _known: dict[JobId, Render] = field(default_factory=dict)

    def look(self) -> tuple[list[Render], set[JobId]]:
        """The renders that moved since the last look, and the jobs that were begun or left."""
        found = seen(self.studio)
        moved = [one for job, one in found.items() if self._known.get(job) != one]
        turned = found.keys() ^ self._known.keys()
        self._known = found
        return moved, set(turned)
