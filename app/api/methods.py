"""The `Allow` header of a 405: every method of what was asked, not only those of the first route that fits."""

from __future__ import annotations

import re
from collections import defaultdict

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def install(app: FastAPI) -> None:
    """Have every 405 of `app` say what can be asked; to be called when all routes are there."""
    app.add_middleware(Methods, known=of(app))


def of(app: FastAPI) -> dict[str, frozenset[str]]:
    """The methods of each path."""
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for one in iter_route_contexts(app.routes):
        methods = getattr(one, "methods", None)
        if methods:
            found[str(one.path)] |= methods
    return dict(found)


class Methods:
    """ASGI: writes into each 405 which methods there are. `known` are the methods of each path."""

    def __init__(self, app: ASGIApp, known: dict[str, frozenset[str]]) -> None:
        self._app = app
        ordered = sorted(known, key=lambda path: path.count("{"))
        self._known: list[tuple[re.Pattern[str], str]] = [
            (compile_path(path)[0], ", ".join(sorted(known[path]))) for path in ordered
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 405:
                allowed = self._allowed(str(scope["path"]))
                if allowed is not None:
                    MutableHeaders(scope=message)["Allow"] = allowed
            await send(message)

        await self._app(scope, receive, sent)

    def _allowed(self, path: str) -> str | None:
        """The methods of the path with the fewest parameters that fits."""
        return next((methods for pattern, methods in self._known if pattern.match(path)), None)
