"""Two ends of a link of each kind, for tests."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sync.links.link import Link, closing
from sync.links.memory import FINE, Weather, memory_link
from sync.links.webrtc import Answerer, dial

Ends = tuple[Link, Link]
Maker = Callable[[], AbstractAsyncContextManager[Ends]]


@asynccontextmanager
async def in_memory(weather: Weather = FINE, seed: int = 7) -> AsyncIterator[Ends]:
    """The dialler's and the answerer's end of a link in memory."""
    async with memory_link(random.Random(seed), weather) as wire:
        yield wire.dialler, wire.answerer


@asynccontextmanager
async def over_webrtc() -> AsyncIterator[Ends]:
    """The dialler's and the answerer's end of a real WebRTC link on this machine."""
    arriving: list[Awaitable[Link]] = []
    async with Answerer() as answerer:

        async def signal(offer: str) -> str:
            answer, link = await answerer.answer(offer)
            arriving.append(link)
            return answer

        async with dial(signal) as dialled, closing(await arriving[0]) as answered:
            yield dialled, answered
