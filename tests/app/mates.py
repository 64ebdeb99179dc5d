"""The devices of one team that give each other pictures: sessions in memory, lines over loopback."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app import settings
from app.exchange import Exchange, exchanging
from app.studio import Studio
from sync import arrivals
from sync.dialling import Route
from sync.links.link import Link
from sync.project import Project
from sync.replica import ProjectReplica
from sync.session import Session
from tests.fakes.renderer import FakeRenderer
from tests.sync.company import Ether, Plug, until
from tests.sync.stage import Desk


class Loopback(Plug):
    """A network in memory on which every device is at this machine's own address."""

    @asynccontextmanager
    async def dial(self, route: Route, addresses: tuple[str, ...]) -> AsyncIterator[Link]:
        """A link whose ends are named by an address that a line can be dialled at."""
        async with super().dial(route, addresses) as link:
            for wire in self.ether.wires:
                wire.dialler.remote = wire.answerer.remote = "127.0.0.1"
            yield link


@dataclass
class Mate:
    """One device with everything that pictures need."""

    studio: Studio
    session: Session
    exchange: Exchange

    @property
    def public(self) -> bytes:
        """Who it is."""
        return self.studio.project.device.public

    @property
    def name(self) -> str:
        """What others call it."""
        members = self.studio.project.members
        return members.people[members.devices[self.public]].name

    def addresses(self) -> list[str]:
        """Where it would dial the others for pictures."""
        return [one for source in self.exchange.sources.sources.values() for one in source.addresses]


@asynccontextmanager
async def mates(root: Path, *names: str, lan: bool = True) -> AsyncIterator[list[Mate]]:
    """The devices of one owner, all linked; without `lan` no line leads from one to another."""
    ether = Ether()
    async with AsyncExitStack() as stack:
        found = [
            await stack.enter_async_context(mate(studio, ether, f"{number}", lan=lan))
            for number, studio in enumerate(await _studios(stack, root, names))
        ]
        everybody = [one.session for one in found]
        others = len(found) - 1
        await until(lambda: all(one.linked == others for one in everybody), *everybody)
        if lan:
            await until(lambda: all(len(one.addresses()) == others for one in found), *everybody)
        yield found


@asynccontextmanager
async def mate(studio: Studio, ether: Ether, name: str, *, lan: bool = True) -> AsyncIterator[Mate]:
    """One device on the ether."""
    plug = Loopback if lan else Plug
    made = Session(
        studio.project,
        ProjectReplica(studio.project, arrivals.here, studio.clock),
        [plug(ether, name)],
        now=time.monotonic,
        random=os.urandom,
    )
    async with made, exchanging(studio, made, os.urandom, lan=lan) as exchange:
        made.say(replace(made.chatter.present, pictures=exchange.port))
        yield Mate(studio, made, exchange)


async def _studios(stack: AsyncExitStack, root: Path, names: tuple[str, ...]) -> list[Studio]:
    desks = [Desk.under(root, name) for name in names]
    export = root / "export"
    first = await stack.enter_async_context(desks[0].create())
    first.export(export)
    projects: list[Project] = [first]
    for desk in desks[1:]:
        projects.append(await stack.enter_async_context(desk.join(export)))
        first.admit(projects[-1].device.public)
    first.export(export)
    for one in projects[1:]:
        one.merge(export)
    return [
        Studio(one, desk.home, settings.read(desk.home), desk.clock, lambda found: FakeRenderer())
        for one, desk in zip(projects, desks, strict=True)
    ]
