"""What a raw automerge change says of itself in its header, read without the binding and without trusting it.

Layout (automerge binary format, change chunk): magic, 4 bytes checksum, type 1, length, then dependencies, actor, seq,
start op, time, message, other actors, columns. A change's hash is the SHA-256 over type, length and contents, of which
the checksum is the first 4 bytes. Compressed chunks (type 2) are refused: a small one may inflate to any size, and our
own are stored uncompressed inside bundles that are compressed as a whole.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from engine.faults import Damaged

MAGIC: Final = b"\x85\x6f\x4a\x83"
LARGEST: Final = 64 * 1024
MOST_DEPENDENCIES: Final = 64
_LARGEST_NUMBER: Final = 2**31
_CHANGE: Final = 1


@dataclass(frozen=True, slots=True)
class Header:
    """The identity of one change: hash and dependencies as 32 bytes each, the actor as 16."""

    hash: bytes
    dependencies: tuple[bytes, ...]
    actor: bytes
    seq: int
    start_op: int


def header(raw: bytes) -> Header:
    """Read the header of one change; raises `Damaged` on anything that none of our devices writes."""
    if len(raw) > LARGEST:
        raise _damaged(f"it has {len(raw)} bytes, more than {LARGEST}")
    if raw[:4] != MAGIC or len(raw) < 12 or raw[8] != _CHANGE:
        raise _damaged("it does not begin like one")
    reader = _Reader(raw, 9)
    length = reader.number()
    digest = hashlib.sha256(raw[8:]).digest()
    if reader.at + length != len(raw) or digest[:4] != raw[4:8]:
        raise _damaged("its checksum or length is wrong")
    count = reader.number()
    if count > MOST_DEPENDENCIES:
        raise _damaged(f"it depends on {count} others")
    dependencies = tuple(reader.take(32) for _ in range(count))
    actor = reader.take(reader.number())
    seq, start_op = reader.number(), reader.number()
    if not 0 < seq < _LARGEST_NUMBER or not 0 < start_op < _LARGEST_NUMBER:
        raise _damaged("its numbers are out of range")
    return Header(digest, dependencies, actor, seq, start_op)


class _Reader:
    def __init__(self, raw: bytes, at: int) -> None:
        self.raw = raw
        self.at = at

    def take(self, size: int) -> bytes:
        found = self.raw[self.at : self.at + size]
        if size > LARGEST or len(found) != size:
            raise _damaged("it ends too early")
        self.at += size
        return found

    def number(self) -> int:
        """An unsigned LEB128 number of at most five bytes."""
        value = 0
        for shift in range(0, 35, 7):
            try:
                byte = self.raw[self.at]
            except IndexError:
                raise _damaged("it ends too early") from None
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise _damaged("it holds a number that is too large")


def _damaged(why: str) -> Damaged:
    return Damaged(
        f"a change is not well formed: {why}", "it was set aside; ask its author's device to send it again"
    )
