"""The dialler tries who is hinted at, remembers how it ended, and dials nobody once it is closed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sync.dialler import Dialler
from sync.dialling import Route
from sync.links.link import Link, NoLink
from sync.networks import Guests, Hint, Step
from sync.pump import Pump
from sync.records import DeviceId
from sync.tasks import Crew

HINT = Hint("ben", Route.LAN, ("10.0.0.2:7001",), first=True, device=DeviceId("b" * 64))


class Cut:
    """A network on which nobody is reached."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, ...]] = []

    def routes(self) -> tuple[Route, ...]:
        return (Route.LAN,)

    async def run(self, guests: Guests) -> None:
        del guests

    @asynccontextmanager
    async def dial(self, route: Route, addresses: tuple[str, ...]) -> AsyncIterator[Link]:
        self.dialled.append(addresses)
        raise NoLink(f"nobody answers at {addresses[0]} by {route.name}")
        yield

    def steps(self) -> list[Step]:
        return []


async def _never(link: Link, route: Route, key: str) -> Pump:
    raise AssertionError((link, route, key))


async def test_a_failed_try_is_remembered_with_its_device_and_told() -> None:
    network, told, failed = Cut(), list[DeviceId](), asyncio.Event()

    def tell(device: DeviceId) -> None:
        told.append(device)
        failed.set()

    dialler = Dialler([network], _never, tell, now=time.monotonic, random=os.urandom)
    dialler.hint(HINT)
    async with Crew() as crew:
        crew.start(dialler.run(crew))
        async with asyncio.timeout(10):
            await failed.wait()
        dialler.close()
    assert network.dialled[0] == HINT.addresses
    assert told[0] == HINT.device
    tries, strangers = dialler.known()
    assert tries[DeviceId("b" * 64)].code == "no_link"
    assert "10.0.0.2" in tries[DeviceId("b" * 64)].message
    assert strangers == ()


async def test_nobody_is_dialled_once_it_is_closed() -> None:
    network = Cut()
    dialler = Dialler([network], _never, lambda _: None, now=time.monotonic, random=os.urandom)
    dialler.hint(HINT)
    dialler.close()
    async with Crew() as crew:
        await dialler.run(crew)
    assert not network.dialled


def test_who_is_gone_is_tried_no_more() -> None:
    dialler = Dialler([Cut()], _never, lambda _: None, now=time.monotonic, random=os.urandom)
    dialler.hint(HINT)
    dialler.hint(Hint("ben", Route.LAN, (), first=True))
    assert dialler.known() == ({}, ())
