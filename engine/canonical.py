"""Values in the one form that has one canonical writing, checked as they enter a recipe or a parameter.

Every check takes the field's name first and raises `BadField` with it, whatever the type of the value: what
comes from a file, a peer or a chunk inside a picture is not trusted to have the right one.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.faults import BadField

LARGEST_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8785 refuses larger ones)."""
DEEPEST: Final = 16
"""How deep JSON values may nest; far deeper than any configuration of a scheduler."""


def normal_text(text: str) -> str:
    """Text as it enters a recipe: NFC, so that `café` typed in two ways is one recipe."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def text(field: str, value: object) -> str:
    """Any text that has a UTF-8 writing, in NFC."""
    if not isinstance(value, str):
        raise BadField(field, value, "text")
    normal = normal_text(str(value))
    if not normal.isascii():
        try:
            normal.encode()
        except UnicodeEncodeError as error:
            raise BadField(field, value, "text that can be written as UTF-8") from error
    return normal


def word(field: str, value: object) -> str:
    """Text that is not empty."""
    found = text(field, value)
    if not found:
        raise BadField(field, value, "text that is not empty")
    return found


def integer(field: str, value: object, low: int, high: int = LARGEST_INTEGER) -> int:
    """A whole number from `low` to `high`; 7.0 is 7, and true is no number."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_INTEGER:
        value, whole = int(value), True
    if not whole or not isinstance(value, int) or not low <= value <= high:
        raise BadField(field, value, f"a whole number from {low} to {high}")
    return int(value)


def number(field: str, value: object, low: float = -LARGEST_INTEGER, high: float = LARGEST_INTEGER) -> float:
    """A finite number from `low` to `high`; -0.0 is 0.0, and true is no number."""
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not numeric or not isinstance(value, (int, float)) or not low <= value <= high:
        raise BadField(field, value, f"a number from {low:g} to {high:g}")
    return float(value) + 0.0


def plain(field: str, value: object, depth: int = 0) -> Any:
    """A JSON value: nulls of objects left out, text in NFC, integral numbers as integers.

    Refused are what JSON lacks (NaN, infinities, other types), numbers from 2**53 up, two names of an object
    that are one in NFC, and nesting deeper than `DEEPEST`.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(field, value)
    if isinstance(value, (int, float)):
        return _exact(field, value)
    if depth >= DEEPEST:
        raise BadField(field, "…", f"values nested at most {DEEPEST} deep")
    if isinstance(value, Mapping):
        return _object(field, value, depth)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [plain(f"{field}[{place}]", one, depth + 1) for place, one in enumerate(value)]
    raise BadField(field, value, "a JSON value")


def mapping(field: str, value: object) -> dict[str, Any]:
    """A JSON object as `plain` gives it."""
    if not isinstance(value, Mapping):
        raise BadField(field, value, "a JSON object")
    return _object(field, value, 0)


def _object(field: str, value: Mapping[Any, object], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, one in value.items():
        key = text(f"a name in {field}", name)
        if key in found:
            raise BadField(field, key, "names that differ in more than how their accents are written")
        if one is not None:
            found[key] = plain(f"{field}.{key}", one, depth + 1)
    return found


def _exact(field: str, value: int | float) -> int | float:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadField(field, value, "a finite number")
    if abs(value) > LARGEST_INTEGER:
        raise BadField(field, value, "a number under 2**53, which JSON keeps exactly")
    return int(value) if value == int(value) else float(value)
