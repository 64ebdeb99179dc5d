"""What an answer holds when something went wrong: RFC 9457, with the program's codes."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ConfigDict

from app.api.schemas.values import Open, Shape, always, maybe


class FieldProblem(Shape):
    """One field that was refused."""

    field: str = always("The field.")
    detail: str = always("What is wrong with it, in a sentence.")


class Problem(Open):
    """Something went wrong, and what to do about it."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:restrike:problem:not_found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "there is no asset MARRA",
                    "code": "not_found",
                    "hint": "did you mean MARA?",
                    "instance": "/api/v1/projects/7c9dca00/assets/MARRA",
                }
            ]
        },
    )

    type: str = always("urn:restrike:problem: and the code.", json_schema_extra={"format": "uri"})
    title: str = always("The kind of problem, in words.")
    status: int = always("The status of the answer.", ge=400, le=599)
    detail: str = always("What went wrong this time, in a sentence.")
    code: str = always("The kind of problem, for programs: bad_field, not_found, conflict, refused …")
    hint: str = always("What to do about it.")
    instance: str = maybe("The path that was asked for.")
    field: str = maybe("Of bad_field: the field that was refused.")
    value: Any = maybe("Of bad_field: the value that it had.")
    allowed: str = maybe("Of bad_field: what is allowed, in words.")
    errors: list[FieldProblem] = maybe("Of bad_field: everything that was refused, the first one first.")
    state: Any = maybe("Of a conflict over saved parameters: the state as it is now.")


def example(code: str, title: str, status: int, detail: str, hint: str, **more: Any) -> dict[str, Any]:
    """A problem as an example."""
    kind = f"urn:restrike:problem:{code}"
    told = {"type": kind, "title": title, "status": status, "detail": detail, "code": code, "hint": hint}
    return {**told, **more}


_FIELD: Final = {"field": "steps", "value": 0, "allowed": "1 to 1000"}
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "400": example(
        "bad_json", "The body is not JSON", 400, "the body is not JSON", "send one JSON value, in UTF-8"
    ),
    "401": example(
        "unauthorized",
        "The token is missing or wrong",
        401,
        "this needs the token of the project",
        "send `Authorization: Bearer TOKEN` with the token from .restrike's api.json",
    ),
    "403": example(
        "refused",
        "It is not allowed",
        403,
        "BAY feeds SH010",
        "drop the input first: asset set SH010 --drop-input BAY",
    ),
    "404": example(
        "not_found", "There is no such thing", 404, "there is no asset MARRA", "did you mean MARA?"
    ),
    "408": example(
        "too_slow",
        "The request took too long to arrive",
        408,
        "nothing more of the body came",
        "send it again",
    ),
    "409": example(
        "conflict",
        "Somebody else changed it first",
        409,
        "MARA is at version 4, not 3",
        "look, then save again",
    ),
    "413": example("too_large", "The body is too large", 413, "the body is too large", "send less at once"),
    "414": example("url_too_long", "The URL is too long", 414, "the URL is too long", "ask for less at once"),
    "415": example(
        "unsupported_media_type",
        "Bodies of this kind are not read",
        415,
        "bodies of the type text/plain are not read here",
        "send JSON as application/json",
    ),
    "422": example(
        "bad_field",
        "A field has a value it cannot have",
        422,
        "steps cannot be 0",
        "allowed: 1 to 1000",
        **_FIELD,
    ),
    "429": example(
        "too_many", "Too many requests", 429, "too many requests in a short time", "try again in 1 s"
    ),
    "431": example(
        "headers_too_large",
        "The headers are too large",
        431,
        "the headers are too large",
        "send fewer headers",
    ),
    "503": example(
        "busy", "Another process is writing", 503, "another process is writing", "try again in a second"
    ),
    "507": example("no_space", "The disk is full", 507, "the disk is full", "free some space and ask again"),
    "5XX": example("failed", "It failed", 500, "the renderer died", "restrike doctor says what is missing"),
}
"""One realistic problem for each status."""
TITLES: Final[dict[str, str]] = {status: one["title"] for status, one in EXAMPLES.items()}
"""Each status in words."""
