"""Finding takes by what people write."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import finding
from app.commands.takes import take_approve
from engine.faults import Conflict, NotFound
from tests.app.studios import add, ask, change, film, takes_of, work


async def test_a_name_means_the_approved_take_else_the_newest(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        with pytest.raises(NotFound, match="no take yet"):
            finding.take(studio, "LAMP")
        ask(studio, "LAMP")
        await work(studio)
        await change(studio, "LAMP", "prompt=a tree")
        ask(studio, "LAMP")
        await work(studio)
        first, second = takes_of(studio, "LAMP")
        assert finding.take(studio, "LAMP").take == second
        await take_approve(studio, take=first.id)
        assert finding.take(studio, "lamp").take == first
        assert [one for _, one in finding.all_of(studio, "LAMP")] == [first, second]
        assert finding.all_of(studio, "LAMP_v02_take01")[0][1] == second


async def test_the_beginning_of_an_id_must_mean_one(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio, "LAMP", count=2)
        await work(studio)
        for take in takes_of(studio, "LAMP"):
            assert finding.take(studio, take.id[:9]).take == take
        with pytest.raises(NotFound):
            finding.take(studio, "zzzz")
        with pytest.raises((NotFound, Conflict)):
            finding.take(studio, takes_of(studio, "LAMP")[0].id[:3])
