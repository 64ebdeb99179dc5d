"""Tasks that belong to something entered as a context, and work that must not be left half done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class Crew:
    """A group of tasks for as long as its owner is entered; leaving cancels those that still run and waits for them.

    Unlike a bare TaskGroup it lets an exception of the body through as it is; one of a task still cancels the body and
    comes out as an exception group.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.over = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over = True
        for task in self._tasks:
            task.cancel()
        if isinstance(error, asyncio.CancelledError):
            await self._group.__aexit__(kind, error, trace)
        else:
            await self._group.__aexit__(None, None, None)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do `work` beside the others."""
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` to its end even when cancelled, and be cancelled then: half a closing would leak the other half."""
    cancelled: asyncio.CancelledError | None = None
    failed: BaseException | None = None
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_kept(work))
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
        failed = task.result()
    if failed is not None:
        raise failed
    if cancelled is not None:
        raise cancelled


async def _kept(work: Coroutine[Any, Any, None]) -> Exception | None:
    """The exception of `work` as a value: a group would cancel its owner for it."""
    try:
        await work
    except Exception as error:  # noqa: BLE001  # it is raised again by whoever waits
        return error
    return None
