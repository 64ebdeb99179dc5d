"""The check of a raw change from elsewhere, column by column, before the CRDT sees a byte of it.

A change of ours does one thing: it puts new texts under new keys into the maps of its family. So of all that the binary
format can say, only that is let through: eight columns, no deletions, no counters, no lists, no objects of its own,
nothing compressed. Every number is bounded and in its shortest form, every run in the one form that the encoder writes
(columns are written again and compared), and nothing is inflated, allocated or looped over beyond 2,000 operations.

Layout of a change chunk after its header (see `sync.change`): time, message, other actors, then for each column its
number and length, then the columns. Run-length columns: a signed count, positive before a value that repeats, negative
before so many values that do not, zero before a count of nulls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

from engine.faults import Damaged
from sync.change import MOST_DEPENDENCIES, Header, header
from sync.numbers import Reader, leb, sleb

MOST_OPERATIONS: Final = 2_000
LARGEST_KEY: Final = 256
LARGEST_STRING: Final = 16 * 1024
MOST_ACTORS: Final = 1

OBJECT_ACTOR: Final = 0x01
OBJECT_COUNTER: Final = 0x02
KEY: Final = 0x15
INSERT: Final = 0x34
ACTION: Final = 0x42
VALUE_KIND: Final = 0x56
VALUE: Final = 0x57
PREDECESSORS: Final = 0x70
_COLUMNS: Final = (OBJECT_ACTOR, OBJECT_COUNTER, KEY, INSERT, ACTION, VALUE_KIND, VALUE, PREDECESSORS)
_PUT: Final = 1
_TEXT: Final = 6

T = TypeVar("T", int, str)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a document lets changes do: the actor that made its maps, and how many of them it made first of all."""

    actor: bytes
    maps: int


def check(raw: bytes, allowed: Allowed) -> int:
    """The number of operations of a change whose header was read; raises `Damaged` unless ours may have written it."""
    try:
        return _check(raw, allowed)
    except ValueError as error:
        raise Damaged(
            f"a change is not well formed: {error}",
            "it was set aside; ask its author's device to send it again",
        ) from error


def check_place(one: Header, ends: Mapping[bytes, int]) -> None:
    """Make sure that a change counts its operations from where its dependencies ended; `ends` has all of them."""
    due = 1 + max((ends[need] for need in one.dependencies), default=0)
    if one.start_op != due:
        raise Damaged(
            f"a change counts its operations from {one.start_op} and not from {due}", "it was set aside"
        )
    if not one.dependencies:
        raise Damaged("a change depends on nothing, not even on the beginning", "it was set aside")


def end(raw: bytes, found: Header) -> int:
    """The number of a change's last operation; of one that was checked when it came in."""
    return found.start_op + operations(raw) - 1


def operations(raw: bytes) -> int:
    """How many operations a change has, by its column of actions."""
    reader, sizes, _ = _columns(raw)
    for column, size in sizes:
        if column == ACTION:
            return _count(Reader(raw, reader.at, reader.at + size))
        reader.take(size)
    return 0


@cache
def allowed(genesis: tuple[bytes, ...]) -> Allowed:
    """What the documents that begin with this genesis let changes do."""
    first = genesis[0]
    return Allowed(header(first).actor, sum(operations(one) for one in genesis))


def _check(raw: bytes, allowed: Allowed) -> int:
    reader, sizes, actors = _columns(raw)
    if tuple(column for column, _ in sizes) != tuple(sorted({column for column, _ in sizes})):
        raise ValueError("its columns are not in order")
    parts: dict[int, bytes] = {}
    for column, size in sizes:
        if column not in _COLUMNS:
            raise ValueError(f"it has a column {column:#x}, which no device of ours writes")
        if not size and column != VALUE:
            raise ValueError("it has an empty column")
        parts[column] = reader.take(size)
    reader.end()
    if actors != [allowed.actor]:
        raise ValueError("it names other actors than the one that made its maps")
    total = _all(parts, ACTION, _PUT, "does other things than putting facts")
    _check_objects(parts, total, allowed)
    _check_keys(parts, total)
    if parts.get(INSERT) != leb(total):
        raise ValueError("it inserts into a list")
    if _all(parts, PREDECESSORS, 0, "rewrites a fact") != total:
        raise ValueError("its columns differ in length")
    _check_values(parts, total)
    return total


def _columns(raw: bytes) -> tuple[Reader, list[tuple[int, int]], list[bytes]]:
    """A reader at the first column's data, the columns with their sizes, and the other actors."""
    reader = Reader(raw, 9)
    if reader.number() != len(raw) - reader.at:
        raise ValueError("its length is wrong")
    reader.take(32 * reader.number(MOST_DEPENDENCIES))
    reader.take(reader.number(16))
    reader.number(2**31)
    reader.number(2**31)
    if reader.signed() != 0:
        raise ValueError("it has a time")
    if reader.number(0):
        raise ValueError("it has a message")
    actors = [reader.take(reader.number(16)) for _ in range(reader.number(MOST_ACTORS))]
    sizes = [(reader.number(255), reader.number(len(raw))) for _ in range(reader.number(16))]
    return reader, sizes, actors


def _check_objects(parts: Mapping[int, bytes], total: int, allowed: Allowed) -> None:
    if _all(parts, OBJECT_ACTOR, 1, "writes into an object of its own") != total:
        raise ValueError("its columns differ in length")
    counters = _numbers(parts.get(OBJECT_COUNTER, b""))
    if len(counters) != total or not all(1 <= one <= allowed.maps for one in counters):
        raise ValueError("it writes into no map of its document")


def _check_keys(parts: Mapping[int, bytes], total: int) -> None:
    keys = _runs(parts.get(KEY, b""), _read_key, lambda one: leb(len(one.encode())) + one.encode())
    if len(keys) != total or not all(keys):
        raise ValueError("it puts something under no key")


def _check_values(parts: Mapping[int, bytes], total: int) -> None:
    kinds = _numbers(parts.get(VALUE_KIND, b""))
    if len(kinds) != total or any(one & 15 != _TEXT for one in kinds):
        raise ValueError("it holds a value that is no text")
    if max(kinds) >> 4 > LARGEST_STRING:
        raise ValueError(f"it holds a text of {max(kinds) >> 4} bytes")
    reader = Reader(parts.get(VALUE, b""))
    for one in kinds:
        reader.take(one >> 4).decode()
    reader.end()


def _read_key(reader: Reader) -> str:
    return reader.take(reader.number(LARGEST_KEY)).decode()


def _all(parts: Mapping[int, bytes], column: int, value: int, otherwise: str) -> int:
    """The length of a column in which every value must be the same."""
    found = _numbers(parts.get(column, b""))
    if not found or any(one != value for one in found):
        raise ValueError(f"it {otherwise}")
    return len(found)


def _numbers(data: bytes) -> list[int]:
    return _runs(data, Reader.number, leb)


def _runs(data: bytes, read: Callable[[Reader], T], write: Callable[[T], bytes]) -> list[T]:
    """The values of a run-length column without nulls; raises `ValueError` unless it is what the encoder writes."""
    reader = Reader(data)
    found: list[T] = []
    while reader.left:
        count = reader.signed(MOST_OPERATIONS)
        if count == 0:
            raise ValueError("a column of it has nulls")
        if len(found) + abs(count) > MOST_OPERATIONS:
            raise ValueError(f"it has more than {MOST_OPERATIONS} operations")
        found += [read(reader)] * count if count > 0 else [read(reader) for _ in range(-count)]
    if _written(found, write) != data:
        raise ValueError("a column of it is not written as the encoder writes it")
    return found


def _written(values: Sequence[T], write: Callable[[T], bytes]) -> bytes:
    """A run-length column as the encoder writes it: repeats as a run, everything between as one literal run."""
    out: list[bytes] = []
    alone: list[T] = []
    at = 0
    while at < len(values):
        until = at + 1
        while until < len(values) and values[until] == values[at]:
            until += 1
        if until - at == 1:
            alone.append(values[at])
        if alone and (until - at > 1 or until == len(values)):
            out.append(sleb(-len(alone)) + b"".join(write(one) for one in alone))
            alone.clear()
        if until - at > 1:
            out.append(sleb(until - at) + write(values[at]))
        at = until
    return b"".join(out)


def _count(reader: Reader) -> int:
    """How many values a run-length column of numbers has."""
    total = 0
    while reader.left:
        count = reader.signed(2**31)
        if count < 0:
            for _ in range(-count):
                reader.number()
        elif count > 0:
            reader.number()
        else:
            total += reader.number(2**31)
        total += abs(count)
    return total
