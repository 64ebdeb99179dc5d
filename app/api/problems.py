"""Failures as RFC 9457 problem details: one shape for whatever went wrong, and no path of a file in it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.api import complaints, faults
from app.api.redaction import without_paths
from app.errors import Unexpected, fault_of, shortened
from engine.faults import BadField, Fault, NotFound

MEDIA_TYPE: Final = "application/problem+json"
PROBLEMS: Final[Mapping[str, tuple[int, str]]] = {
    "failed": (500, "It failed"),
    "unexpected": (500, "Something unexpected went wrong"),
    "wrong_use": (422, "This cannot be meant"),
    "bad_field": (422, "A field has a value it cannot have"),
    "no_template": (422, "The file is no template"),
    "unknown_command": (422, "There is no such command"),
    "cycle": (422, "The inputs go in a circle"),
    "not_found": (404, "There is no such thing"),
    "conflict": (409, "Somebody else changed it first"),
    "outdated": (409, "It was edited since it was read"),
    "refused": (403, "It is not allowed"),
    "bad_ticket": (422, "That is no ticket"),
    "wrong_code": (403, "The code is another one"),
    "unopened": (500, "Sealed bytes cannot be opened"),
    "discarded": (409, "An owner discarded it"),
    "withheld": (403, "Its author had no right to it"),
    "malformed": (500, "A frame cannot be read"),
    "mailbox_full": (507, "The mailbox is full"),
    "bad_parcel": (500, "An object of a mailbox is damaged"),
    "carrier_unreachable": (500, "The shared folder cannot be reached"),
    "relay_unreachable": (500, "The relay cannot be reached"),
    "relay_refused": (500, "The relay refused"),
    "no_space": (507, "The disk is full"),
    "busy": (503, "Another process is writing"),
    "damaged": (500, "Stored bytes are damaged"),
    "database_damaged": (500, "A database is damaged"),
    "unfit": (500, "A bundle cannot be taken in"),
    "document_broken": (500, "A document has to be loaded again"),
    "model_missing": (404, "The model is not on this machine"),
    "model_damaged": (500, "The model is damaged"),
    "model_refused": (403, "The model is not allowed"),
    "render_failed": (500, "No picture was made"),
    "out_of_memory": (500, "The device has too little memory"),
    "timed_out": (500, "It took longer than its tier allows"),
    "crashed": (500, "The renderer died"),
    "cancelled": (500, "It was cancelled"),
    "foreign_certificate": (500, "Somebody else answers there"),
    "cannot_listen": (500, "The address is taken"),
    "link_closed": (503, "The link to the other device is closed"),
    "no_answer": (503, "The other device does not answer"),
    "no_link": (503, "The other device cannot be reached"),
    "overfull": (503, "The other device does not keep up"),
    "nothing_rendered": (500, "The sample film could not be rendered"),
    "bad_request": (400, "The request cannot be understood"),
    "bad_json": (400, "The body is not JSON"),
    "bad_idempotency_key": (400, "The Idempotency-Key cannot be one"),
    "unauthorized": (401, "The token is missing or wrong"),
    "foreign_host": (403, "The request is for another host"),
    "foreign_origin": (403, "The page may not use the API"),
    "method_not_allowed": (405, "It cannot be asked that"),
    "too_slow": (408, "The request took too long to arrive"),
    "idempotency_running": (409, "The first request is still running"),
    "too_large": (413, "The body is too large"),
    "url_too_long": (414, "The URL is too long"),
    "unsupported_media_type": (415, "Bodies of this kind are not read"),
    "range_not_satisfiable": (416, "The range is not there"),
    "idempotency_mismatch": (422, "The Idempotency-Key was used before"),
    "too_many": (429, "Too many requests"),
    "headers_too_large": (431, "The headers are too large"),
}
"""For every code the status of the answer and a title; the status of other codes follows from the exit status."""

_GONE: Final = (WebSocketDisconnect, ClientDisconnect)
_BY_EXIT_STATUS: Final = {2: 422, 3: 404, 4: 409, 5: 403}


def status(fault: Fault) -> int:
    """The status of the answer that reports `fault`."""
    known = PROBLEMS.get(fault.code)
    return known[0] if known else _BY_EXIT_STATUS.get(fault.exit_status, 500)


def problem(fault: Fault, *, instance: str | None = None, paths: Sequence[Path] = ()) -> dict[str, Any]:
    """`fault` as problem details; `paths` are folders that no sentence may name."""
    known = [*paths, *_paths_of(fault)]
    title = PROBLEMS[fault.code][1] if fault.code in PROBLEMS else fault.code.replace("_", " ").capitalize()
    hint = (
        "the log of the machine that answered has the traceback"
        if isinstance(fault, Unexpected)
        else fault.hint
    )
    found: dict[str, Any] = {
        "type": f"urn:restrike:problem:{fault.code}",
        "title": title,
        "status": status(fault),
        "detail": without_paths(fault.message, known),
        "code": fault.code,
        "hint": without_paths(hint, known),
    }
    if instance is not None:
        found["instance"] = instance
    if isinstance(fault, BadField):
        found["field"] = without_paths(fault.field, known)
        found["value"] = _shown(fault.value, known)
        found["allowed"] = without_paths(fault.allowed, known)
    if isinstance(fault, complaints.BadFields):
        found["errors"] = [
            {"field": without_paths(one.field, known), "detail": without_paths(one.detail, known)}
            for one in fault.complaints
        ]
    return found


def described(
    error: BaseException, *, home: Path, instance: str | None = None, paths: Sequence[Path] = ()
) -> dict[str, Any]:
    """Any exception as problem details; the traceback of a surprise goes to the log in `home`."""
    return problem(fault_of(error, home), instance=instance, paths=(home, *paths))


def response(
    of: Fault | Mapping[str, Any],
    *,
    instance: str | None = None,
    paths: Sequence[Path] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that reports a fault, or problem details that are made already."""
    body = problem(of, instance=instance, paths=paths) if isinstance(of, Fault) else dict(of)
    own = dict(of.headers) if isinstance(of, faults.Turned) else {}
    if body["code"] == "busy":
        own["Retry-After"] = "1"
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(
        text.encode("utf-8", "backslashreplace"),
        status_code=body["status"],
        headers={**own, **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI, home: Path, paths: Sequence[Path] = ()) -> None:
    """Have every failure in `app` answered by a problem; surprises are written to the log in `home`."""

    async def answered(connection: HTTPConnection, error: Exception) -> Any:
        if isinstance(connection, WebSocket) and not _can_refuse(connection):
            await _closed(connection, error, home)
            return None
        return _answer(connection.scope, error, home, paths)

    for kind in (
        Fault,
        ExceptionGroup,
        HTTPException,
        RequestValidationError,
        WebSocketRequestValidationError,
    ):
        app.add_exception_handler(kind, answered)
    app.add_middleware(Caught, home=home, paths=paths)


class Caught:
    """Answers what nothing inside caught with a problem; an answer that has begun is broken off."""

    def __init__(self, app: ASGIApp, home: Path, paths: Sequence[Path] = ()) -> None:
        self._app = app
        self._home = home
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:  # the last line of defence: callers get a problem and the log the rest
            if isinstance(error, _GONE):
                return
            if begun or scope["type"] not in ("http", "websocket"):
                fault_of(error, self._home)
                raise
            if scope["type"] == "websocket" and not _can_refuse(websocket := WebSocket(scope, receive, send)):
                await _closed(websocket, error, self._home)
                return
            await _answer(scope, error, self._home, self._paths)(scope, receive, send)


def _answer(scope: Scope, error: Exception, home: Path, paths: Sequence[Path]) -> Response:
    """The answer that reports any exception."""
    known = (home, *paths)
    if isinstance(error, HTTPException):
        return _of_http(error, scope, known)
    if isinstance(error, (RequestValidationError, WebSocketRequestValidationError)):
        kind = Headers(scope=scope).get("content-type", "")
        return response(
            complaints.of(error.errors(), content_type=kind), instance=instance_of(scope), paths=known
        )
    return response(fault_of(error, home), instance=instance_of(scope), paths=known)


def _of_http(error: HTTPException, scope: Scope, known: Sequence[Path]) -> Response:
    """The answer to what the router refused; statuses that have no body keep none."""
    number, said = error.status_code, str(error.detail)
    if number < 200 or number in (204, 304):
        return Response(status_code=number, headers=error.headers)
    path, method = instance_of(scope), scope.get("method", "GET")
    fault: Fault = faults.Turned(said, "look at /api/v1 in /openapi.json")
    if number == 404:
        fault = NotFound(f"there is nothing at {path:.200}", "the routes are listed in /openapi.json")
    elif number == 405:
        fault = faults.MethodNotAllowed(
            f"{method:.20} is not for {path:.200}", "the Allow header says what is"
        )
    elif number == 400 and "parsing the body" in said:
        fault = faults.BadJson("the body is not JSON", "send one JSON value, in UTF-8")
    elif number == 401:
        fault = faults.Unauthorized()
    elif number >= 500:
        fault = Fault(said, "try again later")
    body = {**problem(fault, instance=path, paths=known), "status": number}
    own = fault.headers if isinstance(fault, faults.Turned) else {}
    return response(body, headers={**own, **(error.headers or {})})


def _can_refuse(websocket: WebSocket) -> bool:
    """Whether a WebSocket is not open yet, and its server can answer with a problem instead."""
    offered = websocket.scope.get("extensions") or {}
    return websocket.application_state == WebSocketState.CONNECTING and "websocket.http.response" in offered


async def _closed(websocket: WebSocket, error: Exception, home: Path) -> None:
    """End a conversation that cannot go on, with the code of what went wrong."""
    wrong = isinstance(error, (HTTPException, WebSocketRequestValidationError))
    code = "bad_request" if wrong else fault_of(error, home).code
    if websocket.application_state != WebSocketState.DISCONNECTED:
        await websocket.close(1008 if PROBLEMS.get(code, (500, ""))[0] < 500 else 1011, code)


def instance_of(scope: Scope) -> str:
    """The path of the request as a URI reference."""
    return quote(str(scope["path"]), safe="/:@!$&'()*+,;=~-._")


def _paths_of(fault: BaseException) -> Iterator[Path]:
    """The files that a fault, or what caused it, speaks of."""
    seen: list[BaseException] = []
    error: BaseException | None = fault
    while error is not None and error not in seen:
        seen.append(error)
        for name in ("path", "filename", "filename2"):
            found = getattr(error, name, None)
            if isinstance(found, Path) or (isinstance(found, str) and found):
                yield Path(found)
        error = error.__cause__ or error.__context__


def _shown(value: object, known: Sequence[Path]) -> object:
    """A value that was refused, as JSON can say it: short, and no path."""
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = value if isinstance(value, str) else value.name if isinstance(value, Path) else repr(value)
    return shortened(without_paths(shortened(text, 2_000), known), 200)
