"""Deliveries: everything of one link in one commit, and nothing lost when it cannot be taken in."""

from __future__ import annotations

import asyncio
import os
import random as rnd
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from sync import arrivals, deliveries
from sync.actions import Take
from sync.arrivals import Taken
from sync.database import Busy
from sync.deliveries import Deliveries
from sync.links.memory import memory_link
from sync.peer import Conversation
from sync.project import Project
from sync.pump import Pump
from sync.replica import ProjectReplica
from sync.tasks import Crew
from tests.sync.stage import Desk
from tests.sync.test_pump import Host


class Reluctant(ProjectReplica):
    """One that is busy at first, and counts."""

    def __init__(self, project: Project) -> None:
        super().__init__(project, arrivals.here, project._clock)
        self.calls: list[int] = []

    def take(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> Taken:
        """Refuse once."""
        self.calls.append(len(bundles))
        if len(self.calls) == 1:
            raise Busy("another process writes", "wait")
        return Taken(0, 0, (), ())


async def test_one_commit_for_many_and_again_when_it_was_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "LATER", 0.0)
    done = asyncio.Event()
    async with (
        Desk.under(tmp_path).create() as project,
        memory_link(rnd.Random(1)) as wire,
        Crew() as crew,
    ):
        replica = Reluctant(project)
        conversation = Conversation(
            replica,
            device=project.device,
            binding=wire.dialler.binding,
            dialled=True,
            now=time.monotonic(),
            random=os.urandom,
        )
        pump = Pump(wire.dialler, conversation, Host(project), time.monotonic, dialled=True)
        found = Deliveries(replica, done.set, time.monotonic)
        crew.start(found.run())
        for _ in range(5):
            pump.untaken.append(Take(bundles=(b"x",)))
            found.add(pump)
        async with asyncio.timeout(10):
            await done.wait()
        assert replica.calls == [5, 5]
