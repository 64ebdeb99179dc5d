"""What events say of the film."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.api import looks
from app.render import queue
from app.studio import Studio
from engine.faults import NotFound
from sync.records import AssetId, JobId
from sync.rules import jobs
from tests.app.studios import add, ask, film, takes_of, work


async def parts_of(
    studio: Studio, before: Callable[[], object] = lambda: None
) -> tuple[list[int], list[dict[str, Any]]]:
    """The numbers asked for, and all parts of the whole state."""
    numbers: list[int] = []

    def reserve(count: int) -> range:
        before()
        numbers.append(count)
        return range(count)

    found = [one async for one in looks.whole(studio, lambda: {"paused": False, "sessions": []}, reserve)]
    return numbers, found


async def test_the_whole_state_of_an_empty_film_has_one_part(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        numbers, [part] = await parts_of(studio)
        assert numbers == [1]
        assert (part["project"], part["name"], part["assets"], part["jobs"]) == (
            studio.project.id, "A test film", [], [],
        )  # fmt: skip
        assert part["version"] == studio.project.version


async def test_the_whole_state_comes_in_parts_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "MOST_BYTES", 6000)
    monkeypatch.setattr(looks, "MOST_JOBS", 2)
    async with film(tmp_path / "film") as studio:
        for number in range(5):
            await add(studio, "prop", f"LAMP{number}", f"seed={number}", f"prompt={'lamp ' * 100}")
        asked = ask(studio)
        [number], parts = await parts_of(studio)
        assert number == len(parts) > 2
        assert {one["name"] for part in parts for one in part["assets"]} == {f"LAMP{n}" for n in range(5)}
        assert {one["id"] for part in parts for one in part["jobs"]} == {one.job for one in asked}
        assert all(len(part["jobs"]) <= 2 for part in parts)


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
