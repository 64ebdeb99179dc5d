"""What waits to be sent to one device: in order, bounded, and counted for the relay as a whole."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Waiting:
    """How many bytes wait in all outboxes together, and how many may."""

    most: int
    bytes: int = 0


@dataclass(slots=True)
class Outbox:
    """Bytes for one connection; `end` is the reason to close it after what was queued before."""

    waiting: Waiting
    most: int
    end: tuple[int, str] | None = None
    _queue: deque[bytes] = field(default_factory=deque)
    _bytes: int = 0
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, data: bytes) -> bool:
        """Queue bytes; False where too much waits already, or the connection is to be closed."""
        size = len(data)
        full = self._bytes + size > self.most or self.waiting.bytes + size > self.waiting.most
        if self.end is not None or (full and self._queue):
            return False
        self._queue.append(data)
        self._bytes += size
        self.waiting.bytes += size
        self._more.set()
        return True

    def close(self, code: int, reason: str) -> None:
        """Have the connection closed; the first reason counts."""
        if self.end is None:
            self.end = (code, reason)
            self._more.set()

    def clear(self) -> None:
        """Forget what waits: the connection is gone."""
        self.waiting.bytes -= self._bytes
        self._queue.clear()
        self._bytes = 0

    async def next(self) -> bytes | None:
        """The next bytes, waiting for them; None when all was sent and the connection is to be closed."""
        while not self._queue:
            if self.end is not None:
                return None
            self._more.clear()
            await self._more.wait()
        data = self._queue.popleft()
        self._bytes -= len(data)
        self.waiting.bytes -= len(data)
        return data
