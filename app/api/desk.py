"""The desk where requests are answered: the open project, its events, and what belongs to one running server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands.table import Command, News, Report
from app.place import Place
from engine.faults import NotFound

if TYPE_CHECKING:
    from app.api.hub import Hub
    from app.api.returns import Returns
    from app.studio import Studio


@dataclass(slots=True)
class Desk:
    """One project open for callers; `secret` signs URLs, `by` is the command that opened it."""

    opened: Studio
    hub: Hub
    returns: Returns
    place: Place
    secret: bytes
    by: str
    release: str
    started: datetime
    apart: asyncio.Lock = field(default_factory=asyncio.Lock)
    url: str = ""

    @property
    def clock(self) -> Callable[[], datetime]:
        """The wall clock, in UTC."""
        return self.place.clock

    @property
    def seconds(self) -> int:
        """The wall clock, as whole seconds since 1970."""
        return int(self.clock().timestamp())

    @property
    def paths(self) -> tuple[Path, ...]:
        """Folders that no answer may name."""
        return (self.opened.project.folder, self.place.home, self.place.folder)

    def studio(self, project: str | None = None) -> Studio:
        """The open project of that id, the only one when none is named; raises `NotFound`."""
        if project is not None and project != self.opened.project.id:
            raise NotFound(
                f"no project {project!r:.80} is open here", "GET /api/v1/projects lists those that are"
            )
        return self.opened

    async def perform(
        self, command: Command, values: Mapping[str, Any], project: str | None, report: Report
    ) -> Mapping[str, Any]:
        """A command's answer; what takes long runs in a thread with the project open a second time, one at a time."""
        studio = self.studio(project)
        if not command.entry.apart:
            return await command.call(values, studio=studio, place=self.place, report=report)
        loop = asyncio.get_running_loop()

        def told(news: News) -> None:
            loop.call_soon_threadsafe(report, news)

        async with self.apart:
            return await asyncio.to_thread(self._performed, command, values, studio.project.folder, told)

    def _performed(
        self, command: Command, values: Mapping[str, Any], folder: Path, report: Report
    ) -> Mapping[str, Any]:
        from app.studio import Studio

        async def alone() -> Mapping[str, Any]:
            async with Studio.open(folder, self.place.home, clock=self.clock) as studio:
                return await command.call(values, studio=studio, place=self.place, report=report)

        return asyncio.run(alone())
