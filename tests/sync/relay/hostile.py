"""A relay that does what it should not: everything that passes goes through the hands of a `Meddler`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sync.relay.rooms import Guest, Rooms
from sync.relay.server import Relay
from tests.sync.relay.stage import Visitor, at, visitor
from tests.sync.stage import Ticks

Passed = tuple[bytes, bytes, bytes]
"""From, to, and what."""
Meddle = Callable[[Passed], Sequence[Passed]]
"""What is passed on in place of a message."""


@dataclass(slots=True)
class Meddler(Rooms):
    """Rooms in which messages are seen, kept, changed and made up."""

    meddle: Meddle = lambda message: [message]
    seen: list[Passed] = field(default_factory=list)

    def forward(self, room: bytes, guest: Guest, to: bytes, data: bytes) -> bool:
        """Pass on what the meddler wants, to whom it wants, from whom it wants."""
        self.seen.append((guest.address, to, data))
        for sender, receiver, changed in self.meddle((guest.address, to, data)):
            pretended = Guest(sender, b"", lambda data: True, lambda: None)
            Rooms.forward(self, room, pretended, receiver, changed)
        return True


@asynccontextmanager
async def hostile(folder: Path, *numbers: int) -> AsyncIterator[tuple[Meddler, Visitor, Visitor]]:
    """A hostile relay and two devices that believe it to be a relay."""
    first, second = numbers
    async with Relay.listening(folder, clock=Ticks()) as relay:
        relay.rooms = meddler = Meddler(256)
        async with visitor(at(relay), first) as one, visitor(at(relay), second) as other:
            await one.sees(other)
            await other.sees(one)
            yield meddler, one, other
