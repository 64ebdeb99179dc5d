"""A command's answer as it comes: one JSON object a line, what it says and how far it is, and at the end the answer.

A caller who reads slowly gets the newest step of each piece of work instead of all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from app.api.reply import dumped, pathless
from app.commands.table import News, Outcome, Report, Said, Working
from engine.faults import Fault

NDJSON: Final = "application/x-ndjson"
MOST_SAID: Final = 1000

Perform = Callable[[Report], Awaitable[Mapping[str, Any]]]


class _News:
    """What was told and not sent yet: sentences in order, of each piece of work the newest step."""

    def __init__(self) -> None:
        self._waiting: dict[object, News] = {}
        self._count = 0
        self._come = asyncio.Event()

    def __call__(self, news: News) -> None:
        self._count += 1
        key: object = (news.key, news.over) if isinstance(news, Working) else self._count
        self._waiting.pop(key, None)
        self._waiting[key] = news
        if len(self._waiting) > MOST_SAID:
            self._waiting.pop(next(iter(self._waiting)))
        self._come.set()

    async def wait(self) -> None:
        """Wait until something was told."""
        await self._come.wait()

    def wake(self) -> None:
        """Let whoever waits look again."""
        self._come.set()

    def take(self) -> list[News]:
        """What was told since this was asked last."""
        found = list(self._waiting.values())
        self._waiting.clear()
        self._come.clear()
        return found


async def lines(
    perform: Perform, described: Callable[[BaseException], dict[str, Any]]
) -> AsyncGenerator[bytes, None]:
    """The lines of a command's answer; leaving early cancels the command. `described` makes problems of errors."""
    news = _News()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(_last(perform, news, described))
        running.add_done_callback(lambda task: news.wake())
        while not running.done():
            await news.wait()
            for one in news.take():
                yield _line(one)
        yield running.result()


async def _last(perform: Perform, news: _News, described: Callable[[BaseException], dict[str, Any]]) -> bytes:
    try:
        value = await perform(news)
    except (Fault, BaseExceptionGroup, OSError) as error:
        return dumped({"problem": described(error)}) + b"\n"
    status = value.exit_status if isinstance(value, Outcome) else 0
    return dumped({"answer": pathless(value), "exit_status": status}) + b"\n"


def _line(news: News) -> bytes:
    if isinstance(news, Working):
        return dumped({"working": asdict(news)}) + b"\n"
    return dumped({"said": news.sentence if isinstance(news, Said) else news.text}) + b"\n"
