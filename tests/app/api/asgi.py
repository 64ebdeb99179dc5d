"""Requests put to an ASGI app by hand, byte for byte, without a client that mends them on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Scope

HOST = "127.0.0.1:8000"
TOKEN = "right-token"
BEARER = ("authorization", f"Bearer {TOKEN}")


@dataclass(slots=True)
class Got:
    """What an app sent, and the scope as it left it."""

    messages: list[Message]
    scope: Scope
    start: Message = field(init=False)

    def __post_init__(self) -> None:
        self.start = next((one for one in self.messages if one["type"].endswith("response.start")), {})

    @property
    def status(self) -> int:
        """The status of the answer; 0 where there was none."""
        return int(self.start.get("status", 0))

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer, in lower case."""
        return {name.decode(): value.decode("latin-1") for name, value in self.start.get("headers", ())}

    @property
    def body(self) -> bytes:
        """The whole body of the answer."""
        return b"".join(
            one.get("body", b"") for one in self.messages if one["type"].endswith("response.body")
        )

    @property
    def code(self) -> str:
        """The code of the problem that was sent."""
        return str(json.loads(self.body)["code"])


async def ask(
    app: ASGIApp,
    method: str = "GET",
    path: str = "/api/v1/x",
    headers: Iterable[tuple[str, str]] = (("host", HOST),),
    *,
    body: Iterable[bytes] = (b"",),
    **more: Any,
) -> Got:
    """Put one request to `app`; `more` goes into its scope, `type="websocket"` for one.

    The caller stays until it is answered; one without any piece of a body leaves at once.
    """
    raw, _, query = path.partition("?")
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": raw,
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "root_path": "",
        **more,
    }
    pieces = list(body)
    first: list[Message] = [
        {"type": "http.request", "body": one, "more_body": number + 1 < len(pieces)}
        for number, one in enumerate(pieces)
    ]
    if scope["type"] == "websocket":
        first = [{"type": "websocket.connect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        if pieces and not first:
            await asyncio.Event().wait()
        return first.pop(0) if first else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return Got(sent, scope)
