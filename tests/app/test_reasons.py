"""Why a job waits, as people are told."""

from __future__ import annotations

from pathlib import Path

from app import reasons
from app.commands.jobs import jobs_pause
from app.resident import Resident
from sync.rules import jobs as rules
from tests.app.studios import add, ask, film, work


async def test_a_waiting_job_says_what_it_waits_for(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP")
        [asked] = ask(studio, "LAMP")
        assert reasons.shown(studio, asked.job)["reason"] == "no worker is running"
        studio.resident = Resident(studio)
        codes = [one.code for one in reasons.of(studio, rules.view(studio.project.job(asked.job)))]
        assert "no_worker" not in codes
        studio.resident = None
        await jobs_pause(studio)
        assert "paused" in reasons.why_not(studio, asked.job)


async def test_a_job_that_ended_waits_for_nothing(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP")
        [asked] = ask(studio, "LAMP")
        await work(studio)
        assert reasons.shown(studio, asked.job)["reason"] is None
