"""Jobs and takes in the contract's shapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import listing
from app.listing import Listing
from engine.faults import NotFound
from sync.records import AssetId, JobId, SessionId, Tier, Time, VersionId, Wish
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


async def test_many_together_are_what_each_is_alone(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio, "LAMP", "BAY", count=2)
        await work(studio)
        ask(studio, "LAMP", count=3)
        index = studio.project.index
        jobs = [row.id for row in index.jobs()]
        assert len(jobs) == 5
        assert Listing(studio).jobs(jobs) == [Listing(studio).job(one) for one in jobs]
        rows = index.takes()
        alone = [Listing(studio).take(row.asset, row.take) for row in rows]
        assert Listing(studio).takes(rows) == alone
        assert Listing(studio).jobs([]) == Listing(studio).takes([]) == []


async def test_what_is_missing_here(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio, "LAMP", count=3)
        await work(studio)
        rows = studio.project.index.takes()
        studio.blobs.delete(rows[1].take.sha256)
        assert Listing(studio).missing(rows) == [rows[1]]


async def test_a_job_whose_asset_is_not_here_is_listed_all_the_same(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        wish = Wish(
            job=JobId("f" * 64 + ".0"),
            session=studio.project.session,
            asset=AssetId("elsewhere"),
            version=VersionId("unknown"),
            item=0,
            tier=Tier.LOW,
            vt=0.0,
            member=studio.project.member,
            time=Time("2026-01-31T12:00:00.000Z"),
        )
        studio.project.commit(lambda edit: edit.add(edit.queue_document(wish.job), wish))
        [shape] = Listing(studio).jobs([wish.job])
        assert (shape["asset_name"], shape["version"], shape["version_label"]) == ("elsewhere", 0, "")
        assert shape["eta_s"] is None
