"""Who listens to events: each listener reads the ring at a pace of its own and holds nothing but a number.

A listener that falls behind what the ring holds is told the whole state again instead. None can delay another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from types import TracebackType
from typing import Any, Final

from app import events
from app.api.ring import Event, Ring
from sync.identity import now

AT_ONCE: Final = 64
"""How many events a listener looks up at a time, and how many answers may wait for it."""

Shape = Mapping[str, Any]
Reserve = Callable[[int], range]
Whole = Callable[[Reserve], AsyncGenerator[Shape, None]]
"""The whole state in parts. It asks once for as many numbers as there are parts; what happens before is in them."""


class Channel:
    """The numbered events of one epoch, and those who listen to them."""

    def __init__(
        self, epoch: str, clock: Callable[[], datetime], whole: Whole, ring: Ring | None = None
    ) -> None:
        self.epoch = epoch
        self.ring = ring if ring is not None else Ring()
        self.clock = clock
        self.whole = whole
        self.closed = False
        self._listeners: set[Listener] = set()

    def __len__(self) -> int:
        return len(self._listeners)

    def publish(
        self, type: str, subject: str, make: Callable[[], Shape], marks: set[str] | None = None
    ) -> None:
        """Tell everybody; `make` is called when the first of them gets there."""
        self.ring.publish(type, subject, now(self.clock), make, marks)
        self.wake()

    def connect(self, since: str | None, types: frozenset[str] | None = None) -> Listener:
        """Somebody new, to be entered: what happened after the event `since`, else the whole state first."""
        return Listener(self, since, types)

    def forget(self) -> None:
        """Have everybody told the whole state anew."""
        self.ring.forget()
        self.wake()

    def close(self) -> None:
        """Nothing more comes; all listeners end."""
        self.closed = True
        self.wake()

    def wake(self) -> None:
        """Let all listeners look."""
        for one in self._listeners:
            one.wake()

    def add(self, listener: Listener) -> None:
        """Somebody listens."""
        self._listeners.add(listener)

    def remove(self, listener: Listener) -> None:
        """Somebody has left."""
        self._listeners.discard(listener)


class Listener:
    """One reader of a channel: `async for text in listener` gives messages as JSON text."""

    def __init__(self, channel: Channel, since: str | None, types: frozenset[str] | None) -> None:
        self._channel = channel
        self._types = types
        seq = events.seq_of(since, channel.epoch) if since else None
        self._cursor = -1 if seq is None or seq > channel.ring.seq else seq
        self._drained = 0
        self._upcoming: deque[Event] = deque()
        self._answers: asyncio.Queue[tuple[str, Shape, str | int | None]] = asyncio.Queue(AT_ONCE)
        self._answered = 0
        self._parts: AsyncGenerator[str, None] | None = None
        self._come = asyncio.Event()

    async def __aenter__(self) -> Listener:
        self._channel.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.remove(self)
        await self._stop()

    def __aiter__(self) -> Listener:
        return self

    async def __anext__(self) -> str:
        """The next message; waits for it, and ends with the channel."""
        while not self._channel.closed:
            self._come.clear()
            text = await self._ready()
            if text is not None:
                return text
            await self._come.wait()
        raise StopAsyncIteration

    @property
    def held(self) -> int:
        """How many things this listener holds on to; what the ring holds is everybody's."""
        return len(self._upcoming) + self._answers.qsize()

    async def answer(self, type: str, data: Shape, reply_to: str | int | None) -> None:
        """Send something to this listener alone; waits while too many answers are waiting."""
        await self._answers.put((type, data, reply_to))
        self.wake()

    async def resync(self, reply_to: str | int | None) -> None:
        """Send the whole state, whatever was sent before."""
        await self.answer(events.FULL_SYNC, {}, reply_to)

    def wake(self) -> None:
        """Look whether something is there."""
        self._come.set()

    # --- what comes next ---

    async def _ready(self) -> str | None:
        """What is there to be sent now, None when nothing."""
        if not self._answers.empty():
            type, data, reply_to = self._answers.get_nowait()
            if type != events.FULL_SYNC:
                return self._answer(type, data, reply_to)
            await self._start(reply_to)
        while True:
            if self._parts is None and self._cursor < self._channel.ring.floor:
                await self._start(None)
            if self._parts is None:
                return await self._event()
            text = await anext(self._parts, None)
            if text is not None:
                return text
            self._parts = None

    async def _event(self) -> str | None:
        """The next event; None when there is none, or when the ring has let go of it meanwhile."""
        ring = self._channel.ring
        while (event := self._next()) is not None:
            self._cursor = event.seq
            if self._types is not None and event.type not in self._types:
                continue
            data, marks = ring.data(event), event.marks
            await asyncio.sleep(0)  # making data takes its time; everybody else has a turn
            if data is not None:
                return self._message(event, data, marks)
        return None

    def _next(self) -> Event | None:
        """The event after the cursor; one that a newer has replaced is met again further on."""
        ring = self._channel.ring
        while self._cursor >= ring.floor:
            if not self._upcoming:
                self._upcoming.extend(ring.after(self._cursor, AT_ONCE))
            if not self._upcoming:
                self._cursor = self._drained = ring.seq
                return None
            event = self._upcoming.popleft()
            if ring.has(event):
                return event
        self._upcoming.clear()
        self.wake()
        return None

    def _message(self, event: Event, data: str, marks: Mapping[str, int] | None) -> str:
        head = self._head(event.type, event.seq, time=event.time)
        changed = None
        if marks is not None:
            changed = [name for name, seq in marks.items() if seq > self._drained]
        return events.message({**head, "subject": event.subject or None}, data, changed)

    def _answer(self, type: str, data: Shape, reply_to: str | int | None) -> str:
        self._answered += 1
        head = self._head(type, max(self._cursor, 0), f"r{self._answered}")
        return events.message({**head, "reply_to": reply_to}, events.dumped(data))

    def _head(self, type: str, seq: int, part: str = "", *, time: str | None = None) -> dict[str, Any]:
        id = events.event_id(self._channel.epoch, seq, part)
        return {"type": type, "id": id, "time": time or now(self._channel.clock), "seq": seq}

    # --- the whole state ---

    async def _start(self, reply_to: str | int | None) -> None:
        await self._stop()
        self._parts = self._whole(reply_to)

    async def _stop(self) -> None:
        parts, self._parts = self._parts, None
        if parts is not None:
            await parts.aclose()

    async def _whole(self, reply_to: str | int | None) -> AsyncGenerator[str, None]:
        """The messages of a whole state; only the last one's id can be resumed from."""
        numbers: list[int] = []

        def reserve(count: int) -> range:
            found = self._channel.ring.reserve(count)
            numbers.extend(found)
            self._cursor = self._drained = found[-1]
            self._upcoming.clear()
            return found

        async with aclosing(self._channel.whole(reserve)) as parts:
            number = 0
            async for data in parts:
                number += 1
                head = self._head(
                    events.FULL_SYNC,
                    numbers[number - 1],
                    f"p{number}" if number < len(numbers) else "",
                )
                shown = {
                    **data,
                    "epoch": self._channel.epoch,
                    "seq": numbers[-1],
                    "part": number,
                    "parts": len(numbers),
                }
                yield events.message({**head, "reply_to": reply_to}, events.dumped(shown))
