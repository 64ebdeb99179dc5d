"""What two devices say to each other: one message is one byte for its kind and then its fields.

Numbers are LEB128 in their shortest form and bounded; every length is checked before anything is taken, nothing follows
a message, and what is deflated inflates into a bounded space. So bytes that are read say the same when they are written
again, and anything else is `Malformed`. Versions stand in `Hello` alone, whose first two fields never move.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from engine.faults import Damaged
from sync.numbers import LARGEST_NUMBER, Reader, leb
from sync.records import LogId
from sync.words import DICTIONARY

VERSION: Final = 1
LARGEST: Final = 1 << 20
"""The most bytes of any message, and of what one inflates to."""
LARGEST_HELLO: Final = 512
LARGEST_PROOF: Final = 1024
LARGEST_PRESENT: Final = 1024
LARGEST_PREVIEW: Final = 60 * 1024
MOST_LOGS: Final = 20_000
MOST_RANGES: Final = 1_000
MOST_ENTRIES: Final = 256
MOST_BUNDLES: Final = 4_096
MOST_ROWS: Final = 4_096
MOST_SHOWN: Final = 1_000
LARGEST_SHOWN: Final = 4_096
LARGEST_ENTRY: Final = 64 * 1024
"""As large as an entry may be anywhere: one that could not be passed on would part those who hold it from the rest."""
LARGEST_BUNDLE: Final = 256 * 1024 + 65

SNAPSHOTS: Final = 1
"""The feature of a device that answers `Glance`."""

MEMBER: Final = 0
TICKET: Final = 1
KNOCK: Final = 2


class Malformed(Damaged):
    """Bytes that are no message."""

    code = "malformed"


@dataclass(frozen=True, slots=True)
class Hello:
    """The first word: versions spoken, a nonce, the device's key, what it wants, and for a knock what it is called."""

    lowest: int
    highest: int
    nonce: bytes
    public: bytes
    features: int
    wants: int
    name: str


@dataclass(frozen=True, slots=True)
class Proof:
    """That the sender holds its key, over this connection, of this project; `ticket` is a ticket's public key."""

    echo: bytes
    binding: bytes
    transcript: bytes
    tag: bytes
    entries: bytes
    ticket: bytes
    ticket_signature: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Roll:
    """The first 8 bytes of the hash of each membership entry that the sender holds."""

    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """Membership entries; the `last` message of an answer says so."""

    last: bool
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """The sender has judged and lets the other in."""


@dataclass(frozen=True, slots=True)
class Close:
    """The sender goes, and why: the code of a refusal."""

    reason: str


@dataclass(frozen=True, slots=True)
class Digest:
    """What the sender holds, as digests: its logs, its membership entries, and the heads of its documents."""

    logs: bytes
    entries: bytes
    heads: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """How far a log goes, and the first 16 bytes of its last bundle's hash."""

    log: LogId
    n: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Have:
    """How far logs go: all of the sender's, or with `whole` false those that moved."""

    whole: bool
    logs: tuple[Tail, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Bundles of one log, both ends included."""

    log: LogId
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Want:
    """Ask for bundles; `number` comes back with the answer."""

    number: int
    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Bundles:
    """Plain bundles; `answer` is the number of the question, 0 when nobody asked; `last` ends an answer."""

    answer: int
    last: bool
    bundles: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """Two digests over a share of the documents, their heads and their facts, at equal logs."""

    share: int
    logs: bytes
    heads: bytes
    facts: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """One document: the first 8 bytes of the digests of its heads and of its facts."""

    document: str
    heads: bytes
    facts: bytes


@dataclass(frozen=True, slots=True)
class Detail:
    """The documents of a share one by one."""

    share: int
    logs: bytes
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """Ask for a snapshot: what the film looks like, to be shown until it is proved."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows of assets, which nothing proves yet; the `last` message of an answer says so."""

    last: bool
    rows: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life, with a number to send back."""

    number: int


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a `Ping`."""

    number: int


@dataclass(frozen=True, slots=True)
class Present:
    """What a member does just now."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture of what a worker renders just now."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Blob:
    """Words about blobs, which `sync.blobs` reads."""

    data: bytes


Message = (
    Hello
    | Proof
    | Roll
    | Entries
    | Ready
    | Close
    | Digest
    | Have
    | Want
    | Bundles
    | Check
    | Detail
    | Glance
    | Snapshot
    | Ping
    | Pong
    | Present
    | Preview
    | Blob
)


@dataclass(frozen=True, slots=True)
class _Field:
    write: Callable[[Any], bytes]
    read: Callable[[Reader], Any]


def _fixed(size: int) -> _Field:
    def write(value: bytes) -> bytes:
        if len(value) != size:
            raise ValueError(f"a field has {len(value)} bytes and not {size}")
        return value

    return _Field(write, lambda reader: reader.take(size))


def _either(size: int) -> _Field:
    """Nothing, or exactly `size` bytes."""

    def read(reader: Reader) -> bytes:
        return reader.take(size) if reader.number(1) else b""

    fixed = _fixed(size)
    return _Field(lambda value: b"\1" + fixed.write(value) if value else b"\0", read)


def _number(most: int = LARGEST_NUMBER) -> _Field:
    return _Field(leb, lambda reader: reader.number(most))


def _flag() -> _Field:
    return _Field(lambda value: leb(int(value)), lambda reader: bool(reader.number(1)))


def _bytes(most: int) -> _Field:
    return _Field(
        lambda value: leb(len(value)) + bytes(value), lambda reader: reader.take(reader.number(most))
    )


def _rest(most: int) -> _Field:
    return _Field(bytes, lambda reader: reader.rest(most))


def _text(most: int) -> _Field:
    found = _bytes(most)
    return _Field(lambda value: found.write(value.encode()), lambda reader: found.read(reader).decode())


def _log() -> _Field:
    return _Field(bytes.fromhex, lambda reader: LogId(reader.take(16).hex()))


def _many(one: _Field, most: int) -> _Field:
    def write(values: Sequence[Any]) -> bytes:
        return leb(len(values)) + b"".join(one.write(value) for value in values)

    return _Field(write, lambda reader: tuple(one.read(reader) for _ in range(reader.number(most))))


def _names(made: type[Any]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(made))


def _row(made: type[Any], *parts: _Field) -> _Field:
    written = tuple(zip(_names(made), parts, strict=True))

    def write(value: Any) -> bytes:
        return b"".join(part.write(getattr(value, name)) for name, part in written)

    return _Field(write, lambda reader: made(*(part.read(reader) for part in parts)))


def _deflated(one: _Field) -> _Field:
    def read(reader: Reader) -> Any:
        squeeze = zlib.decompressobj(15, DICTIONARY)
        plain = squeeze.decompress(reader.rest(LARGEST), LARGEST + 1)
        if len(plain) > LARGEST or not squeeze.eof or squeeze.unused_data:
            raise ValueError("its length is wrong")
        inside = Reader(plain)
        found = one.read(inside)
        inside.end()
        return found

    def write(value: Any) -> bytes:
        squeeze = zlib.compressobj(6, zlib.DEFLATED, 15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
        return squeeze.compress(one.write(value)) + squeeze.flush()

    return _Field(write, read)


_TAIL: Final = _row(Tail, _log(), _number(), _fixed(16))
_RANGE: Final = _row(Range, _log(), _number(), _number())
_ROW: Final = _row(Row, _text(80), _fixed(8), _fixed(8))

_KINDS: Final[dict[int, tuple[type[Any], int, tuple[_Field, ...]]]] = {
    1: (
        Hello,
        LARGEST_HELLO,
        (_number(255), _number(255), _fixed(32), _fixed(32), _number(), _number(255), _text(120)),
    ),
    2: (
        Proof,
        LARGEST_PROOF,
        (*(_fixed(32) for _ in range(5)), _either(32), _either(64), _fixed(64)),
    ),
    3: (Roll, LARGEST, (_many(_fixed(8), MOST_LOGS),)),
    4: (Entries, LARGEST, (_flag(), _many(_bytes(LARGEST_ENTRY), MOST_ENTRIES))),
    5: (Ready, 1, ()),
    6: (Close, 64, (_text(40),)),
    10: (Digest, 128, (_fixed(32), _fixed(32), _fixed(32))),
    11: (Have, LARGEST, (_flag(), _many(_TAIL, MOST_LOGS))),
    12: (Want, 64 * 1024, (_number(), _many(_RANGE, MOST_RANGES))),
    13: (
        Bundles,
        LARGEST,
        (_number(), _flag(), _deflated(_many(_bytes(LARGEST_BUNDLE), MOST_BUNDLES))),
    ),
    14: (Check, 128, (_number(255), _fixed(32), _fixed(32), _fixed(32))),
    15: (Detail, LARGEST, (_number(255), _fixed(32), _deflated(_many(_ROW, MOST_ROWS)))),
    16: (Glance, 1, ()),
    17: (Snapshot, 256 * 1024, (_flag(), _deflated(_many(_bytes(LARGEST_SHOWN), MOST_SHOWN)))),
    20: (Ping, 16, (_number(),)),
    21: (Pong, 16, (_number(),)),
    22: (Present, LARGEST_PRESENT + 1, (_rest(LARGEST_PRESENT),)),
    23: (Preview, LARGEST_PREVIEW + 1, (_rest(LARGEST_PREVIEW),)),
    30: (Blob, 64 * 1024 + 1, (_rest(64 * 1024),)),
}
_BY_TYPE: Final = {
    made: (bytes([kind]), tuple(zip(_names(made), parts, strict=True)))
    for kind, (made, _, parts) in _KINDS.items()
}


def encode(message: Message) -> bytes:
    """The bytes of a message."""
    kind, parts = _BY_TYPE[type(message)]
    return kind + b"".join([part.write(getattr(message, name)) for name, part in parts])


def decode(data: bytes) -> Message:
    """Read a message; raises `Malformed` on anything but what `encode` writes."""
    if not data or data[0] not in _KINDS:
        raise Malformed("a message is of no known kind", "update Restrike on both devices to one release")
    made, largest, parts = _KINDS[data[0]]
    try:
        if len(data) > largest:
            raise ValueError(f"it has {len(data)} bytes, more than {largest}")
        reader = Reader(data, 1)
        found: Message = made(*(part.read(reader) for part in parts))
        reader.end()
    except (ValueError, zlib.error) as error:
        raise Malformed(
            f"a {made.__name__.lower()} message cannot be read: {error}", "it was left out"
        ) from error
    return found


def versions(data: bytes) -> tuple[int, int] | None:
    """The versions that a greeting offers, even one with more in it than is known here; None when it is no greeting."""
    reader = Reader(data[:16], 1)
    try:
        return (reader.number(255), reader.number(255)) if data[:1] == b"\x01" else None
    except ValueError:
        return None
