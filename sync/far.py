"""A relay as a network of a session: whoever is in the project's room there can be dialled, sealed from end to end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from engine.faults import Fault
from sync import identity
from sync.dialling import Route, offers
from sync.identity import Device, Random
from sync.links.link import Link, NoLink
from sync.links.relayed import RelayedLinks
from sync.networks import Guests, Hint, Step
from sync.records import ProjectId
from sync.relay.client import RelayClient, RelayRefused, RelayUnreachable
from sync.tasks import Crew

AGAIN: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds until a relay that went away is visited again; the last number goes on."""


class Far:
    """The other devices in the project's room at a relay."""

    def __init__(self, relay: str, project: ProjectId, device: Device, *, random: Random) -> None:
        self.relay = relay
        self._project = project
        self._device = device
        self._random = random
        self._links: RelayedLinks | None = None
        self._fault: Fault | None = None
        self._told: set[str] = set()

    def routes(self) -> tuple[Route, ...]:
        """Through the relay."""
        return (Route.RELAY,)

    async def run(self, guests: Guests) -> None:
        """Be in the room, and come back to it."""
        failed = 0
        while True:
            try:
                async with RelayClient.visiting(
                    self.relay, self._device, self._project, self._random
                ) as client:
                    failed, self._fault = 0, None
                    self._links = RelayedLinks(client, self._random)
                    await self._stay(client, self._links, guests)
            except (RelayUnreachable, RelayRefused) as fault:
                self._fault = fault
            finally:
                self._links = None
                self._tell({}, guests)
            await asyncio.sleep(AGAIN[min(failed, len(AGAIN) - 1)])
            failed += 1

    async def _stay(self, client: RelayClient, links: RelayedLinks, guests: Guests) -> None:
        """Tell who is in the room until the visit is over; raises the fault that ended it."""
        async with Crew() as crew:
            crew.start(self._accept(links, crew, guests))
            while True:
                self._tell({one.hex(): card.public for one, card in client.others.items()}, guests)
                await client.changed()

    async def _accept(self, links: RelayedLinks, crew: Crew, guests: Guests) -> None:
        try:
            while True:
                crew.start(guests.came(await links.accept(), Route.RELAY))
        except (RelayUnreachable, RelayRefused):
            return  # `changed` says so as well

    def _tell(self, others: dict[str, bytes], guests: Guests) -> None:
        there: set[str] = set()
        for address, public in others.items():
            device = identity.device_id(public)
            key = f"relay {device}"
            there.add(key)
            guests.hint(Hint(key, Route.RELAY, (address,), offers(self._device.id, device), device))
        for key in self._told - there:
            guests.hint(Hint(key, Route.RELAY, (), False))
        self._told = there

    @asynccontextmanager
    async def dial(self, route: Route, addresses: tuple[str, ...]) -> AsyncIterator[Link]:
        """A link to a device in the room."""
        if self._links is None:
            raise NoLink("the relay is not reached")
        async with self._links.dial(bytes.fromhex(addresses[0])) as link:
            yield link

    def steps(self) -> list[Step]:
        """Whether the relay lets this device in."""
        if self._links is not None:
            return [Step("relay", True, f"{self.relay}: {len(self._told)} others are there")]
        fault = self._fault
        detail = fault.message if fault is not None else f"{self.relay} is being asked"
        return [Step("relay", fault is None, detail, fault.hint if fault is not None else "")]
