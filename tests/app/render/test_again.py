"""Rendering a take once more."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.render import again
from app.studio import Studio
from engine.faults import NotFound
from sync.records import AssetId, Grade, Take
from tests.app.studios import add, ask, film, takes_of, work
from tests.fakes.renderer import FakeRenderer


async def rendered(studio: Studio) -> tuple[AssetId, Take]:
    """A shot with its take, made from a place."""
    await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
    shot = await add(studio, "shot", "SH010", "prompt=wide", "seed=2", inputs=["BAY"], scene="SC-01")
    ask(studio)
    await work(studio)
    return shot, takes_of(studio, "SH010")[0]


async def test_a_proof_records_class_profile_and_time_and_keeps_no_picture(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        asset, take = await rendered(studio)
        blobs = set(studio.blobs.digests())
        for drift, grade in ((0, Grade.R0), (1, Grade.R1), (90, Grade.R2)):
            found = await again.prove(studio, FakeRenderer(drift=drift), asset, take)
            assert (found.struck.grade, found.restored) == (grade, True)
            assert found.struck.profile == take.profile
            assert (found.struck.psnr_db is None) == (grade is Grade.R0)
        assert set(studio.blobs.digests()) == blobs
        assert len(studio.project.asset(asset).struck) == 3


async def test_inputs_are_the_bytes_that_were_consumed(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        asset, take = await rendered(studio)
        [bay] = takes_of(studio, "BAY")
        studio.blobs.delete(bay.sha256)
        found = await again.prove(studio, FakeRenderer(), asset, take)
        assert found.struck.grade is Grade.R0
        assert studio.blobs.has(bay.sha256), "the input came back first"


async def test_an_input_that_comes_back_different_is_not_used(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        asset, take = await rendered(studio)
        studio.blobs.delete(takes_of(studio, "BAY")[0].sha256)
        with pytest.raises(NotFound, match="other pixels"):
            await again.prove(studio, FakeRenderer(drift=1), asset, take)
        assert studio.project.asset(asset).struck == ()


async def test_without_the_original_other_pixels_have_no_distance(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        asset, take = await rendered(studio)
        studio.blobs.delete(take.sha256)
        other = await again.bring_back(studio, FakeRenderer(drift=1), asset, take)
        assert (other.struck.grade, other.struck.psnr_db, other.restored) == (Grade.R2, None, False)
        same = await again.bring_back(studio, FakeRenderer(), asset, take)
        assert (same.struck.grade, same.restored, same.struck.ssim) == (Grade.R0, True, None)
        assert "identical file" in same.how
