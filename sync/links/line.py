"""One end of a link: what waits, who waits for it, and how it ends, over any carrier of frames."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from sync.links.frames import BYE, LARGE_FRAME, Broken, Frames
from sync.links.link import LOW_WATER, Channel, LinkClosed
from sync.tasks import to_the_end

CLOSED_HERE = "the link was closed here"
CLOSED_THERE = "the other side closed the link"


LINGER = 0.25
"""How many seconds `close` waits for the other side to have heard of it, so that the last words before it arrive."""


class Carrier(Protocol):
    """What moves frames to the other end, in order on sync and bulk; it neither raises nor waits."""

    def room(self, channel: Channel) -> bool:
        """Whether one more frame may be handed over now; whenever this turns true, call `Line.pump`."""

    def carry(self, channel: Channel, frame: bytes) -> None:
        """Take a frame on its way."""

    def held(self, channel: Channel) -> int:
        """How many bytes it took and has not yet handed to the network."""


class Line:
    """The waiting and closing that all links share; a carrier feeds it by `arrived`, `pump` and `ended`.

    `finish` is what closes the carrier. It runs once and to its end, even when whoever closes is cancelled.
    """

    def __init__(
        self,
        carrier: Carrier,
        finish: Callable[[], Awaitable[None]],
        *,
        kind: str,
        binding: bytes,
        remote: str,
        largest: int = LARGE_FRAME,
        linger: float = LINGER,
    ) -> None:
        self.kind, self.binding, self.remote = kind, binding, remote
        self._carrier = carrier
        self._finish = finish
        self._finished = asyncio.Event()
        self._closing = asyncio.Lock()
        self._frames = Frames(largest)
        self._linger = linger
        self._parted = asyncio.Event()
        self._why: str | None = None
        self._readable = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._why is not None

    def send(self, channel: Channel, data: bytes) -> None:
        """Queue one message."""
        if self._why is not None:
            raise LinkClosed(self._why)
        self._frames.put(channel, data)
        self.pump()

    def queued(self, channel: Channel) -> int:
        """How many bytes of the channel have not yet been handed to the network."""
        return self._frames.queued(channel) + self._carrier.held(channel)

    async def drained(self, channel: Channel, below: int = LOW_WATER) -> None:
        """Wait until at most `below` bytes are queued."""
        while self.queued(channel) > below:
            if self._why is not None:
                raise LinkClosed(self._why)
            self._moved.clear()
            await self._moved.wait()

    async def receive(self) -> tuple[Channel, bytes]:
        """The next whole message."""
        while (message := self._frames.read()) is None:
            if self._why is not None:
                raise LinkClosed(self._why)
            self._readable.clear()
            await self._readable.wait()
        self.pump()  # reading gives the other side credit
        return message

    async def close(self) -> None:
        """End it for both sides."""
        if self._why is None:
            self._why = CLOSED_HERE
            self._carrier.carry(Channel.SYNC, bytes((BYE,)))
            self._wake()
        self._frames.forget()
        await to_the_end(self._close())

    async def _close(self) -> None:
        async with self._closing:
            if self._finished.is_set():
                return
            try:
                async with asyncio.timeout(self._linger):
                    await self._parted.wait()
            except TimeoutError:
                pass  # it will notice by itself
            finally:
                await self._finish()
                self._finished.set()

    async def finished(self) -> None:
        """Wait until it is closed and its carrier gone."""
        await self._finished.wait()

    def pump(self) -> None:
        """Hand over what there is room for."""
        while self._why is None and (found := self._frames.next(self._carrier.room)) is not None:
            self._carrier.carry(*found)
        self._moved.set()

    def arrived(self, channel: Channel, frame: bytes) -> None:
        """The carrier brought a frame; one that breaks the rules ends the link."""
        if self._parted.is_set():
            return
        try:
            self._frames.take(channel, frame)
        except Broken as broken:
            self.ended(f"the other side does not keep to the rules of frames: {broken}")
            return
        if self._frames.parted:
            if self._why is None:
                self._carrier.carry(Channel.SYNC, bytes((BYE,)))
            self.ended(CLOSED_THERE)
        elif self._why is not None:
            self._frames.forget()
        else:
            self._readable.set()
            self.pump()

    def ended(self, why: str) -> None:
        """Nothing more will be carried; what has come can still be read. The first reason stays."""
        if self._why is None:
            self._why = why
        self._parted.set()
        self._wake()

    def _wake(self) -> None:
        self._readable.set()
        self._moved.set()
