"""Fifty clients that listen, one of which has stopped reading: what they cost the server, and what they are told."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

from tests.benchmarks.editor import Editor
from tests.benchmarks.figure import Figure
from tests.benchmarks.served import API, CHANGED, SYNC, Served, listening

CLIENTS: Final = 50
FRESH: Final = 5
"""Of the clients that read, so many come with nothing and are told the whole state while the edits go on."""
PATIENCE: Final = 120
CROWDED: Final = "crowded edit"


@dataclass(slots=True)
class Heard:
    """What one client was told."""

    messages: int = 0
    states: int = 0
    newest: dict[str, str] = field(default_factory=dict)
    stir: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, client: ClientConnection) -> None:
        """Take in whatever comes."""
        async for text in client:
            assert isinstance(text, str)
            self.take(text)
            self.stir.set()

    async def until(self, awaited: dict[str, str]) -> None:
        """Wait for the newest words of all assets."""
        while self.newest != awaited:
            self.stir.clear()
            await self.stir.wait()

    def take(self, text: str) -> None:
        """Look at one message: an event, or a part of the whole state in place of events."""
        self.messages += 1
        if text.startswith(f'{{"type":"{CHANGED}"'):
            self._note(json.loads(text)["data"])
        elif text.startswith(f'{{"type":"{SYNC}"'):
            data = json.loads(text)["data"]
            self.states += data["part"] == data["parts"]
            for asset in data.get("assets", ()):
                self._note(asset)

    def _note(self, asset: dict[str, Any]) -> None:
        if asset["parameters"]["prompt"].startswith(CROWDED):
            self.newest[asset["id"]] = asset["parameters"]["prompt"]


async def figures(
    served: Served, editor: Editor, names: list[str], source: random.Random, times: int, last: str
) -> list[Figure]:
    """Edit as fast as it goes while all listen and one has stopped reading; `last` is an event that they know."""
    touched = source.sample(names, max(20, times // 5))
    edits = [(name, f"{CROWDED} {number}") for number, name in enumerate(source.choices(touched, k=times))]
    before, start = served.memory, time.perf_counter()
    async with _crowd(served, last) as heard:
        there = served.memory
        newest, most = await _edited(served, editor, edits)
        edited = time.perf_counter()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(one.until(newest) for one in heard))
        end, after = time.perf_counter(), served.memory
    grown = [(one - before) / 1e6 for one in (max(there, most, after), there, after)]
    told, states = sum(one.messages for one in heard) / len(heard), sum(one.states for one in heard)
    return [
        Figure(what=f"{CLIENTS} clients, one stalled: growth of the server's memory", unit="MB", at_most=32,
               value=grown[0],
               note=f"the most while {times:,} edits of {len(touched):,} assets came, from {before / 1e6:.0f} MB "
               f"before them; {grown[1]:.1f} when all were there, {grown[2]:.1f} at the end; {FRESH} of them, and the "
               "stalled one, are told the whole state"),
        Figure(what="clients that got the newest state of every asset, the stalled one apart", unit="%",
               at_least=100, value=100 * sum(one.newest == newest for one in heard) / len(heard),
               note=f"{told:,.0f} messages each, {states} times the whole state; the last came {end - edited:.1f} s "
               f"after the last edit, {end - start:.0f} s in all"),
    ]  # fmt: skip


@asynccontextmanager
async def _crowd(served: Served, last: str) -> AsyncIterator[list[Heard]]:
    """All clients, listening until left."""
    heard = [Heard() for _ in range(CLIENTS - 1)]
    async with AsyncExitStack() as stack:
        stack.enter_context(_stalled(served))
        clients = [
            await stack.enter_async_context(connect(**listening(served, "" if number < FRESH else last)))
            for number in range(len(heard))
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(one.listen(client)) for one, client in zip(heard, clients, strict=True)
            ]
            yield heard
            for task in tasks:
                task.cancel()


async def _edited(
    served: Served, editor: Editor, edits: list[tuple[str, str]]
) -> tuple[dict[str, str], float]:
    """Have all edits made: what each asset says at last, and the most memory that the server had meanwhile."""

    def follow() -> tuple[dict[str, str], float]:
        found, most = {}, 0.0
        for number, (_, words) in enumerate(edits):
            found[editor.edited().asset] = words
            if number % 20 == 0:
                most = max(most, served.memory)
        return found, most

    _, followed = await asyncio.gather(asyncio.to_thread(editor.ask, edits), asyncio.to_thread(follow))
    return followed


@contextmanager
def _stalled(served: Served) -> Iterator[None]:
    """A client that asks for everything and then reads nothing, with as little room for it as the system allows."""
    where = urlsplit(served.url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((where.hostname, where.port))
        lines = (
            f"GET {API}/events HTTP/1.1",
            f"Host: {where.netloc}",
            f"Authorization: Bearer {served.token}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: c3RhbGxlZCBhdCBvbmNlIQ==",
        )
        client.sendall("\r\n".join((*lines, "", "")).encode())
        answer = client.recv(12)
        if not answer.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"the handshake was answered with {answer!r}")
        yield
