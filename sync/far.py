"""A relay as a network of a session: whoever is in the project's rooms there can be dialled, sealed from end to end.

Two who meet there are linked through the relay first, which takes no longer than a message does; a direct link, whose
descriptions go through the relay, takes its place where one comes about.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from engine.faults import Fault
from sync import direct, identity
from sync.dialling import Route, offers
from sync.direct import Doorman, Servers
from sync.identity import Device, Random
from sync.links.link import Link, NoLink
from sync.links.relayed import RelayedLinks
from sync.meeting import Kind, Meeting
from sync.networks import Guests, Hint, Step
from sync.records import DeviceId
from sync.relay.client import RelayClient, RelayRefused, RelayUnreachable
from sync.relay.sealing import Card
from sync.tasks import Crew

AGAIN: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds until a relay that went away is visited again; the last number goes on."""
LOOK: Final = 1.0
"""Seconds between looks which rooms to be in."""
FIRST: Final = 1.0
"""Seconds for which somebody who came, or whose direct link ended, is dialled through the relay alone."""

Meetings = Callable[[], Sequence[Meeting]]


@dataclass(slots=True)
class Visit:
    """One room, and the visit to it while there is one."""

    meeting: Meeting
    client: RelayClient | None = None
    links: RelayedLinks | None = None
    fault: Fault | None = None
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Place:
    """One device's ways through the relay: how it is called there, the best room first."""

    relayed: list[str] = field(default_factory=list)
    direct: list[str] = field(default_factory=list)


class Far:
    """The other devices in the project's rooms at a relay; `meetings` says which rooms these are."""

    def __init__(
        self,
        relay: str,
        device: Device,
        meetings: Meetings,
        *,
        random: Random,
        servers: Servers = direct.none,
    ) -> None:
        self.relay = relay
        self.visits: dict[bytes, Visit] = {}
        self._device = device
        self._meetings = meetings
        self._random = random
        self._servers = servers
        self._doorman = Doorman(servers)
        self._told: dict[DeviceId, _Place] = {}
        self._relayed_until: dict[str, float] = {}

    def routes(self) -> tuple[Route, ...]:
        """Through the relay, and past it."""
        return (Route.RELAY, Route.DIRECT)

    async def run(self, guests: Guests) -> None:
        """Be in the rooms, and come back to them."""
        async with Crew() as crew:
            try:
                while True:
                    self._choose(crew, guests)
                    await asyncio.sleep(LOOK)
            finally:
                for visit in self.visits.values():
                    _end(visit)
                self.visits.clear()
                self._tell(guests)

    def _choose(self, crew: Crew, guests: Guests) -> None:
        """Enter the rooms that are new, and leave those that are no more."""
        wanted = {one.room.name: one for one in self._meetings()}
        for name in self.visits.keys() - wanted.keys():
            _end(self.visits.pop(name))
            self._tell(guests)
        for name, meeting in wanted.items():
            visit = self.visits.get(name)
            if visit is None:
                visit = self.visits[name] = Visit(meeting)
                visit.task = crew.start(self._visit(visit, crew, guests))
            visit.meeting = meeting

    async def _visit(self, visit: Visit, crew: Crew, guests: Guests) -> None:
        """Be in one room, until cancelled."""
        failed = 0
        while True:
            try:
                async with RelayClient.visiting(
                    self.relay, self._device, visit.meeting.room, self._random
                ) as client:
                    failed, visit.fault = 0, None
                    visit.client, visit.links = client, RelayedLinks(client, self._random)
                    await self._stay(visit, client, visit.links, crew, guests)
            except (RelayUnreachable, RelayRefused) as fault:
                visit.fault = fault
            finally:
                visit.client = visit.links = None
                self._tell(guests)
            await asyncio.sleep(AGAIN[min(failed, len(AGAIN) - 1)])
            failed += 1

    async def _stay(
        self, visit: Visit, client: RelayClient, links: RelayedLinks, crew: Crew, guests: Guests
    ) -> None:
        """Tell who is in the room until the visit is over; raises the fault that ended it."""
        async with Crew() as here:
            here.start(self._accept(links, here, guests))
            here.start(self._doorman.run(links, lambda: visit.meeting.kind is Kind.NEWEST, crew, guests))
            while True:
                self._tell(guests)
                await client.changed()

    async def _accept(self, links: RelayedLinks, crew: Crew, guests: Guests) -> None:
        try:
            while True:
                crew.start(guests.came(await links.accept(), Route.RELAY))
        except (RelayUnreachable, RelayRefused):
            return  # `changed` says so as well

    # --- who is there ---

    def _tell(self, guests: Guests) -> None:
        places = self._places()
        now = asyncio.get_running_loop().time()
        for device, place in places.items():
            before = self._told.get(device, _Place())
            if place == before:
                continue
            fresh = [one for one in place.direct if one not in before.direct]
            self._relayed_until.update(dict.fromkeys(fresh, now + FIRST))
            first, key = offers(self._device.id, device), _key(device)
            guests.hint(Hint(key, Route.RELAY, tuple(place.relayed), first, device))
            if place.direct:
                guests.hint(Hint(key, Route.DIRECT, tuple(place.direct), first, device))
        for device in self._told.keys() - places.keys():
            guests.hint(Hint(_key(device), Route.RELAY, (), False))
            for name in self._told[device].direct:
                self._relayed_until.pop(name, None)
        self._told = places

    def _places(self) -> dict[DeviceId, _Place]:
        """Everybody in the rooms; direct links are made by what is said in the newest room, which no stranger knows."""
        found: dict[DeviceId, _Place] = {}
        for visit in sorted(self.visits.values(), key=lambda one: -one.meeting.kind):
            for address, card in visit.client.others.items() if visit.client is not None else ():
                if card.public == self._device.public:
                    continue
                place = found.setdefault(identity.device_id(card.public), _Place())
                place.relayed.append(_name(address, card))
                if visit.meeting.kind is Kind.NEWEST:
                    place.direct.append(_name(address, card))
        return found

    # --- links ---

    @asynccontextmanager
    async def dial(self, route: Route, addresses: tuple[str, ...]) -> AsyncIterator[Link]:
        """A link to a device in one of the rooms."""
        name, address, links = self._find(addresses)
        if route is Route.DIRECT:
            async with self._direct(name, address, links) as link:
                yield link
            return
        async with _relayed(links, address) as link:
            yield link

    def _find(self, addresses: Sequence[str]) -> tuple[str, bytes, RelayedLinks]:
        for name in addresses:
            address = bytes.fromhex(name.partition(".")[0])
            for visit in self.visits.values():
                if visit.client is not None and visit.links is not None and address in visit.client.others:
                    return name, address, visit.links
        raise NoLink("that device is not at the relay, or the relay is not reached")

    @asynccontextmanager
    async def _direct(self, name: str, address: bytes, links: RelayedLinks) -> AsyncIterator[Link]:
        clock = asyncio.get_running_loop().time
        if clock() < self._relayed_until.get(name, 0.0):
            raise NoLink("it is met through the relay first")
        async with direct.dialled(links, address, self._servers()) as link:
            try:
                yield link
            finally:
                self._relayed_until[name] = clock() + FIRST

    def steps(self) -> list[Step]:
        """Whether the relay lets this device in."""
        visits = sorted(self.visits.values(), key=lambda one: -one.meeting.kind)
        there = [one for one in visits if one.client is not None]
        if there:
            return [Step("relay", True, f"{self.relay}: {len(self._told)} others are there")]
        fault = next((one.fault for one in visits if one.fault is not None), None)
        detail = fault.message if fault is not None else f"{self.relay} is being asked"
        return [Step("relay", fault is None, detail, fault.hint if fault is not None else "")]


@asynccontextmanager
async def _relayed(links: RelayedLinks, address: bytes) -> AsyncIterator[Link]:
    """A link through the relay; whoever does not answer has just gone, and is dialled again like anybody else."""
    async with AsyncExitStack() as stack:
        try:
            link = await stack.enter_async_context(links.dial(address))
        except (RelayUnreachable, RelayRefused) as fault:
            raise NoLink(fault.message) from fault
        yield link


def _key(device: DeviceId) -> str:
    return f"relay {device}"


def _name(address: bytes, card: Card) -> str:
    """What a device at an address is called: at its next visit it is somebody new, who is dialled at once."""
    return f"{address.hex()}.{card.visit.hex()[:8]}"


def _end(visit: Visit) -> None:
    if visit.task is not None:
        visit.task.cancel()
