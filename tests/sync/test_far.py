"""A relay as a network: two who never see each other's address meet there, and a relay that is away is waited for."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from sync import arrivals
from sync.dialling import Route
from sync.far import Far
from sync.links.link import NoLink
from sync.meeting import Meeting, meetings
from sync.project import Project
from sync.relay.server import Relay
from sync.replica import ProjectReplica
from sync.session import Session
from tests.sync.company import equal, until
from tests.sync.relay.stage import at
from tests.sync.stage import Ticks, add_asset
from tests.sync.test_session import team


def session(project: Project, relay: str) -> Session:
    def where() -> list[Meeting]:
        return meetings(project.device, project.team.members, project._clock())

    far = Far(relay, project.device, where, random=os.urandom)
    replica = ProjectReplica(project, arrivals.here, project._clock)
    return Session(project, replica, [far], now=time.monotonic, random=os.urandom)


async def test_two_meet_at_a_relay(tmp_path: Path) -> None:
    async with (
        Relay.listening(tmp_path / "relay", clock=Ticks()) as relay,
        team(tmp_path, "anna", "ben") as (anna, ben),
        session(anna, at(relay)) as first,
        session(ben, at(relay)) as second,
    ):
        add_asset(anna, "LAMP")
        add_asset(ben, "CHAIR")
        await until(lambda: equal(first, second) and anna.index.counts()["assets"] == 2, first, second)
        await until(lambda: [one.link for one in first.peers()] == ["direct"], first, second)
        assert next(step for step in first.steps() if step.name == "relay").ok


async def test_a_relay_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with team(tmp_path, "anna") as (anna,), session(anna, "ws://127.0.0.1:9") as alone:
        async with asyncio.timeout(10):
            while alone.steps()[0].ok:
                await asyncio.sleep(0)
        (step, *_) = alone.steps()
        assert "127.0.0.1:9" in step.detail
        assert step.fix
        with pytest.raises(NoLink):
            async with alone.networks[0].dial(Route.RELAY, ("00",)):
                pytest.fail("it came about")
