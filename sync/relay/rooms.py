"""Who is in which room now, and what is passed on between them; nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sync.relay import frames
from sync.relay.frames import Came, Left, Lost, Pass


@dataclass(slots=True, eq=False)
class Guest:
    """A device in a room; `send` queues for it and says whether there was room, `displace` ends its visit."""

    address: bytes
    card: bytes
    send: Callable[[bytes], bool]
    displace: Callable[[], None]


@dataclass(slots=True)
class Rooms:
    """The rooms that somebody is in."""

    most: int
    _rooms: dict[bytes, dict[bytes, Guest]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._rooms)

    def guests(self, room: bytes) -> Iterator[Guest]:
        """Everybody in a room."""
        return iter(tuple(self._rooms.get(room, {}).values()))

    def has_seat(self, room: bytes, address: bytes) -> bool:
        """Whether a device may come in: there is a place, or it takes its own again."""
        there = self._rooms.get(room, {})
        return address in there or len(there) < self.most

    def enter(self, room: bytes, guest: Guest) -> None:
        """Let a device in, tell it of the others and them of it.

        A device that is there already comes back on another connection: the older one ends.
        """
        there = self._rooms.setdefault(room, {})
        before = there.get(guest.address)
        there[guest.address] = guest
        if before is not None:
            before.displace()
        came = frames.encode(Came(guest.address, guest.card))
        for other in tuple(there.values()):
            if other is not guest:
                guest.send(frames.encode(Came(other.address, other.card)))
                other.send(came)

    def leave(self, room: bytes, guest: Guest) -> None:
        """Forget a device that went, unless it is back already."""
        there = self._rooms.get(room, {})
        if there.get(guest.address) is not guest:
            return
        del there[guest.address]
        if not there:
            del self._rooms[room]
        left = frames.encode(Left(guest.address))
        for other in tuple(there.values()):
            other.send(left)

    def forward(self, room: bytes, guest: Guest, to: bytes, data: bytes) -> bool:
        """Pass a frame on within the room; where that cannot be, its sender is told."""
        other = self._rooms.get(room, {}).get(to)
        if other is None:
            guest.send(frames.encode(Left(to)))
            return False
        if not other.send(frames.encode(Pass(guest.address, data))):
            guest.send(frames.encode(Lost(to)))
            return False
        return True
