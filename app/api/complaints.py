"""What pydantic found wrong with a request, as a fault that names each field and what it may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.api.faults import BadJson, UnsupportedMediaType
from engine.faults import BadField, Fault

_PLACES: Final = ("body", "query", "path", "header", "cookie")
_WHOLE: Final = "body"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One field, and a sentence that says what is wrong with it."""

    field: str
    detail: str


class BadFields(BadField):
    """Fields of a request are missing, unknown or hold what they cannot; the first one stands for all."""

    def __init__(self, complaints: Sequence[Complaint], value: object, allowed: str) -> None:
        super().__init__(complaints[0].field, value, allowed)
        self.message = complaints[0].detail
        self.complaints = tuple(complaints)


def of(errors: Sequence[Mapping[str, Any]], *, content_type: str = "") -> Fault:
    """The fault behind pydantic's errors; a body that was not read as JSON is one of its media type."""
    first = errors[0]
    if first["type"] == "json_invalid":
        why = str(first.get("ctx", {}).get("error", "")) or "it cannot be read"
        return BadJson(f"the body is not JSON: {why}", "send one JSON value, in UTF-8")
    if tuple(first["loc"]) == ("body",) and isinstance(first.get("input"), bytes) and not _json(content_type):
        shown = f"bodies of the type {content_type:.80}" if content_type else "bodies without a type"
        return UnsupportedMediaType(f"{shown} are not read here", "send JSON as application/json")
    return BadFields(
        [Complaint(_field(one), _sentence(one)) for one in errors],
        None if first["type"] == "missing" else first.get("input"),
        _allowed(first),
    )


def _json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _field(error: Mapping[str, Any]) -> str:
    loc = [str(one) for one in error["loc"]]
    if loc and loc[0] in _PLACES:
        loc = loc[1:]
    return ".".join(loc) or _WHOLE


def _allowed(error: Mapping[str, Any]) -> str:
    """What the field may hold, in pydantic's words without their beginning."""
    if error["type"] == "missing":
        return "it has to be there"
    if error["type"] == "extra_forbidden":
        return "no field of this name"
    said = str(error["msg"])
    for prefix in ("Input should be ", "Value error, ", "Assertion failed, "):
        said = said.removeprefix(prefix)
    return said[:1].lower() + said[1:]


def _sentence(error: Mapping[str, Any]) -> str:
    field = _field(error)
    if error["type"] == "missing":
        return f"{field} is missing"
    if error["type"] == "extra_forbidden":
        return f"there is no field {field}"
    return f"{BadField(field, error.get('input'), '').message}; allowed: {_allowed(error)}"
