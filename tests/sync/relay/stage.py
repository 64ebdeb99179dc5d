"""Devices at a relay: an honest one on a port of its own, and visits to it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sync.identity import Device
from sync.links.link import Link
from sync.links.relayed import RelayedLinks
from sync.records import ProjectId
from sync.relay.client import RelayClient
from sync.relay.names import Pseudonym, Room
from sync.relay.quotas import Limits
from sync.relay.server import Relay
from tests.sync.stage import Ticks

PROJECT = ProjectId("ab" * 32)
ROOM = Room.of(bytes.fromhex(PROJECT))
URL = "ws://relay.example.org"


def device(number: int) -> Device:
    """A device with a key that follows from its number."""
    return Device.of_seed(bytes([number]) * 32, f"device {number}")


def pseudonym(number: int, room: Room = ROOM) -> Pseudonym:
    """What a device is at the example relay."""
    return Pseudonym.of(device(number), room, URL)


def seeded(seed: int = 1) -> Callable[[int], bytes]:
    """Randomness that is the same for one seed."""
    return random.Random(seed).randbytes


@dataclass
class Visitor:
    """A device that is at a relay."""

    device: Device
    client: RelayClient
    links: RelayedLinks

    async def sees(self, other: Visitor) -> bytes:
        """The address of another visitor, once it is in the room."""
        while (found := self.client.find(other.device.public)) is None:
            await self.client.changed()
        return found


@asynccontextmanager
async def visitor(url: str, number: int, room: Room = ROOM) -> AsyncIterator[Visitor]:
    """A device's visit to a relay."""
    draw = seeded(number)
    async with RelayClient.visiting(url, device(number), room, draw) as client:
        yield Visitor(device(number), client, RelayedLinks(client, draw))


@asynccontextmanager
async def visitors(folder: Path, *numbers: int) -> AsyncIterator[tuple[Visitor, ...]]:
    """Devices that meet at a relay of their own."""
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(Relay.listening(folder, clock=Ticks()))
        there = [await stack.enter_async_context(visitor(at(relay), number)) for number in numbers]
        for one in there:
            for other in there:
                if one is not other:
                    await one.sees(other)
        yield tuple(there)


@asynccontextmanager
async def over_relay() -> AsyncIterator[tuple[Link, Link]]:
    """The dialler's and the answerer's end of a link through a relay of its own."""
    with TemporaryDirectory() as folder:
        async with visitors(Path(folder), 1, 2) as there, linked(*there) as ends:
            yield ends


@asynccontextmanager
async def linked(one: Visitor, other: Visitor) -> AsyncIterator[tuple[Link, Link]]:
    """A link between two who see each other."""
    async with one.links.dial(await one.sees(other)) as dialled:
        answered = await other.links.accept()
        try:
            yield dialled, answered
        finally:
            await answered.close()


def at(relay: Relay) -> str:
    """Where a relay is."""
    return f"ws://127.0.0.1:{relay.port}"


SMALL = Limits(
    mailbox=4096,
    objects=4,
    mailboxes=2,
    disk=12_000,
    members=3,
    connections=6,
    connections_each=6,
    proof=30.0,
)
"""Limits that a test reaches."""
