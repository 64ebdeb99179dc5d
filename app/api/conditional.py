"""Requests that depend on what the caller has already: entity tags and byte ranges, as RFC 9110 has them."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from app.api.faults import NoSuchRange

_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_LIST: Final = re.compile(rf"[ \t,]*(?:{_TAG.pattern}[ \t]*(?:,[ \t,]*|\Z))*")
_RANGE: Final = re.compile(r"bytes=[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*", re.IGNORECASE)
_LARGEST: Final = 10**18


def etag(*parts: str | bytes | int) -> str:
    """A strong entity tag: equal for equal parts, in this order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(f"{type(part).__name__} {len(data)}\n".encode() + data)
    return f'"{digest.hexdigest()[:32]}"'


def matches(header: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` names this tag or is `*`; compares weakly, and a broken header names nothing."""
    if header is None:
        return False
    if header.strip(" \t") == "*":
        return True
    if not _LIST.fullmatch(header):
        return False
    return tag.removeprefix("W/") in {one.removeprefix("W/") for one in _TAG.findall(header)}


def ranges(
    header: str | None, size: int, *, if_range: str | None = None, tag: str = ""
) -> list[range] | None:
    """The bytes that a `Range` asks for; None when the whole is to be sent: no clear range, several, or another tag.

    Raises `NoSuchRange` where none of them is there. `If-Range` is compared strongly; a date in it matches nothing.
    """
    found = _RANGE.fullmatch(header.strip(" \t")) if header is not None else None
    if found is None or (if_range is not None and not _same(if_range.strip(" \t"), tag)):
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        return _suffix(_number(suffix), size)
    start = _number(first)
    stop = _number(last) + 1 if last else size
    if stop <= start and last:
        return None
    if start >= size:
        raise NoSuchRange(size)
    return [range(start, min(stop, size))]


def _suffix(length: int, size: int) -> list[range] | None:
    if length == 0:
        raise NoSuchRange(size)
    return [range(max(0, size - length), size)] if size else None


def _same(if_range: str, tag: str) -> bool:
    return bool(tag) and not tag.startswith("W/") and if_range == tag


def _number(digits: str) -> int:
    """A number of any length; what is larger than any file is all the same."""
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) < 19 else _LARGEST
