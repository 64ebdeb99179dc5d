"""What workers of this machine are doing, for others to look at: one small file a session, never stored in a document.

Written at most twice a second and gone with the worker; who reads asks `Project.sessions` whether its writer lives.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.place import PRIVATE
from sync.records import JobId, SessionId

if TYPE_CHECKING:
    from app.studio import Studio

FOLDER: Final = "doing"
EVERY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Doing:
    """The job in work: its stage, step `step` of `steps`, and the seconds that are left, where known."""

    job: JobId
    stage: str
    step: int
    steps: int
    eta_s: float | None


class Notice:
    """This session's file; `now` is a monotonic clock."""

    def __init__(self, studio: Studio, now: Callable[[], float]) -> None:
        self._path = _folder(studio) / f"{studio.project.session}.json"
        self._now = now
        self._last = float("-inf")
        self._job: JobId | None = None

    def show(self, doing: Doing) -> None:
        """Say what is being done; often enough is enough, and a full disk is no reason to stop."""
        if doing.job == self._job and self._now() - self._last < EVERY:
            return
        self._last, self._job = self._now(), doing.job
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            fresh = self._path.with_suffix(".tmp")
            fresh.write_text(json.dumps(asdict(doing)), encoding="utf-8")
            os.replace(fresh, self._path)

    def clear(self) -> None:
        """Nothing is being done any more."""
        self._last = float("-inf")
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def seen(studio: Studio, sessions: Mapping[SessionId, bool]) -> dict[JobId, Doing]:
    """The jobs that living workers of this machine are at."""
    found = {}
    folder = _folder(studio)
    for path in folder.glob("*.json") if folder.is_dir() else ():
        if not sessions.get(SessionId(path.stem)):
            continue
        with suppress(OSError, ValueError, TypeError):
            doing = Doing(**json.loads(path.read_text(encoding="utf-8")))
            found[doing.job] = doing
    return found


def _folder(studio: Studio) -> Path:
    return studio.project.folder / PRIVATE / FOLDER
