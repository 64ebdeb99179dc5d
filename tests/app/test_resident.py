"""The worker that stays: it renders what is asked for, and says when certain jobs have ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app import shift
from app.commands.jobs import jobs_pause
from app.commands.table import News, Working
from app.resident import Resident
from app.studio import Studio
from engine.faults import Conflict
from sync.records import Tier
from tests.app.studios import add, ask, film


async def test_who_waits_gets_the_picture_and_the_steps_from_the_worker_that_is_there(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP")
        heard: list[News] = []
        async with asyncio.TaskGroup() as group:
            working = staying(studio, group)
            asked = ask(studio, "LAMP", count=2)
            value = await shift.wait(studio, asked, heard.append)
            working.cancel()
        assert all(one["take"] for one in value["jobs"])
        assert {one.key for one in heard if isinstance(one, Working)} == {one.job for one in asked}


async def test_nobody_else_works_beside_it(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, asyncio.TaskGroup() as group:
        working = staying(studio, group)
        with pytest.raises(Conflict):
            await shift.work(studio, lambda news: None, until_idle=True)
        working.cancel()


@pytest.mark.parametrize("why", ["paused", "another tier"])
async def test_nobody_waits_for_what_will_not_be_done(tmp_path: Path, why: str) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP")
        if why == "paused":
            await jobs_pause(studio)
        async with asyncio.TaskGroup() as group:
            working = staying(studio, group, only=Tier.LOW if why == "another tier" else None)
            value = await shift.wait(studio, ask(studio, "LAMP"), lambda news: None)
            working.cancel()
        assert value["jobs"][0]["take"] is None
        assert "not rendered" in value["message"]


def staying(studio: Studio, group: asyncio.TaskGroup, only: Tier | None = None) -> asyncio.Task[None]:
    """A worker that stays in this studio."""
    studio.resident = Resident(studio, only=only)
    return group.create_task(studio.resident.run())
