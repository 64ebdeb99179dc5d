"""The API's own description: what FastAPI reads off the routes, completed by what holds for all of them.

FastAPI knows parameters, bodies and answers. Added here are problems by status, headers, examples, streams, sparse
answers, the token, and the events of the WebSocket.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.api.schemas import ANSWERS, FIXED, events, examples
from app.api.schemas.problem import EXAMPLES, TITLES, Problem
from app.api.schemas.stream import Line
from app.commands.table import COMMANDS, GROUPS, Entry, load

Json = dict[str, Any]
METHODS: Final = ("get", "put", "post", "patch", "delete")
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
PROBLEM: Final = "application/problem+json"
SCHEMAS: Final = "#/components/schemas/"
ABOUT: Final = """The program that has a film open answers on loopback. Address and token are in `.restrike/api.json`
in the film's folder, which only its owner can read; send `Authorization: Bearer TOKEN` with every request.

* Every command of the command line is a route; answers are the objects that `--json` prints, without paths of files.
* Pictures are addressed by id: `GET /api/v1/assets/{asset}/content`.
* What changes takes `Idempotency-Key`: the same key gives the same answer, once done, for a day.
* Failures are problem details (RFC 9457) with a stable `code`, a sentence and a hint.
* `Restrike-Exit-Status` says what the command line would have ended with; without it, 0.
* Long work can be followed: with `Accept: application/x-ndjson` the answer comes line by line.
* `WS /api/v1/events` tells of every change: the token goes into the header or into the subprotocol
  `restrike.bearer.TOKEN`. Its messages are under `webhooks` (to clients) and `x-client-events` (from clients).
"""
TAGS: Final[Mapping[str, str]] = {
    "projects": "What is open here, and what is in it.",
    "regenerative": "The whole state of a film under one number, and saving parameters against it.",
    "regeneration": "The queue as other programs use it: ask for many pictures at once, follow them.",
    "content": "Pictures by id, in ranges, by signed address, brought back when they were deleted.",
    **GROUPS,
    "team": "Who belongs to the project and who is here: tickets, members, removals, peers.",
    "program": "The running program and the machine it stands on.",
}
"""Every tag and what is under it, in the order in which they are shown."""
_TAG_OF: Final[Mapping[str, str]] = {
    "init": "projects",
    "status": "projects",
    "verify": "projects",
    "render": "jobs",
    "worker": "jobs",
    "invite": "team",
    "members": "team",
    "revoke": "team",
    "admit": "team",
    "adopt": "team",
    "join": "team",
    "peers": "team",
    "export": "projects",
    "import": "projects",
    "relay": "program",
    "demo": "program",
    "doctor": "program",
    "help": "program",
    "server": "program",
    "serve": "program",
}
"""Where commands of one word stand."""


def document(app: FastAPI) -> Json:
    """The OpenAPI 3.1 description of `app`, made anew each time."""
    found = get_openapi(
        title="Restrike",
        version=app.version,
        openapi_version="3.1.0",
        summary="The local API of Restrike.",
        description=ABOUT,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in TAGS.items()],
        servers=[{"url": "/", "description": "The program that this description came from."}],
    )
    components = _components(found)
    entries = {entry.function_name: entry for entry in COMMANDS}
    for method, path, operation in operations(found):
        _complete(operation, method, path, entries.get(operation["operationId"]), components["schemas"])
    found["security"] = [{"bearer": []}]
    found["webhooks"] = events.webhooks()
    found["x-client-events"] = events.from_clients()
    return found


def operations(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Json]]:
    """Every operation of a description: its method, its path, and what is said of it."""
    for path, item in found["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _components(found: Json) -> Json:
    """What operations refer to: schemas, problems by status, headers, the token."""
    components: Json = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    # FastAPI leaves nulls out, of examples too: the models of answers are described once more, as they are.
    answers = dict.fromkeys((*ANSWERS.values(), *FIXED, Problem, Line, *events.MODELS))
    models: list[Any] = [(one, "serialization") for one in answers]
    schemas |= models_json_schema(models, ref_template=SCHEMAS + "{model}")[1]["$defs"]
    components["responses"] = {
        f"Problem{status}": _problem(status, title) for status, title in TITLES.items()
    }
    components["headers"] = examples.HEADERS
    components["parameters"] = examples.PARAMETERS
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The `token` in `.restrike/api.json` in the film's folder.",
        }
    }
    return components


def _problem(status: str, title: str) -> Json:
    answer: Json = {
        "description": title,
        "content": {
            PROBLEM: {
                "schema": {"$ref": SCHEMAS + "Problem"},
                "examples": {"problem": {"summary": title, "value": EXAMPLES[status]}},
            }
        },
    }
    named = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After", "409": "Retry-After"}
    if status in named:
        answer["headers"] = {named[status]: {"$ref": f"#/components/headers/{named[status]}"}}
    return answer


def _complete(operation: Json, method: str, path: str, entry: Entry | None, schemas: Json) -> None:
    [tag] = operation.get("tags") or ["program"]
    operation["tags"] = [_TAG_OF.get(tag, tag)]
    responses = operation["responses"]
    responses.pop("422", None)
    _answers(responses, method, schemas, entry)
    if method == "get" and any(one["name"] == "fields" for one in operation.get("parameters", ())):
        _sparse(responses, schemas)
    if entry is not None and load(entry.words).wants("report"):
        _streamed(responses, entry)
    for status in _problems(operation, method, path):
        responses.setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
    parameters = operation.setdefault("parameters", [])
    for name in _header_parameters(method, path):
        parameters.append({"$ref": f"#/components/parameters/{name}"})
    if not parameters:
        del operation["parameters"]
    _examples(operation)


def _answers(responses: Json, method: str, schemas: Json, entry: Entry | None) -> None:
    """What there is to say of each answer: what it holds, an example, its headers."""
    for status, answer in responses.items():
        if not status.startswith("2"):
            continue
        media = answer.get("content", {}).get(JSON)
        if media and media["schema"].get("title") in schemas:
            media["schema"] = {"$ref": SCHEMAS + media["schema"]["title"]}
        schema = schemas.get(media["schema"].get("$ref", "").removeprefix(SCHEMAS), {}) if media else {}
        if schema.get("description") and answer["description"] == "Successful Response":
            answer["description"] = schema["description"]
        if media and schema.get("examples"):
            media["examples"] = {"example": {"summary": schema["title"], "value": schema["examples"][0]}}
        names = ["ETag", "Cache-Control"] if method == "get" else ["Idempotency-Replayed"]
        names += ["Restrike-Exit-Status"] if entry is not None else []
        names += ["Location", "Retry-After"] if status == "202" and method == "get" else []
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if method == "get":
        responses.setdefault("304", {"description": "You have it."})


def _sparse(responses: Json, schemas: Json) -> None:
    """With `fields` an answer has only some of its keys: it is the whole, or a part of it."""
    media = responses["200"]["content"][JSON]
    name = media["schema"]["$ref"].removeprefix(SCHEMAS)
    part = f"{name}Sparse"
    if part not in schemas:
        schemas[part] = _part(schemas[name], schemas)
    media["schema"] = {"anyOf": [{"$ref": SCHEMAS + name}, {"$ref": SCHEMAS + part}]}


def _part(schema: Json, schemas: Json) -> Json:
    """A schema of which nothing is required: of the things in its lists, or of the thing itself."""
    if "anyOf" in schema:
        return {
            "anyOf": [_part(schemas[one["$ref"].removeprefix(SCHEMAS)], schemas) for one in schema["anyOf"]]
        }
    named = {
        key: schemas[one["items"]["$ref"].removeprefix(SCHEMAS)]
        for key, one in schema.get("properties", {}).items()
        if "$ref" in one.get("items", {})
    }
    lists = {
        key: {**schema["properties"][key], "items": _loose(one)}
        for key, one in named.items()
        if one.get("type") == "object"
    }
    made = {**_loose(schema), "properties": {**schema.get("properties", {}), **lists}}
    return {**made, "description": "With `fields`: only the keys that were asked for."}


def _loose(schema: Json) -> Json:
    return {key: one for key, one in schema.items() if key not in ("required", "examples", "title")}


def _streamed(responses: Json, entry: Entry) -> None:
    """The same answer, line by line: what the command says, how far it is, and last the answer."""
    lines = {
        "schema": {
            "type": "string",
            "contentMediaType": NDJSON,
            "contentSchema": {"$ref": SCHEMAS + "Line"},
            "description": "One JSON object a line; the last one is `answer` or `problem`.",
        },
        "examples": {"lines": {"summary": "A streamed answer", "value": examples.STREAM}},
    }
    stream = "With `Accept: application/x-ndjson`: the answer line by line."
    answer = responses.setdefault("200", {"description": stream})
    answer.setdefault("content", {})[NDJSON] = lines


def _problems(operation: Json, method: str, path: str) -> list[str]:
    """The statuses of the problems that an operation may answer with."""
    writing = method != "get"
    asks = bool(operation.get("parameters") or "requestBody" in operation)
    found = [] if operation.get("security") == [] else ["401"]
    found += ["403", "414", "429", "431", "503", "5XX"]
    found += ["404"] if asks else []
    found += ["422"] if asks or writing else []
    found += ["409"] if writing or "{" in path or asks else []
    found += ["400", "408", "413", "507"] if writing else []
    found += ["415"] if "requestBody" in operation else []
    return sorted(found)


def _header_parameters(method: str, path: str) -> list[str]:
    if method != "get":
        return ["Idempotency-Key"]
    return ["If-None-Match", *(["Range", "If-Range"] if "/content" in path else [])]


def _examples(operation: Json) -> None:
    """Realistic values for what an operation takes."""
    for one in operation.get("parameters", ()):
        if one.get("required") and one["name"] in examples.VALUES:
            one["example"] = examples.VALUES[one["name"]]
    body = examples.BODIES.get(operation["operationId"])
    media = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if media is not None and body is not None:
        media["examples"] = {"example": {"summary": operation["summary"], "value": body}}
