"""What people write, as what they mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import finding, orders
from app.commands.assets import asset_remove
from app.commands.takes import take_approve
from app.render import queue
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


async def test_an_asset_is_found_unless_it_is_gone(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        assert finding.asset(studio, "lamp").id == finding.asset(studio, lamp).id == lamp
        await asset_remove(studio, name="LAMP")
        with pytest.raises(NotFound, match="was removed"):
            finding.asset(studio, "LAMP")
        assert finding.asset(studio, "LAMP", gone=True).id == lamp


async def test_a_version_is_found_by_its_label_and_others_are_named(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        await change(studio, "LAMP", "prompt=a tree")
        facts = studio.project.asset(lamp)
        second = finding.version(facts, "v02")
        assert finding.version(facts, "2") == finding.version(facts, second.id) == second
        with pytest.raises(NotFound) as error:
            finding.version(facts, "v03")
        assert "v01, v02" in error.value.hint


async def test_a_job_is_found_by_the_beginning_of_its_id_if_that_means_one(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        first, second = (one.job for one in ask(studio, "LAMP", count=2))
        for wanted in (first, first[:8], f"{first[:12]}.0"):
            assert finding.job(studio, wanted) == first
        queue.call_off(studio, first)
        again = orders.retry(studio, first)
        assert finding.job(studio, first[:8]) == again
        assert finding.job(studio, f"{first[:8]}.0") == first
        assert finding.job(studio, second) == second
        for nothing in ("", "zz", f"{first[:8]}.7"):
            with pytest.raises(NotFound):
                finding.job(studio, nothing)


async def test_a_beginning_that_many_jobs_share_is_refused(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        jobs = [
            one.job for one in ask(studio, "LAMP", count=17)
        ]  # of 17 two begin with the same of 16 digits
        begun = [job[0] for job in jobs]
        shared = next(one for one in begun if begun.count(one) > 1)
        with pytest.raises(Conflict, match="several jobs"):
            finding.job(studio, shared)
