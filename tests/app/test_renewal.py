"""Rendering takes again as commands do it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import renewal, storage
from app.commands.table import News
from engine.faults import NotFound
from tests.app.studios import add, ask, film, takes_of, work


def silent(news: News) -> None:
    """Nobody listens."""


async def test_proving_names_what_failed_and_goes_on(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        for number in range(3):
            await add(studio, "prop", f"LAMP{number}", "prompt=a tower", f"seed={number}")
        ask(studio)
        await work(studio)
        chosen = renewal.unproved(studio)
        assert len(chosen) == 3
        proved = await renewal.prove(studio, chosen, silent)
        assert (len(proved.done), proved.failed) == (3, [])
        assert proved.words() == "3 rendered again, 3 with identical pixels."
        assert renewal.unproved(studio) == []


async def test_takes_on_the_same_bytes_come_back_together(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    async with film(folder) as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        await add(studio, "prop", "BEACON", "prompt=a tower", "seed=1")
        ask(studio)
        await work(studio)
        await renewal.prove(studio, renewal.unproved(studio), silent)
        plan = storage.plan(studio, storage.choose(studio, ["LAMP"]))
        assert len(plan.drops) == 2
        assert plan.bytes == takes_of(studio, "LAMP")[0].bytes
        assert storage.drop(studio, plan) == plan.bytes
        gone = [(one.asset, one.take) for one in plan.drops]
        renewed = await renewal.fetch(studio, gone, silent)
        assert len(renewed.done) == 1
        back = renewal.returned(studio, gone, renewed)
        assert [one["restored"] for one in back] == [True, True]
        assert len(list(folder.glob("01_Assets/**/*.png"))) == 2


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    renewal.write(tmp_path / "a.png", b"1")
    renewal.write(tmp_path / "a.png", b"2")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("a.png", b"2")]
    with pytest.raises(NotFound):
        renewal.write(tmp_path / "no" / "a.png", b"1")
