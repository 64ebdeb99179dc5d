"""Where a command was called: its folders, its clock and its randomness, with nothing open yet."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from engine.faults import NotFound

PRIVATE = ".restrike"
"""The folder of a project that is private to this device; a folder that has one is a project."""


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command was called; `project` is what `--project` named, if anything."""

    folder: Path
    home: Path
    project: Path | None = None
    clock: Callable[[], datetime] = utc_now
    random: Callable[[int], bytes] = field(default=os.urandom)

    def film(self) -> Path:
        """The project's folder: what `--project` named, else the nearest folder upwards that is a project."""
        if self.project is not None:
            wanted = self.folder / self.project
            if not (wanted / PRIVATE).is_dir():
                raise NotFound(
                    f"{wanted} is not a project", f"start one there: restrike init {self.project} --name NAME"
                )
            return wanted.resolve()
        found = enclosing(self.folder)
        if found is None:
            hint = (
                "go into a project, name one with --project DIR, or start one: restrike init DIR --name NAME"
            )
            raise NotFound(f"there is no project in {self.folder} or above it", hint)
        return found


def enclosing(folder: Path) -> Path | None:
    """The nearest of `folder` and the folders above it that is a project."""
    here = folder.resolve()
    return next((one for one in (here, *here.parents) if (one / PRIVATE).is_dir()), None)
