"""One device's visit to a relay, without I/O: bytes come in, answers and wishes go out.

The order is fixed: a challenge, its answer, then anything else. What breaks the order or cannot be read ends the visit
with a reason; what asks for too much is refused or made to wait, and the visit goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sync.relay import frames, names
from sync.relay.challenge import Asked
from sync.relay.frames import Delete, Frame, Get, Malformed, Names, Pass, Prove, Put, Refused, Welcome
from sync.relay.metrics import Metrics
from sync.relay.quotas import Allowance, Limits
from sync.relay.rooms import Guest, Rooms

NAME: Final = re.compile(rb"[0-9a-z][0-9a-z._/-]{0,127}")
FREE: Final = 64
"""Bytes that every frame is counted for besides its own, so that empty ones are not free."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wish:
    """Something for the mailboxes to do, whose outcome is to be sent."""

    frame: Put | Names | Get | Delete


@dataclass(frozen=True, slots=True)
class Wait:
    """Read nothing further for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class End:
    """The visit is over; the reason was sent."""

    code: str


Step = Reply | Wish | Wait | End


@dataclass(slots=True)
class Visit:
    """What a relay knows of one connection; `allowances` are its own and its network address's."""

    asked: Asked
    rooms: Rooms
    limits: Limits
    metrics: Metrics
    allowances: Sequence[Allowance]
    send: Callable[[bytes], bool]
    displace: Callable[[], None]
    room: bytes = b""
    guest: Guest | None = None

    def receive(self, data: bytes, now: float) -> list[Step]:
        """Take in one message."""
        wait = self._cost(data, now)
        slow: list[Step] = [Wait(wait)] if wait > 0 else []
        try:
            frame = frames.decode(data)
        except Malformed as error:
            return self._end("malformed", error.message)
        if self.guest is None:
            return self._enter(frame, now)
        return slow + self._serve(self.guest, frame, now)

    def late(self, now: float) -> list[Step]:
        """End the visit of somebody who does not answer the challenge in time."""
        if self.guest is None and now >= self.asked.until:
            return self._end("silent", "the challenge was not answered in time")
        return []

    def leave(self) -> None:
        """The connection is gone."""
        if self.guest is not None:
            self.rooms.leave(self.room, self.guest)
            self.guest = None

    def _cost(self, data: bytes, now: float) -> float:
        size = len(data) + FREE
        waits = [max(one.messages.take(1, now), one.bytes.take(size, now)) for one in self.allowances]
        self.metrics.throttled += max(waits)
        return max(waits)

    def _enter(self, frame: Frame, now: float) -> list[Step]:
        if not isinstance(frame, Prove):
            return self._end("no_proof", "the challenge has to be answered first")
        if not self.asked.answered(frame, now):
            return self._end("bad_proof", "the challenge was not answered by the key that was named")
        guest = Guest(names.address_of(frame.public), frame.card, self.send, self.displace)
        if not self.rooms.has_seat(frame.room, guest.address):
            return self._end("room_full", f"there are {self.limits.members} devices in the room already")
        self.send(frames.encode(Welcome(guest.address)))
        self.rooms.enter(frame.room, guest)
        self.room, self.guest = frame.room, guest
        return []

    def _serve(self, guest: Guest, frame: Frame, now: float) -> list[Step]:
        if isinstance(frame, Pass):
            return self._pass(guest, frame)
        if isinstance(frame, Put):
            return self._put(frame, now)
        if isinstance(frame, (Get, Delete)):
            return [Wish(frame)] if NAME.fullmatch(frame.name) else self._refuse(frame, "bad_name", _NAMES)
        if isinstance(frame, Names):
            return [Wish(frame)]
        return self._end("unexpected", "a relay is never told this")

    def _pass(self, guest: Guest, frame: Pass) -> list[Step]:
        if len(frame.data) > frames.LARGEST_PASSED:
            return self._end("too_large", f"a frame has at most {frames.LARGEST_PASSED} bytes")
        if self.rooms.forward(self.room, guest, frame.address, frame.data):
            self.metrics.counts["passed_total"] += 1
            self.metrics.counts["passed_bytes_total"] += len(frame.data)
        else:
            self.metrics.refused["not_passed"] += 1
        return []

    def _put(self, frame: Put, now: float) -> list[Step]:
        if not NAME.fullmatch(frame.name):
            return self._refuse(frame, "bad_name", _NAMES)
        if not all(one.stored.spare(len(frame.data), now) for one in self.allowances):
            return self._refuse(frame, "too_many", "too much was put in a short time; try again later")
        return [Wish(frame)]

    def _refuse(self, frame: Put | Get | Delete, code: str, detail: str) -> list[Step]:
        self.metrics.refused[code] += 1
        return [Reply(frames.encode(Refused(frame.number, code, detail)))]

    def _end(self, code: str, detail: str) -> list[Step]:
        self.metrics.refused[code] += 1
        return [Reply(frames.encode(Refused(0, code, detail[:200]))), End(code)]


_NAMES: Final = "a name has up to 128 of a-z 0-9 . _ / - and begins with one of a-z 0-9"
