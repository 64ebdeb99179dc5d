"""Into which collections a raw change writes, read from its columns without the binding.

Every operation of ours puts a key into one of the maps that a family's genesis made. Its object is named by the number
of the operation that made the map and by that one's actor; genesis makes them in the order of their names. Columns are
run-length encoded: a positive length and one value, a negative length and that many values, or zero and a number of
operations that have none (automerge binary format, change chunk, operation columns).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from engine.faults import Damaged
from sync import schema
from sync.change import LARGEST, header
from sync.records import DocumentId
from sync.schema import Step

OBJECT_ACTOR: Final = 0x01
OBJECT_COUNTER: Final = 0x02
KEY: Final = 0x15
ACTION: Final = 0x42
ELSEWHERE: Final = ""
"""What is no map of the family: the root, or what a change made itself."""
MOST_OPERATIONS: Final = 2_000
_HEAD: Final = 9

Object = tuple[bytes, int]


def collections(document: DocumentId, raw: bytes, steps: Sequence[Step] = schema.STEPS) -> frozenset[str]:
    """The collections that a change of a document writes into; raises `Damaged` where it cannot be read."""
    maps = _maps(schema.genesis(document, steps))
    actors, columns = _columns(raw)
    return frozenset(maps.get(one, ELSEWHERE) for one in _objects(actors, columns))


def _objects(actors: Sequence[bytes], columns: Mapping[int, bytes]) -> Iterator[Object]:
    """The object of each operation; the root stands as an object of nobody."""
    numbers = list(_numbers(columns.get(OBJECT_ACTOR, b"")))
    counters = list(_numbers(columns.get(OBJECT_COUNTER, b"")))
    count = len(list(_numbers(columns.get(ACTION, b""))))
    if len(numbers) != len(counters) or len(numbers) not in (0, count):
        raise _damaged()
    if count and not numbers:
        yield b"", 0
    for number, counter in zip(numbers, counters, strict=True):
        if number is None or counter is None:
            yield b"", 0
        elif number >= len(actors):
            raise _damaged()
        else:
            yield actors[number], counter


@lru_cache(maxsize=64)
def _maps(genesis: tuple[bytes, ...]) -> Mapping[Object, str]:
    """The maps that fixed changes make: the object of each, and its name."""
    found: dict[Object, str] = {}
    for raw in genesis:
        actors, columns = _columns(raw)
        for place, name in enumerate(_texts(columns.get(KEY, b""))):
            found[actors[0], header(raw).start_op + place] = name
    return found


def _columns(raw: bytes) -> tuple[list[bytes], dict[int, bytes]]:
    """The actors that a change names, its own first, and its operations' columns by their kind."""
    header(raw)  # checks length and checksum
    reader = _Reader(raw, _HEAD)
    reader.number()
    reader.take(32 * reader.number())
    actors = [reader.take(reader.number())]
    for _ in range(2):
        reader.number()  # seq, start op
    reader.number()  # the time: zero, always
    reader.take(reader.number())  # message
    actors += [reader.take(reader.number()) for _ in range(reader.number())]
    sizes = [(reader.number(), reader.number()) for _ in range(reader.number())]
    return actors, {kind: reader.take(size) for kind, size in sizes}


def _numbers(column: bytes) -> Iterator[int | None]:
    reader = _Reader(column, 0)
    count = 0
    while reader.at < len(column):
        length = reader.signed()
        size = reader.number() if length == 0 else abs(length)
        count += size
        if size == 0 or count > MOST_OPERATIONS:
            raise _damaged()
        if length < 0:
            yield from (reader.number() for _ in range(size))
        else:
            value = None if length == 0 else reader.number()
            yield from (value for _ in range(size))


def _texts(column: bytes) -> Iterator[str]:
    reader = _Reader(column, 0)
    while reader.at < len(column):
        length = reader.signed()
        for _ in range(-length if length < 0 else 1):
            text = reader.take(reader.number()).decode()
            yield from (text for _ in range(max(length, 1)))


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def take(self, size: int) -> bytes:
        found = self.data[self.at : self.at + size]
        if size > LARGEST or len(found) != size:
            raise _damaged()
        self.at += size
        return found

    def number(self) -> int:
        """An unsigned LEB128 number of at most five bytes."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise _damaged()

    def signed(self) -> int:
        """A signed LEB128 number of at most five bytes."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value - (1 << shift + 7) if byte & 64 else value
        raise _damaged()


def _damaged() -> Damaged:
    return Damaged("the operations of a change cannot be read", "it was set aside")
