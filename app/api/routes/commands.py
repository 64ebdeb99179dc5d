"""A route for every command, made from the command table and the functions behind it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app import attention
from app.api import bodies, problems
from app.api.bodies import LONGEST_LIST, PAGE, Taken
from app.api.desk import Desk
from app.api.reply import pathless, reply, sparse, tag, unchanged
from app.api.schemas import ANSWERS
from app.api.stream import NDJSON, lines
from app.commands.table import COMMANDS, Command, News, Report, load

STEADY: Final = ("asset list", "asset show", "asset history", "asset diff", "asset forks")
"""Commands whose answer follows from the documents and the question alone."""
LISTS: Final = {
    "asset list": "assets",
    "asset history": "versions",
    "asset diff": "changed",
    "asset forks": "forks",
    "jobs": "jobs",
    "take list": "takes",
    "model list": "models",
    "doctor": "checks",
}
"""The key of the list in the answer of a command that lists."""
ASKED: Final = ("serve", "relay")
"""Commands that run until they are stopped: their own routes say how what they run is doing."""
PROJECT: Final = "The project's id, as `GET /projects` says it."
FIELDS: Final = "Only these keys of each thing in the answer, separated by commas."


def router(desk: Desk) -> APIRouter:
    """The routes of all commands but those that are no requests, such as `events`."""
    made = APIRouter()
    for entry in COMMANDS:
        if entry.method == "WS" or entry.words in ASKED:
            continue
        command = load(entry.words)
        made.add_api_route(
            entry.path,
            _endpoint(desk, command),
            methods=[entry.method],
            name=entry.function_name,
            operation_id=entry.function_name,
            tags=[entry.words.partition(" ")[0]],
            summary=entry.summary,
            description=inspect.getdoc(command.function),
            status_code=entry.success,
            responses={entry.success: {"model": ANSWERS[entry.words]}},
        )
    return made


def _endpoint(desk: Desk, command: Command) -> Callable[..., Any]:
    """The function behind a route, with the signature that FastAPI reads its parameters from."""
    taken = bodies.taken(command)
    steady = command.entry.words in STEADY

    async def endpoint(request: Request, **given: Any) -> Response:
        project, fields = given.pop("project", None), given.pop("fields", None)
        body = given.pop("body", None)
        wanted = {**given, **(_values_of(body) if body is not None else {})}
        etag = None
        if steady:
            studio = desk.studio(project)
            edited = attention.edited(studio)  # the one thing in such an answer that no document says
            etag = tag(studio.project.version, desk.release, request.url.path, request.url.query, edited)
            if (known := unchanged(request, etag)) is not None:
                return known
        if command.wants("report") and NDJSON in request.headers.get("accept", ""):
            return _streamed(desk, command, project, wanted)
        value = await _performed(desk, command, project, wanted, _unheard)
        found = sparse(value, fields, LISTS.get(command.entry.words))
        return reply(request, found, status=command.entry.success, etag=etag, paths=not steady)

    endpoint.__name__ = command.entry.function_name
    endpoint.__signature__ = inspect.Signature(_signature(command, taken))  # type: ignore[attr-defined]
    return endpoint


def _values_of(body: Any) -> dict[str, Any]:
    """What a request's body says: only what was really given, so that all else has the command's defaults."""
    return {name: value for name, value in body.model_dump().items() if name in body.model_fields_set}


async def _performed(
    desk: Desk, command: Command, project: str | None, wanted: Mapping[str, Any], report: Report
) -> Mapping[str, Any]:
    with bodies.values(command, wanted) as (values, files):
        value = await desk.perform(command, values, project, report)
        written = files.contents()
        return _joined(value, written) if written else value


def _joined(value: Mapping[str, Any], written: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer with the files that were written in place of their paths."""
    return {**pathless(value), **written}


def _streamed(desk: Desk, command: Command, project: str | None, wanted: Mapping[str, Any]) -> Response:
    desk.studio(project)

    def described(error: BaseException) -> dict[str, Any]:
        return problems.described(error, paths=desk.paths, home=desk.place.home)

    return StreamingResponse(
        lines(lambda report: _performed(desk, command, project, wanted, report), described), media_type=NDJSON
    )


def _signature(command: Command, taken: list[Taken]) -> list[inspect.Parameter]:
    found = [_parameter("request", Request)]
    if "{project}" in command.entry.path:
        found.append(_parameter("project", Annotated[str, Path(description=PROJECT)]))
    found += [_parameter(one.name, *_annotated(one)) for one in taken if one.place != "body"]
    model = bodies.body_model(command)
    if model is not None:
        optional = not any(one.is_required() for one in model.model_fields.values())
        wire: Any = model | None if optional else model
        kind: Any = Annotated[wire, Body()]
        found.append(_parameter("body", kind, None if optional else inspect.Parameter.empty))
    if command.entry.method == "GET":
        found.append(
            _parameter("fields", Annotated[str | None, Query(description=FIELDS, max_length=500)], None)
        )
    return found


def _annotated(one: Taken) -> tuple[Any, Any]:
    """The type and default of a parameter in the path or the query."""
    said: dict[str, Any] = {"description": one.about.help}
    if one.place == "path":
        return Annotated[one.kind, Path(**said, max_length=200)], inspect.Parameter.empty
    if one.name == "limit":
        return Annotated[int, Query(**said, ge=0, le=LONGEST_LIST)], PAGE
    if one.name == "offset":
        return Annotated[int, Query(**said, ge=0, le=2**31)], 0
    if isinstance(one.default, list):
        return Annotated[one.kind, Query(**said, max_length=LONGEST_LIST)], []
    return Annotated[one.kind, Query(**said)], one.default


def _parameter(name: str, kind: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)


def _unheard(news: News) -> None:
    """Nobody waits for anything but the answer."""
