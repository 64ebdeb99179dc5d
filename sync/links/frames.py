"""Messages to frames and back, with credit: what a link does that has nothing to do with its carrier.

A frame is one byte that says what it is, and a body. Sync and bulk are reliable and in order: a message is cut into
`PART`s and a `LAST`. The receiver gives credit as its messages are *read*, so that a reader that stands still stops the
sender after `WINDOW` bytes of each channel, whatever the carrier would buffer. Presence has no credit and no order:
each `PIECE` names its message, and a message of which one piece is lost is lost. Whoever breaks these rules gets
`Broken`, and the link is to be closed.
"""

from __future__ import annotations

import struct
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from sync.links.link import LARGEST, MOST_BULK, MOST_QUEUED, Channel, Overfull

PART: Final = 0
LAST: Final = 1
GRANT: Final = 2  # u64: how many bytes may have been sent in all
OPEN: Final = 3  # u32: the largest frame this end takes
PIECE: Final = 4  # u32 message, u8 index, u8 count
BYE: Final = 5  # nothing comes any more; the other side says it too

SMALL_FRAME: Final = 16 << 10
LARGE_FRAME: Final = 64 << 10
WINDOW: Final = 2 << 20
COST: Final = 64
"""What a frame costs beside its bytes, so that a million empty ones are no way round the window."""

MOST_PRESENCE: Final = 256 << 10
"""How much presence waits at either end before the oldest is forgotten."""

HELD: Final = 512 << 10
"""How much of `MOST_QUEUED` is left to what the carrier holds."""

RELIABLE: Final = (Channel.SYNC, Channel.BULK)
TURNS: Final = 16
"""After so many sync messages in a row, one bulk message has its turn."""

_GRANT: Final = struct.Struct(">BQ")
_OPEN: Final = struct.Struct(">BI")
_PIECE: Final = struct.Struct(">BIBB")
_PENDING: Final = 8
_REMEMBERED: Final = 1024


class Broken(Exception):
    """The other side does not keep to the rules of frames."""


class Outgoing:
    """What one reliable channel has to send."""

    def __init__(self) -> None:
        self.waiting: deque[bytes] = deque()
        self.bytes = 0
        self._start = 0  # how much of the first message is already on its way
        self._spent = 0
        self._granted = WINDOW

    def put(self, data: bytes) -> None:
        """Queue a message."""
        self.waiting.append(data)
        self.bytes += len(data)

    def grant(self, total: int) -> None:
        """The other side takes `total` bytes in all; less than it said before is no harm."""
        if total > self._spent + 2 * WINDOW:
            raise Broken("a grant beyond the window")
        self._granted = max(self._granted, total)

    def cut(self, size: int) -> bytes | None:
        """The next frame of at most `size` bytes, if there is credit for it."""
        if not self.waiting:
            return None
        data, start = self.waiting[0], self._start
        end = min(len(data), start + size - 1)
        if self._spent + end - start + COST > self._granted:
            return None
        self._spent += end - start + COST
        self.bytes -= end - start
        self._start = end
        if end < len(data):
            return bytes((PART,)) + data[start:end]
        self.waiting.popleft()
        self._start = 0
        return bytes((LAST,)) + data[start:end]


class Incoming:
    """What one reliable channel has received."""

    def __init__(self, channel: Channel) -> None:
        self.ready: deque[tuple[bytes, int]] = deque()  # with what each cost its sender
        self._channel = channel
        self._parts: list[bytes] = []
        self._joined = 0
        self._cost = 0
        self._taken = 0
        self._read = 0
        self._granted = WINDOW

    def take(self, kind: int, body: bytes) -> None:
        """One frame, `PART` or `LAST`."""
        cost = len(body) + COST
        self._taken += cost
        if self._taken > self._granted:
            raise Broken("more than was granted")
        if kind == PART and not body:
            raise Broken("an empty part")
        self._parts.append(body)
        self._joined += len(body)
        self._cost += cost
        if self._joined > LARGEST[self._channel]:
            raise Broken("a message above the limit")
        if kind == LAST:
            self.ready.append((b"".join(self._parts), self._cost))
            self._parts, self._joined, self._cost = [], 0, 0

    def read(self) -> bytes:
        """The oldest whole message."""
        data, cost = self.ready.popleft()
        self._read += cost
        return data

    def grant(self) -> bytes | None:
        """The frame that gives the other side new credit, once that is worth a frame."""
        if self._read + WINDOW - self._granted < WINDOW // 4:
            return None
        self._granted = self._read + WINDOW
        return _GRANT.pack(GRANT, self._granted)


class Glimpses:
    """Presence, both ways: pieces that may be lost, doubled and out of order."""

    def __init__(self) -> None:
        self.waiting: deque[bytes] = deque()
        self.bytes = 0
        self.ready: deque[bytes] = deque()
        self._ready_bytes = 0
        self._number = 0
        self._pending: OrderedDict[int, dict[int, bytes]] = OrderedDict()
        self._counts: dict[int, int] = {}
        self._seen: OrderedDict[int, None] = OrderedDict()

    def put(self, data: bytes) -> None:
        """Queue a message, and forget old ones rather than let more than `MOST_PRESENCE` wait."""
        room = SMALL_FRAME - _PIECE.size
        pieces = [data[at : at + room] for at in range(0, len(data), room)] or [b""]
        for index, piece in enumerate(pieces):
            self.waiting.append(_PIECE.pack(PIECE, self._number, index, len(pieces)) + piece)
            self.bytes += len(self.waiting[-1])
        self._number = (self._number + 1) & 0xFFFFFFFF
        while self.bytes > MOST_PRESENCE or len(self.waiting) > MOST_PRESENCE // COST:
            self.bytes -= len(self.waiting.popleft())

    def cut(self) -> bytes | None:
        """The next frame."""
        if not self.waiting:
            return None
        frame = self.waiting.popleft()
        self.bytes -= len(frame)
        return frame

    def take(self, frame: bytes) -> None:
        """One piece; of unfinished messages the newest few are kept."""
        if len(frame) < _PIECE.size:
            raise Broken("a piece without its number")
        _, number, index, count = _PIECE.unpack_from(frame)
        if index >= count or count > LARGEST[Channel.PRESENCE] // (SMALL_FRAME - _PIECE.size) + 1:
            raise Broken("a piece that cannot be")
        if number in self._seen:
            return
        pieces = self._pending.setdefault(number, {})
        if self._counts.setdefault(number, count) != count:
            raise Broken("pieces that contradict each other")
        pieces[index] = frame[_PIECE.size :]
        if len(pieces) == count:
            self._finish(number, b"".join(pieces[at] for at in range(count)))
        while len(self._pending) > _PENDING:
            lost, _ = self._pending.popitem(last=False)
            del self._counts[lost]

    def _finish(self, number: int, data: bytes) -> None:
        del self._pending[number], self._counts[number]
        self._seen[number] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        if len(data) > LARGEST[Channel.PRESENCE]:
            raise Broken("a message above the limit")
        self.ready.append(data)
        self._ready_bytes += len(data) + COST
        while self._ready_bytes > MOST_PRESENCE:
            self.read()

    def read(self) -> bytes:
        """The oldest whole message."""
        data = self.ready.popleft()
        self._ready_bytes -= len(data) + COST
        return data


class Frames:
    """Both directions of one end of a link, as frames; the carrier moves them and does not look inside."""

    def __init__(self, largest: int = LARGE_FRAME) -> None:
        self._largest = largest
        self._size = SMALL_FRAME
        self._out = {channel: Outgoing() for channel in RELIABLE}
        self._in = {channel: Incoming(channel) for channel in RELIABLE}
        self._presence = Glimpses()
        self._orders: deque[tuple[Channel, bytes]] = deque([(Channel.SYNC, _OPEN.pack(OPEN, largest))])
        self._turns = 0
        self.parted = False  # the other side said `BYE`

    def put(self, channel: Channel, data: bytes) -> None:
        """Queue a message to go out."""
        if len(data) > LARGEST[channel]:
            raise ValueError(f"a message of {len(data)} bytes is too large for the {channel} channel")
        if channel is Channel.PRESENCE:
            self._presence.put(data)
            return
        waiting = sum(self._weight(one) for one in RELIABLE) + self._presence.bytes
        own = self._weight(channel)
        size = len(data) + COST
        if waiting + size > MOST_QUEUED - HELD or (channel is Channel.BULK and own + size > MOST_BULK):
            raise Overfull(channel, own)
        self._out[channel].put(data)

    def _weight(self, channel: Channel) -> int:
        return self._out[channel].bytes + COST * len(self._out[channel].waiting)

    def queued(self, channel: Channel) -> int:
        """How many bytes of messages still wait."""
        return self._presence.bytes if channel is Channel.PRESENCE else self._out[channel].bytes

    def next(self, room: Callable[[Channel], bool]) -> tuple[Channel, bytes] | None:
        """The frame to hand to the carrier now: orders, presence, sync, bulk, where there is room."""
        if self._orders and room(self._orders[0][0]):
            return self._orders.popleft()
        if room(Channel.PRESENCE) and (frame := self._presence.cut()) is not None:
            return Channel.PRESENCE, frame
        for channel in RELIABLE:
            if room(channel) and (frame := self._out[channel].cut(self._size)) is not None:
                return channel, frame
        return None

    def take(self, channel: Channel, frame: bytes) -> None:
        """A frame has come; raises `Broken` when it is none."""
        if not frame or len(frame) > self._largest:
            raise Broken("a frame of a size that cannot be")
        kind = frame[0]
        if channel is Channel.PRESENCE:
            if kind != PIECE:
                raise Broken("a frame on the wrong channel")
            self._presence.take(frame)
        elif kind in (PART, LAST):
            self._in[channel].take(kind, frame[1:])
        elif kind == GRANT and len(frame) == _GRANT.size:
            self._out[channel].grant(_GRANT.unpack(frame)[1])
        elif kind == BYE and len(frame) == 1 and channel is Channel.SYNC:
            self.parted = True
        elif kind == OPEN and len(frame) == _OPEN.size and channel is Channel.SYNC:
            wanted = _OPEN.unpack(frame)[1]
            self._size = max(SMALL_FRAME, min(wanted, self._largest, LARGE_FRAME))
        else:
            raise Broken("a frame of no known kind")

    def read(self) -> tuple[Channel, bytes] | None:
        """The next whole message: presence, then sync, and bulk in between so that it is not starved."""
        if self._presence.ready:
            return Channel.PRESENCE, self._presence.read()
        sync, bulk = (self._in[channel] for channel in RELIABLE)
        if sync.ready and not (bulk.ready and self._turns >= TURNS):
            self._turns += 1
            return self._read(Channel.SYNC)
        self._turns = 0
        return self._read(Channel.BULK) if bulk.ready else None

    def _read(self, channel: Channel) -> tuple[Channel, bytes]:
        incoming = self._in[channel]
        data = incoming.read()
        if (grant := incoming.grant()) is not None:
            self._orders.append((channel, grant))
        return channel, data

    def forget(self) -> None:
        """Drop what has come and was not read."""
        self._in = {channel: Incoming(channel) for channel in RELIABLE}
        self._presence.ready.clear()
