"""The words of the TLS connection for blobs: frames of a length, a kind and a body, each bounded.

The server begins with GREETING, both answer with PROOF; then the client asks HAS and GET as often as it likes, without
waiting, and is answered in that order. A blob is named by the 32 bytes of its digest, never by anything else.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Final

from engine.recipe import FileDigest

VERSION: Final = 1
MOST_DIGESTS: Final = 1024
"""How many digests one question may name."""
PART: Final = 64 * 1024
"""The most bytes of a blob in one frame."""
DIGEST_BYTES: Final = 32
NOT_THERE: Final = 2**64 - 1
_HEAD: Final = struct.Struct(">IB")
_SIZE: Final = struct.Struct(">Q")
_RANGE: Final = struct.Struct(">QQ")


class Kind(IntEnum):
    """What a frame is."""

    GREETING = 1
    PROOF = 2
    HAS = 3
    SIZES = 4
    GET = 5
    BYTES = 6
    END = 7
    GONE = 8


_MOST: Final[Mapping[Kind, int]] = {
    Kind.GREETING: 64,
    Kind.PROOF: 128,
    Kind.HAS: MOST_DIGESTS * DIGEST_BYTES,
    Kind.SIZES: MOST_DIGESTS * _SIZE.size,
    Kind.GET: DIGEST_BYTES + _RANGE.size,
    Kind.BYTES: PART,
    Kind.END: 0,
    Kind.GONE: 0,
}


class Broken(ConnectionError):
    """The other side does not keep to the protocol, or is not who it should be; the connection ends."""


def frame(kind: Kind, body: bytes = b"") -> bytes:
    """A frame as it is sent."""
    return _HEAD.pack(len(body), kind) + body


async def read_frame(reader: asyncio.StreamReader, *expected: Kind, begun: bytes = b"") -> tuple[Kind, bytes]:
    """The next frame, of one of these kinds, whose first bytes may be `begun`.

    Raises `Broken`, or `EOFError` at the end of the connection.
    """
    length, number = _HEAD.unpack(begun + await reader.readexactly(_HEAD.size - len(begun)))
    if number not in expected or length > _MOST[Kind(number)]:
        raise Broken(f"a frame of kind {number} and {length} bytes is not expected here")
    return Kind(number), await reader.readexactly(length)


def has(digests: Iterable[FileDigest]) -> bytes:
    """The question which of these are there, and how large."""
    return frame(Kind.HAS, b"".join(bytes.fromhex(one) for one in digests))


def named(body: bytes) -> list[FileDigest]:
    """The digests that a question names."""
    if len(body) % DIGEST_BYTES:
        raise Broken("a digest is cut off")
    return [FileDigest(one.hex()) for one in cut(body, DIGEST_BYTES)]


def sizes(found: Iterable[int | None]) -> bytes:
    """The answer to `has`, in the order of the question."""
    return frame(Kind.SIZES, b"".join(_SIZE.pack(NOT_THERE if one is None else one) for one in found))


def read_sizes(body: bytes, count: int) -> list[int | None]:
    """The sizes of `count` blobs that were asked for; None for what is not there."""
    if len(body) != count * _SIZE.size:
        raise Broken("an answer names other blobs than the question")
    found = (_SIZE.unpack(one)[0] for one in cut(body, _SIZE.size))
    return [None if one == NOT_THERE else one for one in found]


def get(digest: FileDigest, start: int, stop: int) -> bytes:
    """The question for the bytes from `start` to before `stop`."""
    return frame(Kind.GET, bytes.fromhex(digest) + _RANGE.pack(start, stop))


def asked(body: bytes) -> tuple[FileDigest, int, int]:
    """The digest and range that `get` asks for."""
    if len(body) != DIGEST_BYTES + _RANGE.size:
        raise Broken("a question has the wrong length")
    start, stop = _RANGE.unpack(body[DIGEST_BYTES:])
    if start > stop:
        raise Broken("a range ends before it begins")
    return FileDigest(body[:DIGEST_BYTES].hex()), start, stop


def cut(data: bytes, length: int) -> Iterator[bytes]:
    """`data` in parts of that length, the last one maybe shorter."""
    return (data[at : at + length] for at in range(0, len(data), length))
