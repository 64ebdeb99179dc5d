"""Knocking at whoever is there: let in by an owner, sent away, not answered; what a stranger learns meanwhile."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from engine.faults import NotFound, Refused
from sync import identity, membership
from sync.discovery import KNOCK, Strangers, Tags
from sync.identity import Device
from sync.knocking import Knocker
from sync.membership import Entry
from sync.project import Project
from tests.sync.company import Ether, Plug, equal, session, sessions, until
from tests.sync.stage import Desk, Ticks


async def knock(ether: Ether, own: Device, seconds: float = 10.0) -> list[Entry]:
    """What a stranger gets who knocks on an ether."""
    plug = Plug(ether, "stranger")
    knocker = Knocker(own, "Ben", [plug], now=time.monotonic, clock=Ticks(), random=os.urandom)
    return await knocker.entries(seconds)


async def test_an_owner_lets_a_stranger_in(tmp_path: Path) -> None:
    ether, desk = Ether(), Desk.under(tmp_path, "ben")
    own = identity.load_or_create(desk.home)
    async with Desk.under(tmp_path, "anna").started("LAMP") as anna, sessions(ether, anna) as (first,):
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(knock(ether, own))
            await until(lambda: first.doorstep.waiting, first)
            [waiting] = anna.team.knocks()
            assert (waiting.public, waiting.name) == (own.public, "Ben")
            async with Desk.under(tmp_path, "anna").open() as elsewhere:
                elsewhere.team.admit(own.public, role="viewer", name=waiting.name)
        assert membership.view(asked.result()).role_of(own.public) == "viewer"
        await until(lambda: not first.doorstep.waiting, first)
        begun = Project.begin(desk.folder, asked.result(), None, home=desk.home, clock=desk.clock)
        async with begun as ben, session(ether, ben, "ben") as second:
            await until(lambda: equal(first, second), first, second)
        assert await knock(ether, own), "who was admitted is not asked about again"


async def test_a_stranger_is_sent_away(tmp_path: Path) -> None:
    ether, own = Ether(), identity.load_or_create(tmp_path / "eve")
    async with Desk.under(tmp_path, "anna").create() as anna, sessions(ether, anna) as (first,):
        with pytest.RaisesGroup(pytest.RaisesExc(Refused, match="declined")):
            async with asyncio.TaskGroup() as group:
                group.create_task(knock(ether, own))
                await until(lambda: first.doorstep.waiting, first)
                anna.team.decline(own.public)
        with pytest.raises(Refused, match="declined"):
            await knock(ether, own)


async def test_nobody_answers_and_nobody_decides(tmp_path: Path) -> None:
    ether, own = Ether(), identity.load_or_create(tmp_path / "eve")
    with pytest.raises(NotFound, match="nobody"):
        await knock(ether, own, 0.05)
    async with Desk.under(tmp_path, "anna").create() as anna, sessions(ether, anna) as (first,):
        with pytest.raises(Refused, match="nobody has let"):
            await knock(ether, own, 0.5)
        await until(lambda: not first.doorstep.waiting, first)
        assert anna.team.knocks() == []


def test_a_stranger_goes_by_a_tag_that_is_no_projects() -> None:
    strangers, tags = Strangers(), Tags("7a" * 32, Ticks())
    assert strangers.today() == KNOCK
    assert strangers.accepts(tags.today())
    assert not strangers.accepts(KNOCK)
    assert not strangers.accepts(b"")
    assert not tags.accepts(KNOCK)
