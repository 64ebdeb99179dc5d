"""What a hostile visitor sends: frames that are none, in the wrong order, too large, too many, under others' names."""

from __future__ import annotations

import random
from collections.abc import Iterator

from sync.relay import frames
from sync.relay.frames import (
    LARGEST_OBJECT,
    Came,
    Challenge,
    Delete,
    Done,
    Frame,
    Get,
    Left,
    Lost,
    Names,
    Pass,
    Prove,
    Put,
    Refused,
    Welcome,
)

FRAMES: tuple[Frame, ...] = (
    Challenge(1, bytes(32)),
    Prove(bytes(32), bytes(32), bytes(64), b"card"),
    Welcome(bytes(16)),
    Came(bytes(16), b"card"),
    Left(bytes(16)),
    Pass(bytes(16), b"sealed"),
    Put(7, b"a/b", b"sealed"),
    Names(8, b"a/", b"a/b"),
    Get(9, b"a/b"),
    Delete(10, b"a/b"),
    Done(11, b"sealed"),
    Refused(12, "full", "the mailbox is full"),
    Lost(bytes(16)),
)
"""One frame of every kind."""


def broken() -> list[tuple[str, bytes]]:
    """Bytes that are no frame, each with what is wrong."""
    long = (2**32 - 1).to_bytes(4, "big")
    large = (LARGEST_OBJECT + 1).to_bytes(4, "big")
    number = bytes(4)
    return [
        ("nothing", b""),
        ("an unknown kind", b"\xff"),
        ("the kind zero", b"\0"),
        ("text", b'{"type": "prove"}'),
        ("a length of 4 GB", bytes([Pass.kind]) + bytes(16) + long + b"x"),
        ("an object above the limit", bytes([Put.kind]) + number + b"\0\0\0\1a" + large),
        ("a name of 4 GB", bytes([Get.kind]) + number + long),
        ("a name above the limit", bytes([Get.kind]) + number + (129).to_bytes(4, "big") + b"a" * 129),
        ("a card above the limit", bytes([Prove.kind]) + bytes(128) + (513).to_bytes(4, "big") + bytes(513)),
        ("a proof without a card", bytes([Prove.kind]) + bytes(128)),
        ("a reason that is no text", bytes([Refused.kind]) + number + b"\0\0\0\1\xff" + number),
    ]


def unasked() -> list[tuple[str, bytes]]:
    """Frames that a visitor who was let in may not send, each with the reason that ends the visit."""
    said = [
        (type(one).__name__, frames.encode(one))
        for one in FRAMES
        if not isinstance(one, (Pass, Put, Names, Get, Delete))
    ]
    large = frames.encode(Pass(bytes(16), bytes(frames.LARGEST_PASSED + 1)))
    return [*said, ("too large to pass on", large)]


def bad_names() -> list[bytes]:
    """Names that no object has."""
    return [b"", b"/etc/passwd", b"../up", b".hidden", b"a\nb", b"A", b"a b", "é".encode(), b"\xff", b"a\0"]


def mutations(count: int, seed: int = 1) -> Iterator[bytes]:
    """Frames with bytes changed, cut, doubled and exchanged; the same for one seed."""
    draw = random.Random(seed)
    whole = [frames.encode(one) for one in FRAMES]
    for _ in range(count):
        data = bytearray(draw.choice(whole))
        for _ in range(draw.randrange(1, 4)):
            _mutate(data, draw)
        yield bytes(data)


def _mutate(data: bytearray, draw: random.Random) -> None:
    at = draw.randrange(len(data) + 1)
    what = draw.randrange(5)
    if what == 0 and data:
        data[at % len(data)] = draw.randrange(256)
    elif what == 1:
        del data[at:]
    elif what == 2:
        data[at:at] = draw.randbytes(draw.randrange(1, 9))
    elif what == 3:
        data[at : at + 4] = draw.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1", b"\x7f\xff\xff\xff"))
    else:
        data += data[: draw.randrange(64)]
