"""Shifts: working the queue here and now, and saying how it went."""

from __future__ import annotations

from pathlib import Path

from app import shift
from app.commands.jobs import jobs_pause
from app.commands.table import News, Outcome, Working
from tests.app.studios import add, ask, film


async def test_waiting_shows_steps_and_says_what_was_not_rendered(tmp_path: Path) -> None:
    news: list[News] = []
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1", "steps=4")
        value = await shift.wait(studio, ask(studio, "LAMP"), news.append)
        assert value["jobs"][0]["state"] == "finished"
        bars = [one for one in news if isinstance(one, Working)]
        assert [one.step for one in bars if one.stage == "rendering"] == [0, 1, 2, 3, 4]
        assert bars[-1].over
        await add(studio, "prop", "BEACON", "prompt=a tree", "seed=1")
        asked = ask(studio, "BEACON")
        await jobs_pause(studio)
        left = await shift.wait(studio, asked, news.append)
        assert isinstance(left, Outcome)
        assert left.exit_status == 1
        assert "paused" in left["message"]
