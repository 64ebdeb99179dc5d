"""The gate of the local API: who may come in, before anything else is looked at.

A web page anywhere can make its reader's browser send requests to this machine. The page's own name may even point
here (DNS rebinding), but then `Host` names it, `Origin` names the page, and the page does not know the token. So `Host`
has to be one of our own, `Origin` ours or one that was allowed, and the token right; each is there at most once.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.faults import ForeignHost, ForeignOrigin, TooMany, Turned, Unauthorized
from app.api.limits import Buckets, client, turn_away
from engine.faults import BadField

SUBPROTOCOL: Final = "restrike.events"
"""What a WebSocket that offered it speaks; the token may come as one more offer, `restrike.bearer.TOKEN`."""
_BEARER: Final = "restrike.bearer."
DOCS: Final = "/docs"
OPEN: Final = (DOCS, f"{DOCS}/", "/openapi.json", "/api/v1/content/")
"""What can be read without the token: the documentation, and content by signed links; with `/` at the end all below."""
FAILURES_A_MINUTE: Final = 20
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Range"
    ),
    "Access-Control-Allow-Private-Network": "true",
    "Access-Control-Max-Age": "600",
}
_EXPOSED: Final = (
    "Accept-Ranges, Content-Range, ETag, Idempotency-Replayed, Location, Restrike-Exit-Status, Retry-After"
)
_STRICT: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
_FOR_DOCS: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def own_hosts(host: str, port: int) -> list[str]:
    """What `Host` may say where the program listens on this address: it, and the names of loopback."""
    names = ["127.0.0.1", "localhost", "[::1]"]
    bare = host.strip("[]").partition("%")[0].lower()
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        names.append(bare)
    else:
        if not address.is_unspecified:
            names.append(f"[{address}]" if address.version == 6 else str(address))
    names = list(dict.fromkeys(names))
    ports = [f"{name}:{port}" for name in names]
    return ports + names if port in (80, 443) else ports


class Gate:
    """ASGI: lets in who names one of `hosts`, comes from no foreign page and has the token.

    It says in `scope["state"]` whether the token was right (`authorized`: on open paths it need not be) and what a
    WebSocket is to speak (`subprotocol`, None where `restrike.events` was not offered), and takes tokens out of the
    rest of the scope. All answers get their security headers here. A right token never waits for others' failures.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str,
        hosts: Collection[str],
        origins: Collection[str] = (),
        open_paths: Collection[str] = OPEN,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if not token:
            raise BadField("token", token, "anything but nothing")
        self._app = app
        self._token = token.encode()
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(map(origin_of, origins))
        self._open = tuple(open_paths)
        self._failures = Buckets(FAILURES_A_MINUTE / 60, FAILURES_A_MINUTE, now)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        origin = _one(scope, b"origin")

        async def secured(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message.setdefault("headers", [])
                self._secure(MutableHeaders(scope=message), str(scope["path"]), origin)
            await send(message)

        given = list(_tokens(scope))
        turned = self._foreign(scope)
        if turned is None and self._preflight(scope, origin):
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, secured)
            return
        turned = turned or self._unauthorized(scope, given)
        if turned is not None:
            await turn_away(turned, scope, receive, secured)
        else:
            await self._app(scope, receive, secured)

    def _foreign(self, scope: Scope) -> Turned | None:
        """Why a request is not meant for us, or comes from somebody else's page."""
        host = _one(scope, b"host")
        if host is None or host.lower() not in self._hosts or not str(scope["path"]).startswith("/"):
            return ForeignHost()
        origin = _one(scope, b"origin")
        if origin is None:
            return None
        scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
        own = {f"{scheme}://{host}" for host in self._hosts}
        return None if origin in own or origin in self._origins else ForeignOrigin()

    def _preflight(self, scope: Scope, origin: str | None) -> bool:
        """Whether a browser asks for an allowed page what it may send."""
        asks = scope["type"] == "http" and scope["method"] == "OPTIONS"
        return asks and origin in self._origins and _one(scope, b"access-control-request-method") is not None

    def _unauthorized(self, scope: Scope, given: list[bytes]) -> Turned | None:
        """Why a request may not come in; a right one is marked as such."""
        authorized = bool(given) and all([hmac.compare_digest(one, self._token) for one in given])
        state = scope.setdefault("state", {})
        state["authorized"] = authorized
        if authorized or (scope["type"] == "http" and self._is_open(scope)):
            return None
        wait = self._failures.take(client(scope))
        if wait:
            return TooMany(wait, "requests without the right token")
        return Unauthorized("this is not the token of the project") if given else Unauthorized()

    def _is_open(self, scope: Scope) -> bool:
        path = str(scope["path"])
        if scope["method"] not in ("GET", "HEAD") or "\\" in path or "//" in path:
            return False
        if {".", ".."} & set(path.split("/")):
            return False
        return any(path == one or (one.endswith("/") and path.startswith(one)) for one in self._open)

    def _secure(self, headers: MutableHeaders, path: str, origin: str | None) -> None:
        """Put on an answer what keeps browsers from doing anything with it that was not meant."""
        docs = path == DOCS or path.startswith(f"{DOCS}/")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Content-Security-Policy"] = _FOR_DOCS if docs else _STRICT
        headers.setdefault("Cache-Control", "private, no-cache" if "etag" in headers else "no-store")
        if self._origins:
            headers.add_vary_header("Origin")
        if origin in self._origins and origin is not None:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = _EXPOSED


def origin_of(origin: str) -> str:
    """An origin that may be allowed, as browsers send it; `null` and `*` are everybody's."""
    origin = origin.lower().rstrip("/")
    if not _ORIGIN.fullmatch(origin):
        raise BadField("origin", origin, "the scheme, host and port of a page, like http://localhost:5173")
    return origin


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key.lower() == name]


def _one(scope: Scope, name: bytes) -> str | None:
    """The value of a header: None without it, and something that nothing equals where it stands there twice."""
    values = _values(scope, name)
    if not values:
        return None
    return values[0].decode("latin-1") if len(values) == 1 else ", ".join(["", *map(repr, values)])


def _tokens(scope: Scope) -> Iterator[bytes]:
    """Every token that a request brings, all of which have to be right; those outside the headers are taken out."""
    for value in _values(scope, b"authorization"):
        scheme, _, token = value.partition(b" ")
        yield token.strip(b" ") if scheme.lower() == b"bearer" else b""
    if scope["type"] != "websocket":
        return
    offered: Iterable[str] = scope.get("subprotocols") or ()
    yield from (one.removeprefix(_BEARER).encode() for one in offered if one.startswith(_BEARER))
    scope["subprotocols"] = [one for one in offered if not one.startswith(_BEARER)]
    state = scope.setdefault("state", {})
    state["subprotocol"] = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
    pairs = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    found = [value for name, value in pairs if name == "token"]
    if found:
        scope["query_string"] = urlencode([pair for pair in pairs if pair[0] != "token"]).encode("ascii")
    yield from (one.encode("utf-8", "surrogatepass") for one in found)
