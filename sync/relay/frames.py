"""What is said between a device and a relay: a kind, then its fields, each of a fixed size or behind its length.

A device proves who it is (`Prove`), passes frames on (`Pass`), and puts, lists, gets and deletes objects, each under a
number of its own that the answer repeats. Reading is strict: what is not exactly one frame raises `Malformed`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import ClassVar, Final, get_type_hints

from engine.faults import Damaged

VERSION: Final = 1
LARGEST_PASSED: Final = 64 * 1024
LARGEST_OBJECT: Final = 1024 * 1024 + 64 * 1024
LARGEST: Final = LARGEST_OBJECT + 1024
LARGEST_CARD: Final = 512
LARGEST_NAME: Final = 128
MOST_NAMES: Final = 1000


class Malformed(Damaged):
    """Bytes that are no frame of this protocol."""

    code = "malformed"


@dataclass(frozen=True, slots=True)
class Challenge:
    """The first word of a relay: sign this."""

    kind: ClassVar[int] = 1
    version: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Prove:
    """A device's answer: the room it comes to, its pseudonym's key, what the others there shall read, the signature."""

    kind: ClassVar[int] = 2
    room: bytes
    public: bytes
    signature: bytes
    card: bytes


@dataclass(frozen=True, slots=True)
class Welcome:
    """The device is in; this is its address."""

    kind: ClassVar[int] = 3
    address: bytes


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody is in the room, with a card."""

    kind: ClassVar[int] = 4
    address: bytes
    card: bytes


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody is in the room no longer, or never was."""

    kind: ClassVar[int] = 5
    address: bytes


@dataclass(frozen=True, slots=True)
class Pass:
    """A frame for (to the relay) or from (to a device) the one with this address."""

    kind: ClassVar[int] = 6
    address: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Put:
    """Keep an object."""

    kind: ClassVar[int] = 7
    number: int
    name: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Names:
    """List names that begin with `prefix` and come after `after`."""

    kind: ClassVar[int] = 8
    number: int
    prefix: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Get:
    """Give an object."""

    kind: ClassVar[int] = 9
    number: int
    name: bytes


@dataclass(frozen=True, slots=True)
class Delete:
    """Forget an object of one's own."""

    kind: ClassVar[int] = 10
    number: int
    name: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """It is done; an object, or names each ending in a line feed."""

    kind: ClassVar[int] = 11
    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not done, and why; number 0 stands for the whole visit."""

    kind: ClassVar[int] = 12
    number: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A frame for this address was not passed on: too much waits for it already."""

    kind: ClassVar[int] = 13
    address: bytes


Frame = Challenge | Prove | Welcome | Came | Left | Pass | Put | Names | Get | Delete | Done | Refused | Lost
_SIZES: Final[Mapping[str, int]] = {"nonce": 32, "room": 32, "public": 32, "signature": 64, "address": 16}
_MOST: Final[Mapping[str, int]] = {
    "card": LARGEST_CARD,
    "name": LARGEST_NAME,
    "prefix": LARGEST_NAME,
    "after": LARGEST_NAME,
    "code": 64,
    "detail": 512,
    "data": LARGEST_OBJECT,
}
_KINDS: Final[Mapping[int, type[Frame]]] = {
    one.kind: one
    for one in (Challenge, Prove, Welcome, Came, Left, Pass, Put, Names, Get, Delete, Done, Refused, Lost)
}
_NUMBER: Final = struct.Struct(">I")


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    parts = [bytes([frame.kind])]
    for field, value in zip(fields(frame), astuple(frame), strict=True):
        if isinstance(value, int):
            parts.append(_NUMBER.pack(value))
            continue
        data = value.encode() if isinstance(value, str) else value
        if field.name not in _SIZES:
            parts.append(_NUMBER.pack(len(data)))
        parts.append(data)
    return b"".join(parts)


def decode(data: bytes) -> Frame:
    """The frame that these bytes are; raises `Malformed`."""
    kind = _KINDS.get(data[0]) if data else None
    if kind is None:
        raise _malformed("nothing of this kind is known")
    at = 1
    values: list[int | bytes | str] = []
    for name, wanted in _FIELDS[kind]:
        if wanted is int:
            value, at = _take(data, at, 4)
            values.append(_NUMBER.unpack(value)[0])
            continue
        size = _SIZES.get(name)
        if size is None:
            length, at = _take(data, at, 4)
            size = _NUMBER.unpack(length)[0]
            if size > _MOST[name]:
                raise _malformed(f"its {name} has {size} bytes, more than {_MOST[name]}")
        value, at = _take(data, at, size)
        values.append(_text(value) if wanted is str else value)
    if at != len(data):
        raise _malformed("something follows it")
    return kind(*values)  # type: ignore[arg-type]


def _take(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise _malformed("it ends too early")
    return data[at : at + size], at + size


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed("its text is none") from error


def _malformed(why: str) -> Malformed:
    return Malformed(f"a frame cannot be read: {why}", "both sides need the same release of Restrike")


_FIELDS: Final = {
    kind: [(one.name, get_type_hints(kind)[one.name]) for one in fields(kind)] for kind in _KINDS.values()
}
