"""Blobs in the conversation itself: who has what, small blobs at once, and parts of larger ones where no line leads.

Each message is one kind and binary fields. Every digest that `ask` names is answered once: by `here` with its bytes
where they are few, by `large` with its size, or by `gone`. `part` is answered by `here` or `gone`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from engine.faults import Damaged, NotFound
from engine.recipe import FileDigest
from sync.blobs.folder import FolderStore
from sync.blobs.frames import DIGEST_BYTES, Broken, cut

SMALL: Final = 32 * 1024
"""The most bytes of a blob in one message, and the size up to which a blob is sent without being asked for twice."""
MOST: Final = 32
"""How many digests one `ask` names at most."""
_SIZE: Final = struct.Struct(">Q")
_RANGE: Final = struct.Struct(">QQ")


class Kind(IntEnum):
    """What a message is."""

    ASK = 1
    HERE = 2
    LARGE = 3
    GONE = 4
    PART = 5


@dataclass(frozen=True, slots=True)
class Ask:
    """Who has these? Small ones are sent at once."""

    digests: tuple[FileDigest, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Send the bytes from `start` to before `stop`."""

    digest: FileDigest
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Here:
    """Bytes of a blob of `size` bytes, from `start` on."""

    digest: FileDigest
    size: int
    start: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Large:
    """These are there, with their sizes, and too large to be sent unasked."""

    sizes: Mapping[FileDigest, int]


@dataclass(frozen=True, slots=True)
class NotHere:
    """These are not there."""

    digests: tuple[FileDigest, ...]


Message = Ask | Part | Here | Large | NotHere


def encode(message: Message) -> bytes:
    """A message as the conversation carries it."""
    match message:
        case Ask(digests):
            return bytes([Kind.ASK]) + _joined(digests)
        case Part(digest, start, stop):
            return bytes([Kind.PART]) + bytes.fromhex(digest) + _RANGE.pack(start, stop)
        case Here(digest, size, start, data):
            return bytes([Kind.HERE]) + bytes.fromhex(digest) + _RANGE.pack(size, start) + data
        case Large(sizes):
            found = (bytes.fromhex(one) + _SIZE.pack(size) for one, size in sizes.items())
            return bytes([Kind.LARGE]) + b"".join(found)
        case NotHere(digests):
            return bytes([Kind.GONE]) + _joined(digests)


def decode(data: bytes) -> Message:
    """Read a message; raises `Broken` where it is none, or larger than it may be."""
    if not data or data[0] not in list(Kind):
        raise Broken("a message about pictures is of no known kind")
    kind, body = Kind(data[0]), data[1:]
    head = DIGEST_BYTES + _RANGE.size
    if kind is Kind.PART:
        if len(body) != head:
            raise Broken("a message about pictures has the wrong length")
        start, stop = _RANGE.unpack(body[DIGEST_BYTES:])
        if not 0 <= stop - start <= SMALL:
            raise Broken("a message asks for too much of a picture")
        return Part(_digest(body), start, stop)
    if kind is Kind.HERE:
        if not head <= len(body) <= head + SMALL:
            raise Broken("a message about pictures has the wrong length")
        size, start = _RANGE.unpack(body[DIGEST_BYTES:head])
        return Here(_digest(body), size, start, body[head:])
    if kind is Kind.LARGE:
        found = _parts(body, DIGEST_BYTES + _SIZE.size)
        return Large({_digest(one): _SIZE.unpack(one[DIGEST_BYTES:])[0] for one in found})
    digests = tuple(_digest(one) for one in _parts(body, DIGEST_BYTES))
    return Ask(digests) if kind is Kind.ASK else NotHere(digests)


def answers(store: FolderStore, question: Ask | Part) -> list[Message]:
    """What answers a question; it reads the store."""
    if isinstance(question, Part):
        return [_range(store, question)]
    found: list[Message] = []
    large: dict[FileDigest, int] = {}
    gone: list[FileDigest] = []
    for one in question.digests:
        try:
            size = store.size(one)
            if size <= SMALL:
                found.append(Here(one, size, 0, store.get(one)))
            else:
                large[one] = size
        except (NotFound, Damaged):
            gone.append(one)
    if large:
        found.append(Large(large))
    if gone:
        found.append(NotHere(tuple(gone)))
    return found


def _range(store: FolderStore, part: Part) -> Here | NotHere:
    """The bytes of a range, unless the blob is not there or ends before."""
    try:
        with store.path(part.digest).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(part.start)
            data = file.read(part.stop - part.start) if part.stop <= size else None
    except (NotFound, Damaged, FileNotFoundError):
        data = None
    return NotHere((part.digest,)) if data is None else Here(part.digest, size, part.start, data)


def _parts(body: bytes, length: int) -> list[bytes]:
    if len(body) % length or not 0 < len(body) <= MOST * length:
        raise Broken("a message about pictures has the wrong length")
    return list(cut(body, length))


def _digest(data: bytes) -> FileDigest:
    return FileDigest(data[:DIGEST_BYTES].hex())


def _joined(digests: Iterable[FileDigest]) -> bytes:
    return b"".join(bytes.fromhex(one) for one in digests)
