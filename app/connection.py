"""What `doctor` looks at between two machines: each step of a connection, tried here and now with oneself.

Two networks of a made-up project run in this process. One has to find the other by multicast, ask at its port, and
reach it over a data channel, so a step that fails here fails on this machine and not on the other one. What the program
that has the project open has met with on the way to others comes after that: a firewall between two machines shows
itself to nobody else.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from app import shapes
from app.place import Place, enclosing
from engine.faults import Fault
from sync import interfaces
from sync.dialling import Route
from sync.identity import Random
from sync.lan import Lan
from sync.links.link import Channel, Link, LinkClosed
from sync.networks import Hint
from sync.records import ProjectId
from sync.tasks import Crew

Shape = dict[str, Any]

FOUND: Final = 4.0
"""Seconds that multicast may take to find a neighbour in the same process."""
OPEN: Final = 5.0
_FIREWALL: Final = "let Restrike through this machine's firewall"


async def checks(place: Place) -> list[Shape]:
    """The steps, in order; those behind one that fails are tried all the same, over another way."""
    return [*await _own(place), *await asyncio.to_thread(_met_with, place)]


def _met_with(place: Place) -> list[Shape]:
    """The steps towards others, from the program that has the project open."""
    from app.api import address
    from app.api.client.connection import Connection
    from app.api.client.problem import Problem

    folder = enclosing(place.folder if place.project is None else place.folder / place.project)
    there = address.read(folder) if folder is not None else None
    if there is None:
        return []
    try:
        with Connection(there.url, there.token, certificate=there.certificate, timeout=OPEN) as connection:
            answer = connection.request("GET", f"/projects/{there.project}/peers")
    except (Problem, OSError) as fault:
        return [
            shapes.check("others", False, f"the program that has the project open: {fault}", "start it again")
        ]
    found: list[Shape] = answer.value["checks"]
    return found


async def _own(place: Place) -> list[Shape]:
    outside = [one for one in interfaces.addresses() if interfaces.reachable(one)]
    _, detail, fix = interfaces.standing(interfaces.addresses)
    found = [shapes.check("network", True, detail if outside else f"{detail}: others are met later; {fix}")]
    if not outside:
        return found
    here, there = (_lan(place.random, project) for project in [_project(place.random)] * 2)
    async with Crew() as crew:
        guests = _Guests()
        crew.start(here.run(guests))
        crew.start(there.run(_Guests()))
        found.append(await _multicast(guests, there))
        found += await _channel(here, there)
    return found


def _project(random: Random) -> ProjectId:
    return ProjectId(random(32).hex())


def _lan(random: Random, project: ProjectId) -> Lan:
    from app.place import utc_now

    return Lan(project, clock=utc_now, random=random)


class _Guests:
    """Notes who was found, and sends back what it is told."""

    def __init__(self) -> None:
        self.found: dict[str, Hint] = {}
        self.stirred = asyncio.Event()

    def hint(self, hint: Hint) -> None:
        """Note it."""
        self.found[hint.key] = hint
        self.stirred.set()

    async def came(self, link: Link, route: Route) -> None:
        """Say the first message back."""
        try:
            channel, data = await link.receive()
            link.send(channel, data)
            await link.receive()
        except LinkClosed:
            return

    def stir(self) -> None:
        """Nothing to stir."""


async def _multicast(guests: _Guests, other: Lan) -> Shape:
    try:
        async with asyncio.timeout(FOUND):
            while other.instance not in guests.found:
                guests.stirred.clear()
                await guests.stirred.wait()
    except TimeoutError:
        fix = f"{_FIREWALL}: UDP port 5353, multicast; or join by a ticket, which has addresses in it"
        return shapes.check("multicast", False, "a neighbour on this machine is not found by multicast", fix)
    return shapes.check("multicast", True, "others on this network are found by multicast")


async def _channel(here: Lan, there: Lan) -> list[Shape]:
    port = shapes.check("signalling port", True, "others can ask this machine for a connection")
    if not there.addresses():
        fix = f"{_FIREWALL}: TCP ports"
        return [shapes.check("signalling port", False, "no port can be opened for others", fix)]
    try:
        async with asyncio.timeout(OPEN), here.dial(Route.LAN, there.addresses()) as link:
            link.send(Channel.SYNC, b"there and back")
            await link.receive()
    except (Fault, TimeoutError) as error:
        said = error.message if isinstance(error, Fault) else "nothing came back"
        fix = f"{_FIREWALL}: UDP between the machines of this network"
        return [port, shapes.check("data channel", False, said, fix)]
    return [port, shapes.check("data channel", True, "a data channel opens, and what is sent comes back")]
