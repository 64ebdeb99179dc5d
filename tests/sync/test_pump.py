"""A link with its conversation: what is said goes out, what comes in is handed on, and nothing piles up."""

from __future__ import annotations

import asyncio
import os
import random as rnd
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sync import arrivals
from sync.actions import Action, Authenticated, Drop, InSync
from sync.links.memory import Wire, memory_link
from sync.peer import Conversation
from sync.project import Project
from sync.pump import Pump
from sync.replica import ProjectReplica
from tests.sync.stage import Desk, add_asset
from tests.sync.test_session import team


class Host:
    """Takes in at once, and remembers what was heard."""

    def __init__(self, project: Project) -> None:
        self.replica = ProjectReplica(project, arrivals.here)
        self.actions: list[Action] = []
        self.stirred = asyncio.Event()

    def heard(self, pump: Pump, action: Action) -> None:
        """Remember it."""
        self.actions.append(action)
        self.stirred.set()

    def deliver(self, pump: Pump) -> None:
        """Take it in."""
        while pump.untaken:
            one = pump.untaken.popleft()
            pump.took(self.replica.take(one.bundles, one.entries))
            pump.stored()
        self.stirred.set()

    async def until(self, kind: type[Action]) -> None:
        """Wait for an action of a kind."""
        async with asyncio.timeout(10):
            while not any(isinstance(one, kind) for one in self.actions):
                self.stirred.clear()
                await self.stirred.wait()


@asynccontextmanager
async def talking(wire: Wire, *projects: Project) -> AsyncIterator[list[tuple[Pump, Host]]]:
    """Two pumps at the ends of a link."""
    found = []
    for project, link, dialled in zip(projects, (wire.dialler, wire.answerer), (True, False), strict=True):
        host = Host(project)
        conversation = Conversation(
            host.replica,
            device=project.device,
            binding=link.binding,
            dialled=dialled,
            now=time.monotonic(),
            random=os.urandom,
        )
        found.append((Pump(link, conversation, host, time.monotonic, dialled=dialled), host))
    async with asyncio.TaskGroup() as group:
        for pump, _ in found:
            group.create_task(pump.run())
        try:
            yield found
        finally:
            for pump, _ in found:
                pump.end()


async def test_two_pumps_bring_two_projects_together(tmp_path: Path) -> None:
    async with team(tmp_path, "anna", "ben") as projects, memory_link(rnd.Random(1)) as wire:
        for number in range(300):
            add_asset(projects[0], f"P{number}")
        async with talking(wire, *projects) as ((first, here), (_, there)):
            await here.until(Authenticated)
            await there.until(InSync)
            assert projects[1].index.heads() == projects[0].index.heads()
            assert first.sent > 10_000
            first.close("leaving")
            await there.until(Drop)
            (reason,) = [one.reason for one in there.actions if isinstance(one, Drop)]
            assert (reason.code, reason.theirs) == ("leaving", True)


async def test_an_end_of_the_link_ends_the_pump(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).create() as project, memory_link(rnd.Random(1)) as wire:
        host = Host(project)
        conversation = Conversation(
            host.replica,
            device=project.device,
            binding=wire.dialler.binding,
            dialled=True,
            now=time.monotonic(),
            random=os.urandom,
        )
        await wire.answerer.close()
        async with asyncio.timeout(10):
            await Pump(wire.dialler, conversation, host, time.monotonic, dialled=True).run()
        assert wire.dialler.closed
