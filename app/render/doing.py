"""What workers of this machine are doing, for others to look at: small files of a session, never stored in a document.

A session's `.json` is written at most five times a second, its preview `.webp` at most once; both are gone with the
worker. Who reads asks `Project.sessions` whether the writer lives.
"""

from __future__ import annotations

import base64
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
EVERY: Final = 0.2
PREVIEW_EVERY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Doing:
    """The job in work: its stage, step `step` of `steps`, and the seconds that are left, where known."""

    job: JobId
    stage: str
    step: int
    steps: int
    eta_s: float | None


class Notice:
    """This session's files; `now` is a monotonic clock."""

    def __init__(self, studio: Studio, now: Callable[[], float]) -> None:
        self._path = folder(studio) / f"{studio.project.session}.json"
        self._now = now
        self._last = float("-inf")
        self._last_preview = float("-inf")
        self._job: JobId | None = None

    def show(self, doing: Doing, preview: bytes | None = None) -> None:
        """Say what is being done; often enough is enough, and a full disk is no reason to stop.

        `preview` is how the picture looks so far, as WebP.
        """
        if doing.job != self._job:
            self._forget_preview()
        if preview is not None and self._now() - self._last_preview >= PREVIEW_EVERY:
            self._last_preview = self._now()
            self._write(self._path.with_suffix(".webp"), preview)
        if doing.job == self._job and self._now() - self._last < EVERY:
            return
        self._last, self._job = self._now(), doing.job
        self._write(self._path, json.dumps(asdict(doing)).encode())

    def clear(self) -> None:
        """Nothing is being done any more."""
        self._last = float("-inf")
        self._forget_preview()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _forget_preview(self) -> None:
        """A preview is never shown for another job than its own."""
        self._last_preview = float("-inf")
        with suppress(OSError):
            self._path.with_suffix(".webp").unlink(missing_ok=True)

    def _write(self, target: Path, data: bytes) -> None:
        with suppress(OSError):
            target.parent.mkdir(exist_ok=True)
            fresh = target.with_name(f"{target.name}.tmp")
            fresh.write_bytes(data)
            os.replace(fresh, target)


def seen(studio: Studio, sessions: Mapping[SessionId, bool]) -> dict[JobId, Doing]:
    """The jobs that living workers of this machine are at."""
    found = {}
    here = folder(studio)
    for path in here.glob("*.json") if here.is_dir() else ():
        if sessions.get(SessionId(path.stem)) and (doing := read(path)) is not None:
            found[doing.job] = doing
    return found


def preview(studio: Studio, sessions: Mapping[SessionId, bool], job: JobId) -> str | None:
    """How the picture looks so far that a worker of this machine draws, as a data URI."""
    here = folder(studio)
    for path in here.glob("*.json") if here.is_dir() else ():
        if sessions.get(SessionId(path.stem)) and (doing := read(path)) is not None and doing.job == job:
            with suppress(OSError):
                data = path.with_suffix(".webp").read_bytes()
                return f"data:image/webp;base64,{base64.b64encode(data).decode()}"
    return None


def read(path: Path) -> Doing | None:
    """What a session's file says; None when it is gone or half-written by something else."""
    with suppress(OSError, ValueError, TypeError):
        return Doing(**json.loads(path.read_text(encoding="utf-8")))
    return None


def folder(studio: Studio) -> Path:
    """Where the files of all sessions are."""
    return studio.project.folder / PRIVATE / FOLDER
