"""The desk where requests are answered: the open project, its events, and what belongs to one running server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
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
        async with self.apart:
            return await _Apart(self, command, values, studio.project.folder, report).answer()


class _Apart:
    """A command in a thread of its own, which ends with the process: nobody waits for it when the program ends.

    Who leaves has it stop where it next tells how far it is or waits. Until then nothing else is begun apart; a second
    cancellation no longer waits for that.
    """

    def __init__(
        self, desk: Desk, command: Command, values: Mapping[str, Any], folder: Path, report: Report
    ) -> None:
        self._desk = desk
        self._command = command
        self._values = values
        self._folder = folder
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[Mapping[str, Any]] = self._loop.create_future()
        self._left = threading.Event()

    async def answer(self) -> Mapping[str, Any]:
        """Wait for the answer; cancelled, wait until the thread has stopped."""
        threading.Thread(target=self._run, name=self._command.entry.words, daemon=True).start()
        try:
            return await asyncio.shield(self._done)
        except asyncio.CancelledError:
            self._left.set()
            await asyncio.wait([self._done])
            raise

    def _run(self) -> None:
        try:
            value = asyncio.run(self._performed())
        except BaseException as error:  # noqa: BLE001 - whatever it is, who waits for it gets it
            self._tell(self._fail, error)
        else:
            self._tell(self._succeed, value)

    async def _performed(self) -> Mapping[str, Any]:
        from app.studio import Studio

        place = self._desk.place
        async with Studio.open(self._folder, place.home, clock=self._desk.clock) as studio:
            return await self._command.call(self._values, studio=studio, place=place, report=self._told)

    def _told(self, news: News) -> None:
        if self._left.is_set():
            raise asyncio.CancelledError
        self._tell(self._report, news)

    def _tell(self, call: Callable[[Any], None], what: object) -> None:
        with suppress(RuntimeError):  # the loop has ended, and whoever waited with it
            self._loop.call_soon_threadsafe(call, what)

    def _succeed(self, value: Mapping[str, Any]) -> None:
        if not self._done.done():
            self._done.set_result(value)

    def _fail(self, error: BaseException) -> None:
        if self._done.done():
            return
        if isinstance(error, asyncio.CancelledError):
            self._done.cancel()
        else:
            self._done.set_exception(error)
            self._done.exception()  # it is heard, also where nobody waits any more
