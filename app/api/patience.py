"""Connections that say nothing: each has so many seconds for its next request, and there are only so many at once.

Whoever has no token can connect too; without this, one program that only connects takes every file descriptor there is.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_SECONDS: Final = 20.0
"""Seconds for the head of a request to arrive: from the connection, or from its first byte on a connection kept."""
MOST_CONNECTIONS: Final = 512
"""At once, those of WebSockets among them; on systems with few descriptors it is half of those."""


def most_connections() -> int:
    """How many connections may be open at once, so that files can be opened beside them."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no descriptors
        return MOST_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


class Patient(H11Protocol):
    """One connection of uvicorn's, closed when its next request does not come in time."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request; one connection too many is closed at once."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.abort()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait on while there is no whole head of a request."""
        super().data_received(data)
        upgraded = self not in self.connections
        if upgraded or self._is_answering():
            self._stop_waiting()
        elif self._late is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is waited for."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
