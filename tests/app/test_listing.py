"""Jobs and takes in the contract's shapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import listing
from app.listing import Listing
from engine.faults import NotFound
from sync.records import JobId, SessionId
from tests.app.studios import add, ask, film, takes_of, work


async def test_a_job_from_wish_to_take(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio, "LAMP")
        shape = Listing(studio).job(asked.job)
        assert (shape["state"], shape["version"], shape["asset_name"]) == ("pending", 1, "LAMP")
        assert (shape["progress"], shape["eta_s"], shape["take"]) == (None, None, None)
        await work(studio)
        shape = Listing(studio).job(asked.job)
        assert (shape["state"], shape["progress"]) == ("finished", 1.0)
        assert shape["take"] == takes_of(studio, "LAMP")[0].id


async def test_what_was_measured_estimates_what_comes(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1", "steps=10")
        ask(studio, "LAMP")
        await work(studio)
        await add(studio, "prop", "TALL", "prompt=a tower", "seed=1", "steps=20")
        [asked] = ask(studio, "TALL")
        assert Listing(studio).job(asked.job)["eta_s"] == pytest.approx(0.2)


async def test_nobody_asked_for_it(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        with pytest.raises(NotFound):
            Listing(studio).job(JobId("f" * 64 + ".0"))


def test_workers_are_the_others_that_live() -> None:
    a, b, c = (SessionId(one) for one in "abc")
    assert listing.workers([(a, True), (b, False), (c, True)], a) == [c]
