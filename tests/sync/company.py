"""Sessions of several devices in one process, over a network in memory that can be cut and mended."""

from __future__ import annotations

import asyncio
import os
import random as rnd
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from sync import arrivals, dialling
from sync.dialling import Route
from sync.links.link import Link, NoLink
from sync.links.memory import FINE, Weather, Wire, memory_link
from sync.networks import Guests, Hint, Step
from sync.project import Project
from sync.rates import Limits
from sync.replica import ProjectReplica
from sync.session import Session
from sync.tickets import Ticket


@dataclass
class Ether:
    """Where networks in memory meet: who is there, and whether anything passes."""

    seed: int = 0
    weather: Weather = FINE
    up: bool = True
    there: dict[str, Plug] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = rnd.Random(self.seed)

    def cut(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self.up = False
        for wire in self.wires:
            wire.cut()

    def mend(self) -> None:
        """New links pass again; the old ones stay dead."""
        self.up = True


class Plug:
    """One device's network."""

    def __init__(self, ether: Ether, name: str) -> None:
        self.ether, self.name = ether, name
        self.guests: Guests | None = None
        self._group: asyncio.TaskGroup | None = None

    def routes(self) -> tuple[Route, ...]:
        """As a LAN."""
        return (Route.LAN,)

    def steps(self) -> list[Step]:
        """Whether the ether is up."""
        return [Step("ether", self.ether.up, "up" if self.ether.up else "cut", "mend it")]

    async def run(self, guests: Guests) -> None:
        """Tell and be told who is there."""
        async with asyncio.TaskGroup() as self._group:
            self.guests = guests
            for other in self.ether.there.values():
                assert other.guests is not None
                other.guests.hint(self._hint(self.name, other.name))
                guests.hint(self._hint(other.name, self.name))
            self.ether.there[self.name] = self
            try:
                await asyncio.Event().wait()
            finally:
                del self.ether.there[self.name]

    def _hint(self, name: str, own: str) -> Hint:
        return Hint(name, Route.LAN, (name,), dialling.offers(own, name))

    @asynccontextmanager
    async def dial(self, route: Route, addresses: tuple[str, ...]) -> AsyncIterator[Link]:
        """A link to the device of that name."""
        other = self.ether.there.get(addresses[0])
        if other is None or not self.ether.up or other.guests is None or other._group is None:
            raise NoLink("nothing passes")
        async with memory_link(self.ether.random, self.ether.weather) as wire:
            self.ether.wires.append(wire)
            other._group.create_task(other.guests.came(wire.answerer, Route.LAN))
            yield wire.dialler


@asynccontextmanager
async def sessions(
    ether: Ether,
    *projects: Project,
    tickets: dict[int, Ticket] | None = None,
    limits: Limits | None = None,
) -> AsyncIterator[list[Session]]:
    """A session for each project, all on one ether."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                session(ether, project, f"{number}", (tickets or {}).get(number), limits)
            )
            for number, project in enumerate(projects)
        ]


def session(
    ether: Ether,
    project: Project,
    name: str,
    ticket: Ticket | None = None,
    limits: Limits | None = None,
) -> Session:
    """One session on the ether."""
    return Session(
        project,
        ProjectReplica(project, arrivals.here, project._clock),
        [Plug(ether, name)],
        now=time.monotonic,
        random=os.urandom,
        ticket=ticket,
        limits=limits,
    )


async def until(found: Callable[[], object], *sessions: Session, seconds: float = 10.0) -> None:
    """Wait until something is so; it is looked at again whenever anything happens."""
    stirred = asyncio.Event()
    async with AsyncExitStack() as stack:
        for one in sessions:
            stack.enter_context(one.subscribe(lambda news: stirred.set()))
            stack.enter_context(one.project.subscribe(lambda change: stirred.set()))
        async with asyncio.timeout(seconds):
            while not found():
                stirred.clear()
                await stirred.wait()


def equal(*sessions: Session) -> bool:
    """Whether all hold the same."""
    return len({one.project.index.heads() for one in sessions}) == 1
