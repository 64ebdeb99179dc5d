"""Who hears of whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from sync.relay import frames
from sync.relay.frames import Came, Left, Lost, Pass
from sync.relay.rooms import Guest, Rooms

ROOM, OTHER = b"r" * 32, b"s" * 32


@dataclass
class Seat:
    """A guest with everything that it was told."""

    number: int
    full: bool = False
    displaced: int = 0
    told: list[frames.Frame] = field(default_factory=list)

    def guest(self) -> Guest:
        """The guest."""
        return Guest(bytes([self.number]) * 16, bytes([self.number]), self._send, self._displace)

    def _send(self, data: bytes) -> bool:
        if not self.full:
            self.told.append(frames.decode(data))
        return not self.full

    def _displace(self) -> None:
        self.displaced += 1


def test_those_in_a_room_hear_of_each_other() -> None:
    rooms, a, b, c = Rooms(8), Seat(1), Seat(2), Seat(3)
    one, other, stranger = a.guest(), b.guest(), c.guest()
    rooms.enter(ROOM, one)
    rooms.enter(ROOM, other)
    rooms.enter(OTHER, stranger)
    assert a.told == [Came(other.address, b"\2")]
    assert b.told == [Came(one.address, b"\1")]
    assert c.told == []
    rooms.leave(ROOM, other)
    assert a.told[-1] == Left(other.address)
    rooms.leave(ROOM, one)
    assert len(rooms) == 1


def test_a_frame_reaches_the_one_it_is_for_and_says_who_sent_it() -> None:
    rooms, a, b, c = Rooms(8), Seat(1), Seat(2), Seat(3)
    one, other, stranger = a.guest(), b.guest(), c.guest()
    for guest in (one, other):
        rooms.enter(ROOM, guest)
    rooms.enter(OTHER, stranger)
    assert rooms.forward(ROOM, one, other.address, b"data")
    assert b.told[-1] == Pass(one.address, b"data")
    assert not rooms.forward(ROOM, one, stranger.address, b"data")
    assert a.told[-1] == Left(stranger.address)
    assert c.told == []


def test_who_reads_too_slowly_misses_frames_and_their_sender_is_told() -> None:
    rooms, a, b = Rooms(8), Seat(1), Seat(2)
    one, other = a.guest(), b.guest()
    rooms.enter(ROOM, one)
    rooms.enter(ROOM, other)
    b.full = True
    assert not rooms.forward(ROOM, one, other.address, b"data")
    assert a.told[-1] == Lost(other.address)


def test_a_device_that_comes_back_takes_its_own_place() -> None:
    rooms, a, b, watching = Rooms(2), Seat(1), Seat(1), Seat(3)
    before, after, other = a.guest(), b.guest(), watching.guest()
    rooms.enter(ROOM, other)
    rooms.enter(ROOM, before)
    assert rooms.has_seat(ROOM, after.address)
    rooms.enter(ROOM, after)
    assert (a.displaced, b.displaced) == (1, 0)
    rooms.leave(ROOM, before)
    assert Left(before.address) not in watching.told
    assert rooms.forward(ROOM, other, after.address, b"data")
    assert b.told[-1] == Pass(other.address, b"data")


def test_a_room_has_so_many_seats() -> None:
    rooms = Rooms(1)
    rooms.enter(ROOM, Seat(1).guest())
    assert rooms.has_seat(ROOM, Seat(1).guest().address)
    assert not rooms.has_seat(ROOM, Seat(2).guest().address)
    assert rooms.has_seat(OTHER, Seat(2).guest().address)
