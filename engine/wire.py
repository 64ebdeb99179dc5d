"""Frames over pipes between the program and its render child: a JSON header and binary parts, nothing executable.

A frame is `RSK1`, the header's length as four bytes big-endian, the header, then the parts whose lengths the header
lists under `parts`. Bytes in, frames out: this module reads and writes no pipe itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MAGIC: Final = b"RSK1"
PREFIX: Final = len(MAGIC) + 4
LARGEST_HEADER: Final = 8 * 2**20
LARGEST_BODY: Final = 2**30


class BadFrame(Exception):
    """The bytes are no frame, or one larger than any that is ever sent; nothing after them can be trusted."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: plain JSON values and the binary parts that go with them."""

    header: Mapping[str, Any]
    parts: tuple[bytes, ...] = ()


def encode(header: Mapping[str, Any], parts: Sequence[bytes] = ()) -> bytes:
    """The bytes of one frame; raises `BadFrame` where it would be larger than a receiver accepts."""
    sizes = [len(part) for part in parts]
    text = json.dumps({**header, "parts": sizes}, separators=(",", ":"), allow_nan=False).encode()
    if len(text) > LARGEST_HEADER or sum(sizes) > LARGEST_BODY:
        raise BadFrame(f"a frame of {len(text)} and {sum(sizes)} bytes is too large")
    return b"".join((MAGIC, len(text).to_bytes(4, "big"), text, *parts))


class Decoder:
    """Turns received bytes, however they were cut up, into frames; after `BadFrame` it is of no further use."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._header: Mapping[str, Any] | None = None
        self._sizes: list[int] = []

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield each frame that `data` completes, in order."""
        self._held += data
        while (frame := self._take()) is not None:
            yield frame

    @property
    def empty(self) -> bool:
        """Whether everything received so far has been given out as whole frames."""
        return not self._held and self._header is None

    def _take(self) -> Frame | None:
        if self._header is None and not self._take_header():
            return None
        assert self._header is not None
        if len(self._held) < sum(self._sizes):
            return None
        parts, at = [], 0
        for size in self._sizes:
            parts.append(bytes(self._held[at : at + size]))
            at += size
        del self._held[:at]
        frame = Frame(self._header, tuple(parts))
        self._header = None
        return frame

    def _take_header(self) -> bool:
        start = bytes(self._held[:PREFIX])
        if not MAGIC.startswith(start[: len(MAGIC)]):
            raise BadFrame(f"a frame starts with {start!r}")
        if len(start) < PREFIX:
            return False
        size = int.from_bytes(start[len(MAGIC) :], "big")
        if size > LARGEST_HEADER:
            raise BadFrame(f"a header of {size} bytes")
        if len(self._held) < PREFIX + size:
            return False
        self._header, self._sizes = _header(bytes(self._held[PREFIX : PREFIX + size]))
        del self._held[: PREFIX + size]
        return True


def _header(text: bytes) -> tuple[Mapping[str, Any], list[int]]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"a header that is no JSON: {error}") from error
    if not isinstance(header, dict) or not isinstance(sizes := header.pop("parts", None), list):
        raise BadFrame("a header without parts")
    if not all(type(size) is int and size >= 0 for size in sizes) or sum(sizes) > LARGEST_BODY:
        raise BadFrame(f"parts of {sizes} bytes"[:200])
    return header, sizes
