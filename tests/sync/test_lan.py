"""The LAN for real: found by multicast or by address, links over WebRTC, ports that are taken, foreign tags."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from sync import interfaces, lan
from sync.dialling import Route
from sync.identity import utc_now
from sync.lan import Lan
from sync.links.link import Channel, Link, LinkClosed, NoLink
from sync.networks import Hint
from sync.records import ProjectId
from sync.tasks import Crew

pytestmark = pytest.mark.skipif(
    not any(interfaces.reachable(one) for one in interfaces.addresses()), reason="needs a network"
)
PROJECT = ProjectId("7a" * 32)


class Guests:
    """Remembers hints, and answers the first message of each link."""

    def __init__(self) -> None:
        self.hints: dict[str, Hint] = {}
        self.stirred = asyncio.Event()

    def hint(self, hint: Hint) -> None:
        """Remember it."""
        self.hints[hint.key] = hint
        self.stirred.set()

    async def came(self, link: Link, route: Route) -> None:
        """Say the first message back."""
        with suppress(LinkClosed):
            channel, data = await link.receive()
            link.send(channel, data)
            await link.drained(channel, 0)

    def stir(self) -> None:
        """Nothing to stir."""

    async def until(self, key: str) -> Hint:
        """The hint of that name."""
        async with asyncio.timeout(20):
            while key not in self.hints:
                self.stirred.clear()
                await self.stirred.wait()
        return self.hints[key]


def make(project: ProjectId = PROJECT, port: int = 0, *known: Hint) -> Lan:
    return Lan(project, clock=utc_now, random=os.urandom, port=port, known=known)


@asynccontextmanager
async def there(*lans: Lan) -> AsyncIterator[list[Guests]]:
    """Networks that run."""
    found = [Guests() for _ in lans]
    async with Crew() as crew:
        for one, guests in zip(lans, found, strict=True):
            crew.start(one.run(guests))
        yield found


async def test_two_find_each_other_and_talk() -> None:
    one, other = make(), make()
    async with there(one, other) as (guests, back):
        hint = await guests.until(other.instance)
        turned = await back.until(one.instance)
        assert hint.first != turned.first
        async with one.dial(Route.LAN, hint.addresses) as link:
            link.send(Channel.SYNC, b"hello")
            async with asyncio.timeout(10):
                assert await link.receive() == (Channel.SYNC, b"hello")
        assert one.addresses()
        assert [step.ok for step in one.steps()] == [True, True, True]
    assert one.addresses() == ()


async def test_another_project_is_not_answered() -> None:
    one, stranger = make(), make(ProjectId("7b" * 32))
    async with there(one, stranger) as (guests, _):
        while not stranger.addresses():
            await asyncio.sleep(0)
        with pytest.raises(NoLink):
            async with one.dial(Route.LAN, stranger.addresses()):
                pytest.fail("it was answered")
        assert stranger.instance not in guests.hints


async def test_a_stranger_finds_whoever_listens_to_strangers() -> None:
    one = Lan(PROJECT, clock=utc_now, random=os.urandom, strangers=lambda: True)
    closed, stranger = make(), Lan(None, clock=utc_now, random=os.urandom)
    async with there(one, closed, stranger) as (guests, _, found):
        await found.until(closed.instance)
        hint = await found.until(one.instance)
        async with stranger.dial(Route.LAN, hint.addresses) as link:
            assert link.binding
        for asked, who in ((closed, stranger), (stranger, one)):
            with pytest.raises(NoLink):
                async with who.dial(Route.LAN, asked.addresses()):
                    pytest.fail("it was answered")
        assert stranger.instance not in guests.hints


async def test_the_port_of_last_time_is_taken_again_if_it_is_free() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        one = make(PROJECT, port)
        async with there(one) as _:
            while not one.addresses():
                await asyncio.sleep(0)
            assert one.port != port
    again = make(PROJECT, one.port)
    async with there(again) as _:
        while not again.addresses():
            await asyncio.sleep(0)
        assert again.port == one.port


async def test_a_dead_address_does_not_keep_a_live_one_from_being_tried() -> None:
    one, other = make(), make()
    async with there(one, other) as _:
        while not other.addresses():
            await asyncio.sleep(0)
        async with one.dial(Route.LAN, ("127.0.0.1:9", *other.addresses())) as link:
            assert link.kind == "webrtc"


async def test_no_address_is_no_link() -> None:
    with pytest.raises(NoLink, match="no address"):
        async with make().dial(Route.LAN, ()):
            pytest.fail("it came about")


@pytest.mark.parametrize("text", ["", "host", "host:", ":1", "host:0", "host:65536", "host:x"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(NoLink):
        lan.split(text)


def test_addresses() -> None:
    assert lan.split("10.0.0.1:80") == ("10.0.0.1", 80)
    assert lan.split("[fd00::1]:80") == ("fd00::1", 80)
