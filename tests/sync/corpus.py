"""Crafted inputs that once killed, froze or ruined something, and a fuzzer that looks for more of them."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.faults import Damaged
from sync import guard, log, membership, schema, wire
from sync.change import MAGIC, header
from sync.document import Document
from sync.identity import Device
from sync.log import Bundle, Intro
from sync.numbers import Reader, leb, sleb
from sync.records import DocumentId, ProjectId, Time

PLACE = DocumentId("asset/abc")
GENESIS = schema.genesis(PLACE)
ALLOWED = guard.allowed(GENESIS)
ACTOR = bytes(range(16))
OTHER = bytes([7]) * 16
HEAD = header(GENESIS[-1]).hash


def chunk(body: bytes, kind: int = 1) -> bytes:
    """A chunk with a right checksum."""
    rest = bytes([kind]) + leb(len(body)) + body
    return MAGIC + hashlib.sha256(rest).digest()[:4] + rest


def body(raw: bytes) -> bytes:
    """What a chunk holds."""
    reader = Reader(raw, 9)
    reader.number()
    return reader.rest(len(raw))


@dataclass(frozen=True)
class Crafted:
    """A change with every part as one likes; without any it is a sound one."""

    needs: Sequence[bytes] = (HEAD,)
    actor: bytes = ACTOR
    seq: bytes = leb(1)
    start: bytes = leb(9)
    time: bytes = b"\0"
    message: bytes = b"\0"
    actors: Sequence[bytes] = (bytes(16),)
    columns: tuple[tuple[int, bytes], ...] = ()
    more: bytes = b""

    def raw(self) -> bytes:
        """Its bytes."""
        found = self.columns or tuple(sound().items())
        return chunk(
            leb(len(self.needs))
            + b"".join(self.needs)
            + leb(len(self.actor))
            + self.actor
            + self.seq
            + self.start
            + self.time
            + self.message
            + leb(len(self.actors))
            + b"".join(leb(len(one)) + one for one in self.actors)
            + leb(len(found))
            + b"".join(leb(column) + leb(len(data)) for column, data in found)
            + b"".join(data for _, data in found)
            + self.more
        )


def sound(**other: bytes) -> dict[int, bytes]:
    """The columns of a change that puts "v" under "k", with others in their places."""
    return {
        guard.OBJECT_ACTOR: b"\x7f\x01",
        guard.OBJECT_COUNTER: b"\x7f\x05",
        guard.KEY: b"\x7f\x01k",
        guard.INSERT: b"\x01",
        guard.ACTION: b"\x7f\x01",
        guard.VALUE_KIND: b"\x7f\x16",
        guard.VALUE: b"v",
        guard.PREDECESSORS: b"\x7f\x00",
        **{int(name.removeprefix("c"), 16): data for name, data in other.items()},
    }


def with_columns(**other: bytes) -> bytes:
    """A change with some columns replaced or added."""
    found = sound(**other)
    return Crafted(columns=tuple((one, found[one]) for one in sorted(found))).raw()


def deflated_bomb() -> bytes:
    """A compressed chunk that inflates to 64 MB."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return chunk(squeeze.compress(bytes(64 << 20)) + squeeze.flush(), 2)


SYNC_BOMB = b"\x42\x00\x00\x01\x00\xff\xff\xff\xff\x0f" + b"\xff\xff\xff\x7f\x00"
"""15 bytes that announce more than any memory holds."""

CHANGES: dict[str, Callable[[], bytes]] = {
    "15 bytes of a sync message": lambda: SYNC_BOMB,
    "96 bytes that repeat for minutes": lambda: with_columns(c42=sleb(2**31 - 1) + b"\x01"),
    "a run of 2^60": lambda: with_columns(c42=sleb(2**60) + b"\x01"),
    "start_op 2^32-1": lambda: Crafted(start=leb(2**32 - 1)).raw(),
    "start_op 2^31-1": lambda: Crafted(start=leb(2**31 - 1)).raw(),
    "start_op 0": lambda: Crafted(start=leb(0)).raw(),
    "seq 0": lambda: Crafted(seq=leb(0)).raw(),
    "seq 2^32": lambda: Crafted(seq=leb(2**32)).raw(),
    "a number in a long form": lambda: Crafted(seq=b"\x81\x00").raw(),
    "a literal of one repeated": lambda: with_columns(c42=b"\x7e\x01\x01", c70=b"\x02\x00"),
    "a run of one": lambda: with_columns(c42=b"\x01\x01"),
    "two literals in a row": lambda: with_columns(c57=b"vw", c56=b"\x7f\x16\x7f\x16"),
    "a run of nothing": lambda: with_columns(c42=b"\x00\x01"),
    "nulls": lambda: with_columns(c01=b"\x00\x01"),
    "a deletion": lambda: with_columns(c42=b"\x7f\x03"),
    "a counter's increment": lambda: with_columns(c42=b"\x7f\x05"),
    "an object": lambda: with_columns(c42=b"\x7f\x00"),
    "a list": lambda: with_columns(c42=b"\x7f\x02"),
    "an unknown action": lambda: with_columns(c42=b"\x7f\x63"),
    "a counter": lambda: with_columns(c56=b"\x7f\x18"),
    "a timestamp": lambda: with_columns(c56=b"\x7f\x19"),
    "bytes": lambda: with_columns(c56=b"\x7f\x17"),
    "a float": lambda: with_columns(c56=b"\x7f" + leb(8 << 4 | 5), c57=bytes(8)),
    "a value that is longer than its data": lambda: with_columns(c56=b"\x7f" + leb(900 << 4 | 6)),
    "a text of 17 kB": lambda: with_columns(c56=b"\x7f" + leb(17_000 << 4 | 6), c57=b"v" * 17_000),
    "a key of 300 bytes": lambda: with_columns(c15=b"\x7f" + leb(300) + b"k" * 300),
    "an empty key": lambda: with_columns(c15=b"\x7f\x00"),
    "a key that is no text": lambda: with_columns(c15=b"\x7f\x01\xff"),
    "a value that is no text": lambda: with_columns(c57=b"\xff"),
    "an insertion": lambda: with_columns(c34=b"\x00\x01"),
    "a predecessor": lambda: with_columns(c70=b"\x7f\x01", c71=b"\x7f\x00", c73=b"\x7f\x05"),
    "a mark": lambda: with_columns(ca5=b"\x7f\x01m"),
    "an unknown column": lambda: with_columns(c99=b"\x7f\x01"),
    "a compressed column": lambda: with_columns(c4a=b"\x7f\x01"),
    "the root": lambda: with_columns(c01=b"", c02=b""),
    "an object of its own": lambda: with_columns(c01=b"\x7f\x00"),
    "a map that is not there": lambda: with_columns(c02=b"\x7f\x63"),
    "another author's map": lambda: Crafted(actors=(OTHER,)).raw(),
    "two other actors": lambda: Crafted(actors=(bytes(16), OTHER)).raw(),
    "no other actor": lambda: Crafted(actors=()).raw(),
    "no dependency": lambda: Crafted(needs=()).raw(),
    "an unknown dependency": lambda: Crafted(needs=(bytes(32),)).raw(),
    "a time": lambda: Crafted(time=sleb(5)).raw(),
    "a message": lambda: Crafted(message=b"\x02hi").raw(),
    "another actor": lambda: Crafted(actor=OTHER).raw(),
    "an actor of 200 bytes": lambda: Crafted(actor=bytes(200)).raw(),
    "more at the end": lambda: Crafted(more=b"more").raw(),
    "columns out of order": lambda: Crafted(columns=tuple(reversed(sound().items()))).raw(),
    "a column twice": lambda: Crafted(columns=(*sound().items(), (guard.PREDECESSORS, b"\x7f\x00"))).raw(),
    "2,001 operations": lambda: many(2001),
    "columns of different lengths": lambda: with_columns(c42=b"\x02\x01"),
    "a document": lambda: Document.load(GENESIS, [], ACTOR).save(),
    "a compressed chunk": deflated_bomb,
    "a chunk of no known kind": lambda: chunk(b"", 9),
    "nothing": lambda: b"",
    "a wrong checksum": lambda: MAGIC + bytes(4) + with_columns()[8:],
    "65 kB": lambda: MAGIC + bytes(65 * 1024),
}
"""Changes of which none may ever be taken in."""


def many(count: int) -> bytes:
    """A change that puts so many facts."""
    return with_columns(
        c01=sleb(count) + b"\x01",
        c02=sleb(count) + b"\x05",
        c15=sleb(-count) + b"".join(leb(len(str(k))) + str(k).encode() for k in range(count)),
        c34=leb(count),
        c42=sleb(count) + b"\x01",
        c56=sleb(count) + b"\x16",
        c57=b"v" * count,
        c70=sleb(count) + b"\x00",
    )


def crafted(device: Device, project: ProjectId, raw: bytes, nonce: int) -> Bundle:
    """A member's first bundle of a fresh log, well signed, with a change that is his but for what is wrong with it."""
    intro = Intro("project", device.public, nonce.to_bytes(16, "big"), project)
    actor = bytes.fromhex(intro.log)
    if len(raw) > 12 and raw[8] == 1 and ACTOR in raw and chunk(body(raw)) == raw:
        raw = chunk(body(raw).replace(ACTOR, actor, 1))
    change = (PLACE, raw[: 64 * 1024])
    return log.sign(device, intro.log, 1, log.NOTHING, [change], wall=0, intro=intro)


def accepted(raw: bytes) -> bool:
    """Whether the guard lets a first change by `ACTOR` through; raises nothing, whatever it is."""
    try:
        found = header(raw)
        guard.check(raw, ALLOWED)
        guard.check_place(found, {HEAD: guard.end(GENESIS[-1], header(GENESIS[-1]))})
    except (Damaged, KeyError):
        return False
    return found.seq == 1 and found.actor == ACTOR


# --- fuzzing ---


@dataclass
class Tally:
    """What became of mutated inputs."""

    tried: int = 0
    refused: int = 0
    let_through: int = 0
    unexpected: int = 0


def mutations(data: bytes, draw: random.Random) -> Iterator[bytes]:
    """Endless variations of some bytes."""
    while True:
        broken = bytearray(data)
        for _ in range(draw.choice((1, 1, 1, 2, 5))):
            at = draw.randrange(len(broken)) if broken else 0
            match draw.randrange(6):
                case 0 if broken:
                    broken[at] ^= 1 << draw.randrange(8)
                case 1 if broken:
                    broken[at] = draw.choice((0, 1, 0x7F, 0x80, 0xFF))
                case 2:
                    del broken[at : at + draw.randrange(1, 9)]
                case 3:
                    broken[at:at] = draw.randbytes(draw.randrange(1, 9))
                case 4:
                    broken[at:at] = broken[at : at + draw.randrange(1, 40)]
                case _:
                    broken[at:at] = leb(draw.choice((2**31, 2**32 - 1, 2**53, 2**60)))
        yield bytes(broken)


def fuzz(size: int, seed: int = 1) -> Tally:
    """Mutate messages, bundles, changes (their checksums set right) and entries `size` times, and read them all."""
    draw = random.Random(seed)
    sources = [*_sources(draw)]
    tally = Tally()
    for _ in range(size):
        data, read = draw.choice(sources)
        broken = next(mutations(data, draw))
        tally.tried += 1
        try:
            read(broken)
            tally.let_through += 1
        except Damaged:
            tally.refused += 1
    return tally


def _sources(draw: random.Random) -> Iterator[tuple[bytes, Callable[[bytes], object]]]:
    device = Device.of_seed(draw.randbytes(32))
    intro = Intro("project", device.public, bytes(16), ProjectId(bytes(32).hex()))
    live = Document.load(GENESIS, [], bytes.fromhex(intro.log))
    puts = [[("renamed", f"k{n}.{k}", "some text " * k) for k in range(n)] for n in (1, 2, 7, 30)]
    changes = [(PLACE, live.put(one)) for one in puts]
    bundle = log.sign(device, intro.log, 1, log.NOTHING, changes, wall=0, intro=intro)
    entry = membership.create(device, "Ada", Time("2026-01-31T12:00:00.000Z"), draw.randbytes)
    for _, raw in changes:
        yield body(raw), _change
    yield bundle.encode(), log.decode
    yield bundle.plain(), log.decode
    yield entry.data, membership.decode
    tail = wire.Tail(intro.log, 1, bytes(16))
    for message in (
        wire.Bundles(1, True, (bundle.plain(),)),
        wire.Have(True, (tail,) * 9),
        wire.Want(1, (wire.Range(intro.log, 1, 9),)),
        wire.Entries(True, (entry.data,)),
        wire.Hello(1, 1, bytes(32), device.public, 0, 0, ""),
        wire.Detail(1, bytes(32), (wire.Row("asset/a", bytes(8), bytes(8)),)),
    ):
        yield wire.encode(message), wire.decode


def _change(data: bytes) -> None:
    """Read what a change chunk may hold, with length and checksum set right."""
    raw = chunk(data)
    header(raw)
    guard.check(raw, ALLOWED)
