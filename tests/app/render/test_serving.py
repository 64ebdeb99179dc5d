"""Where a take's picture is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.render import again, serving
from engine.faults import Damaged
from engine.recipe import FileDigest, PixelDigest
from tests.app.studios import add, ask, film, takes_of, work
from tests.fakes.renderer import FakeRenderer


async def test_a_bring_back_serves_only_with_the_very_same_pixels(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio)
        await work(studio)
        [take] = takes_of(studio, "LAMP")
        studio.blobs.delete(take.sha256)
        assert serving.present(studio.blobs, take, studio.project.asset(lamp)) is None
        other = await again.bring_back(studio, FakeRenderer(drift=1), lamp, take)
        facts = studio.project.asset(lamp)
        assert studio.blobs.has(other.struck.sha256)
        assert serving.present(studio.blobs, take, facts) is None
        same = replace(other.struck, sha256=FileDigest("f" * 64), pixels=take.pixels)
        assert serving.digests(take, replace(facts, struck=(other.struck, same))) == [take.sha256, "f" * 64]


async def test_a_take_must_be_of_its_versions_recipe(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio)
        await work(studio)
        [take] = takes_of(studio, "LAMP")
        facts = studio.project.asset(lamp)
        assert serving.recipe_of(take, facts).key == take.recipe_key
        assert serving.name_of(take, facts) == "LAMP v01 take01"
        with pytest.raises(Damaged):
            serving.recipe_of(replace(take, item=1), facts)
        with pytest.raises(Damaged):
            serving.version_of(take, replace(facts, versions=()))


async def test_a_record_that_names_a_file_elsewhere_is_not_followed(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio)
        await work(studio)
        [take] = takes_of(studio, "LAMP")
        said = serving.show_file(studio, replace(take, file="../outside.png"), take.sha256)
        assert said is not None
        assert not (tmp_path / "outside.png").exists()
        assert serving.show_file(studio, replace(take, file="", pixels=PixelDigest("0")), take.sha256) is None
