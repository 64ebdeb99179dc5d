"""What events say of the film."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.api import looks
from app.render import queue
from app.studio import Studio
from engine.faults import NotFound
from sync.records import AssetId, JobId
from sync.rules import jobs
from tests.app.studios import add, ask, film, takes_of, work


async def test_a_job_that_ended_comes_with_its_takes_and_no_path(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "seed=1")
        await add(studio, "prop", "TWIN", "seed=1")
        ask(studio, "LAMP", "TWIN")
        await work(studio)
        [row] = studio.project.index.jobs()
        shape = looks.complete(studio, jobs.view(studio.project.job(row.id)))
        assert (shape["state"], shape["job"]) == ("finished", row.id)
        assert {one["asset_name"] for one in shape["takes"]} == {"LAMP", "TWIN"}
        assert not any(isinstance(value, Path) for one in shape["takes"] for value in one.values())
        assert "is rendered" in shape["message"]
        [other] = ask_again(studio)
        queue.call_off(studio, other)
        shape = looks.complete(studio, jobs.view(studio.project.job(other)))
        assert (shape["state"], shape["takes"]) == ("cancelled", [])
        assert "called off" in shape["message"]


def ask_again(studio: Studio) -> list[JobId]:
    """A job with another tier, for it has another recipe."""
    from sync.records import Tier

    return [one.job for one in ask(studio, "LAMP", tier=Tier.HIGH)]


async def test_what_nobody_knows_has_no_shape(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        with pytest.raises(NotFound):
            looks.asset(studio, AssetId("nobody"))
        with pytest.raises(NotFound):
            looks.job(studio, JobId("nothing.0"))


async def test_stored_counts_the_blobs(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        assert await looks.stored(tmp_path / "nowhere") == {"bytes": 0, "count": 0}
        await add(studio, "prop", "LAMP")
        ask(studio)
        await work(studio)
        before = await looks.stored(studio.project.folder)
        digests = list(studio.blobs.digests())
        assert before == {"bytes": sum(map(studio.blobs.size, digests)), "count": len(digests)}
        [take] = takes_of(studio, "LAMP")
        studio.blobs.delete(take.sha256)
        after = await looks.stored(studio.project.folder)
        assert after == {"bytes": before["bytes"] - take.bytes, "count": before["count"] - 1}
