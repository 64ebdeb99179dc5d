"""Requests as commands make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import requests
from app.studio import Studio
from engine.faults import WrongUse
from tests.app.studios import add, ask, film, work


def select(studio: Studio, *names: str, **more: object) -> object:
    options = {"scene": None, "all": False, "stale": False, "kind": None, "where": None, **more}
    return requests.select(studio, names, **options)  # type: ignore[arg-type]


async def test_selecting_is_by_names_or_by_options(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        bay = await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        assert select(studio, "LAMP", "lamp", lamp) == [lamp]
        assert select(studio, all=True) == [bay, lamp]
        assert select(studio, where="kind = prop") == [lamp]
        for wrong in ({}, {"names": ["LAMP"]}):
            with pytest.raises(WrongUse):
                select(studio, *wrong.get("names", ()), all=bool(wrong))


async def test_a_preview_estimates_and_stores_nothing(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1", "steps=10")
        before = studio.project.index.heads()
        found = requests.preview(studio, [lamp], None, 2)
        assert len(found["jobs"]) == 2
        assert found["seconds"] is None
        assert studio.project.index.heads() == before
        ask(studio, "LAMP")
        await work(studio)
        measured = requests.preview(studio, [lamp], None, 3)
        assert measured["seconds"][1] == pytest.approx(0.2)
        assert [one["deduplicated"] for one in measured["jobs"]] == [False, False, True]
