"""How large, how many and how slow requests may be; a tool on the same machine never meets a limit by honest work."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import problems
from app.api.faults import HeadersTooLarge, TooLarge, TooMany, TooSlow, Turned, UrlTooLong

LARGEST_BODY: Final = 64 * 1024 * 1024
LARGEST_HEAD: Final = 16 * 1024
"""How many bytes the URL, and all headers together, may have."""
PATIENCE: Final = 30.0
"""For how many seconds the next piece of a body is waited for."""


class Buckets:
    """A token bucket for each key: `burst` at once, `rate` a second; forgets the keys that were quiet the longest."""

    def __init__(
        self, rate: float, burst: int, now: Callable[[], float] = time.monotonic, most: int = 4096
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._most = most
        self._filled: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one for `key`: 0.0 if there was one, else in how many seconds there will be."""
        now = self._now()
        level, since = self._filled.pop(key, (float(self._burst), now))
        level = min(self._burst, level + max(0.0, now - since) * self._rate)
        taken = level >= 1
        self._filled[key] = (level - taken, now)
        if len(self._filled) > self._most:
            self._filled.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._rate


class Limits:
    """ASGI: turns away what is too large, too much or too slow with 408, 413, 414, 429 and 431.

    Stands behind the gate, which says in `scope["state"]["authorized"]` whether there was a token: whoever has it is
    one client, everybody else is told apart by address.
    """

    def __init__(
        self,
        app: ASGIApp,
        largest: int = LARGEST_BODY,
        rate: float = 1000.0,
        burst: int = 2000,
        now: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self._app = app
        self._largest = largest
        self._patience = patience
        self._buckets = Buckets(rate, burst, now)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        turned = self._head(scope)
        if turned is not None:
            await turn_away(turned, scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            body = _Body(receive, send, self._largest, self._patience)
            await self._app(scope, body.receive, body.send)

    def _head(self, scope: Scope) -> Turned | None:
        """What is wrong with a request before its body."""
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > LARGEST_HEAD:
            return UrlTooLong(LARGEST_HEAD)
        headers = scope["headers"]
        if sum(len(name) + len(value) + 4 for name, value in headers) > LARGEST_HEAD:
            return HeadersTooLarge(LARGEST_HEAD)
        if scope["type"] == "http" and (wrong := self._length(scope)) is not None:
            return wrong
        wait = self._buckets.take(client(scope))
        return TooMany(wait) if wait else None

    def _length(self, scope: Scope) -> Turned | None:
        """What is wrong with the length that a request announces; two lengths are how requests are smuggled."""
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        lengths = {value for name, value in headers if name == b"content-length"}
        if not lengths:
            return None
        length = next(iter(lengths))
        if len(lengths) > 1 or not length.isdigit() or b"transfer-encoding" in dict(headers):
            return Turned("the length of the body is not clear", "say it once", {"Connection": "close"})
        too_large = len(length.lstrip(b"0")) > 18 or int(length) > self._largest
        return TooLarge(self._largest) if too_large else None


class _Body:
    """One request's body on its way in: counted, and waited for only so long.

    When it is turned away, the answer goes out at once and the app sees a caller who has gone; what it says is lost.
    """

    def __init__(self, receive: Receive, send: Send, largest: int, patience: float) -> None:
        self._receive = receive
        self._send = send
        self._largest = largest
        self._patience = patience
        self._read = 0
        self._complete = False
        self._begun = False
        self._turned = False

    async def receive(self) -> Message:
        if self._turned:
            return {"type": "http.disconnect"}
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(self._patience):
                message = await self._receive()
        except TimeoutError:
            return await self._turn_away(TooSlow(self._patience))
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._read > self._largest:
                return await self._turn_away(TooLarge(self._largest))
        return message

    async def send(self, message: Message) -> None:
        if not self._turned:
            self._begun = True
            await self._send(message)

    async def _turn_away(self, why: Turned) -> Message:
        self._turned = True
        if not self._begun:
            await problems.response(why)({"type": "http"}, self._receive, self._send)
        return {"type": "http.disconnect"}


def client(scope: Scope) -> str:
    """Who asks, as far as limits tell callers apart."""
    state: dict[str, Any] = scope.get("state") or {}
    if state.get("authorized"):
        return "token"
    return str((scope.get("client") or ("unknown", 0))[0])


async def turn_away(why: Turned, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or the handshake of a WebSocket, with why it is turned away."""
    if scope["type"] == "websocket":
        await receive()
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 1008, "reason": why.code})
            return
    await problems.response(why, instance=problems.instance_of(scope))(scope, receive, send)
