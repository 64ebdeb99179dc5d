"""Bundles: the signed links of a device's append-only log, the only form in which changes leave or enter a store.

A bundle is `{log, n, hash of n - 1, membership heads, [(document, change)…], wall ms}` with an Ed25519 signature over
`restrike bundle/1`, a zero byte and its body. The first one of a log introduces it: kind, public key, nonce and
project; the log's id follows from these, so a log cannot be signed by anybody else. Numbers are LEB128. Stored and
sent it is one byte for the form, the signature, and the body deflated with a dictionary of the words of facts.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from engine.faults import Damaged
from sync import identity
from sync.change import LARGEST as LARGEST_CHANGE
from sync.identity import Device
from sync.records import DocumentId, LogId, ProjectId
from sync.words import DICTIONARY

LARGEST: Final = 256 * 1024
"""The most bytes of a bundle's body."""
NOTHING: Final = bytes(32)
"""The hash before the first bundle."""
_DOMAIN: Final = b"restrike bundle/1\0"
_FORM: Final = 1
_PLAIN: Final = 2
_KINDS: Final = ("project", "queue")

Changes = Sequence[tuple[DocumentId, bytes]]


@dataclass(frozen=True, slots=True)
class Intro:
    """What makes a log its device's own: its id is a digest of `kind`, `public` and `nonce`."""

    kind: str
    public: bytes
    nonce: bytes
    project: ProjectId

    @property
    def log(self) -> LogId:
        """The id of the log that begins with this."""
        return identity.log_id(self.kind, self.public, self.nonce)


@dataclass(frozen=True)
class Bundle:
    """One signed link of a log; `n` counts from 1, `wall` is milliseconds since 1970 by the author's clock."""

    log: LogId
    n: int
    previous: bytes
    members: tuple[bytes, ...]
    wall: int
    intro: Intro | None
    changes: tuple[tuple[DocumentId, bytes], ...]
    body: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @cached_property
    def hash(self) -> bytes:
        """What the next bundle of the log names as the one before."""
        return hashlib.sha256(_DOMAIN + self.body).digest()

    def signed_by(self, public: bytes) -> bool:
        """Whether the holder of `public` signed it."""
        return identity.signed_by(public, self.signature, _DOMAIN + self.body)

    def encode(self) -> bytes:
        """The bytes to store and to send."""
        squeeze = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
        return bytes([_FORM]) + self.signature + squeeze.compress(self.body) + squeeze.flush()

    def plain(self) -> bytes:
        """The same bytes not deflated, for a message that deflates several together."""
        return bytes([_PLAIN]) + self.signature + self.body


def sign(
    device: Device,
    log: LogId,
    n: int,
    previous: bytes,
    changes: Changes,
    *,
    wall: int,
    members: Sequence[bytes] = (),
    intro: Intro | None = None,
) -> Bundle:
    """The next bundle of a log; an `intro` belongs to the first one."""
    parts = [bytes.fromhex(log), _leb(n), previous, _leb(wall), _leb(len(members)), *members]
    if intro is not None:
        parts += [bytes([_KINDS.index(intro.kind)]), intro.public, intro.nonce, bytes.fromhex(intro.project)]
    parts.append(_leb(len(changes)))
    for document, raw in changes:
        parts += [_leb(len(document)), document.encode("ascii"), _leb(len(raw)), raw]
    body = b"".join(parts)
    return Bundle(
        log, n, previous, tuple(members), wall, intro, tuple(changes), body, device.sign(_DOMAIN + body)
    )


def decode(data: bytes) -> Bundle:
    """Read a bundle without believing it; raises `Damaged` on anything but what `encode` and `plain` write."""
    if 66 <= len(data) <= LARGEST + 65 and data[0] == _PLAIN:
        return parse(data[65:], data[1:65])
    if len(data) < 66 or data[0] != _FORM:
        raise _damaged("it is not one of this release")
    squeeze = zlib.decompressobj(15, DICTIONARY)
    try:
        body = squeeze.decompress(data[65:], LARGEST + 1)
    except zlib.error as error:
        raise _damaged(str(error)) from error
    if len(body) > LARGEST or not squeeze.eof or squeeze.unused_data:
        raise _damaged("its length is wrong")
    return parse(body, data[1:65])


def place(data: bytes) -> tuple[LogId, int]:
    """Of which log a plain bundle says that it is, and its number there; raises `Damaged`."""
    if len(data) < 66 or data[0] != _PLAIN:
        raise _damaged("it is not in the plain form")
    return placed(data[65:110])


def placed(body: bytes) -> tuple[LogId, int]:
    """Of which log a body says that it is, and its number there; raises `Damaged`."""
    reader = _Reader(body)
    return LogId(reader.take(16).hex()), reader.number()


def parse(body: bytes, signature: bytes) -> Bundle:
    """The bundle of a body and its signature; raises `Damaged` where the body is not well formed."""
    reader = _Reader(body)
    log, n, previous = LogId(reader.take(16).hex()), reader.number(), reader.take(32)
    wall = reader.number()
    members = tuple(reader.take(32) for _ in range(reader.count(64)))
    intro = _intro(reader) if n == 1 else None
    changes = []
    for _ in range(reader.count(LARGEST // 64)):
        name, raw = reader.take(reader.count(80)), reader.take(reader.count(LARGEST_CHANGE))
        if not name.isascii():
            raise _damaged("a document's name is not plain")
        changes.append((DocumentId(name.decode("ascii")), raw))
    if reader.at != len(body) or n < 1:
        raise _damaged("something follows it")
    return Bundle(log, n, previous, members, wall, intro, tuple(changes), body, signature)


def _intro(reader: _Reader) -> Intro:
    kind = reader.count(len(_KINDS) - 1)
    return Intro(_KINDS[kind], reader.take(32), reader.take(16), ProjectId(reader.take(32).hex()))


class _Reader:
    __slots__ = ("at", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    def take(self, size: int) -> bytes:
        at = self.at
        found = self.body[at : at + size]
        if len(found) != size:
            raise _damaged("it ends too early")
        self.at = at + size
        return found

    def number(self) -> int:
        value = 0
        for shift in range(0, 63, 7):
            try:
                byte = self.body[self.at]
            except IndexError:
                raise _damaged("it ends too early") from None
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise _damaged("a number in it is too large")

    def count(self, most: int) -> int:
        value = self.number()
        if value > most:
            raise _damaged(f"a number in it is {value}, more than {most}")
        return value


def _leb(number: int) -> bytes:
    out = bytearray()
    while True:
        number, byte = number >> 7, number & 127
        out.append(byte | (128 if number else 0))
        if not number:
            return bytes(out)


def _damaged(why: str) -> Damaged:
    return Damaged(
        f"a bundle cannot be read: {why}", "it was set aside; ask its author's device to send it again"
    )
