"""From a command's answer to the bytes of a response: no paths, only the fields that were asked for, an ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.api import conditional
from app.commands.table import Outcome
from engine.faults import BadField

EXIT_STATUS: Final = "Restrike-Exit-Status"
JSON: Final = "application/json"


def pathless(value: Any) -> Any:
    """`value` without its `Path`s; where a sentence in it names one of them, only the last part is left of it."""
    found = sorted({str(one) for one in _paths(value)}, key=len, reverse=True)
    return _without(value, found)


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _paths(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _paths(one)


def _without(value: Any, paths: Sequence[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(one, paths) for key, one in value.items() if not isinstance(one, Path)}
    if isinstance(value, (list, tuple)):
        return [_without(one, paths) for one in value if not isinstance(one, Path)]
    if isinstance(value, str) and paths:
        for path in paths:
            if path in value:
                value = value.replace(path, Path(path).name)
    return value


def sparse(value: Mapping[str, Any], fields: str | None, many: str | None = None) -> Mapping[str, Any]:
    """Only the named keys of the things in the list `many`, or of the thing; `BadField` for one that none has."""
    if not fields:
        return value
    names = [one.strip() for one in fields.split(",") if one.strip()]
    things: list[Mapping[str, Any]] = [value] if many is None else value[many]
    known = {key for thing in things for key in thing}
    unknown = [name for name in names if name not in known]
    if unknown and known:
        raise BadField("fields", unknown[0], ", ".join(sorted(known)))
    chosen = [{name: thing[name] for name in names if name in thing} for thing in things]
    return chosen[0] if many is None else {**value, many: chosen}


def dumped(value: Any) -> bytes:
    """`value` as JSON."""
    return orjson.dumps(value)


def tag(*parts: object) -> str:
    """A weak ETag of what determines an answer."""
    return f"W/{conditional.etag(*map(str, parts))}"


def unchanged(request: Request, etag: str) -> Response | None:
    """304 when the caller has what the tag stands for."""
    known = request.headers.get("if-none-match")
    if known is not None and conditional.matches(known, etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    return None


def reply(
    request: Request,
    value: Mapping[str, Any],
    *,
    status: int = 200,
    etag: str | None = None,
    headers: Mapping[str, str] | None = None,
    paths: bool = True,
) -> Response:
    """The response to a request that was answered with `value`; a reading one gets a tag and may come out as 304.

    `paths` false says that no path can be in it, which saves looking for them.
    """
    body = dumped(pathless(value) if paths else value)
    named = {EXIT_STATUS: str(value.exit_status)} if isinstance(value, Outcome) else {}
    if request.method == "GET" and status == 200:
        etag = etag or tag(hashlib.sha256(body).hexdigest())
        found = unchanged(request, etag)
        if found is not None:
            return found
        named |= {"ETag": etag, "Cache-Control": "private, no-cache"}
    return Response(body, status, {**named, **(headers or {})}, JSON)
