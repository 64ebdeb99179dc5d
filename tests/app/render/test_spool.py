"""Finished pictures that did not fit."""

from __future__ import annotations

from pathlib import Path

from app.render import spool
from engine.recipe import ModelDigest, Recipe, RecipeKey
from engine.renderer import Strike
from tests.fakes.renderer import FakeRenderer

RECIPE = Recipe(
    pipeline="StableDiffusionPipeline",
    operation="text-to-image",
    model=ModelDigest("m"),
    width=64,
    height=64,
    steps=2,
)


async def test_a_picture_is_found_again_with_all_that_was_said_of_it(tmp_path: Path) -> None:
    rendered = await FakeRenderer().render(
        Strike(recipe=RECIPE, models={ModelDigest("m"): tmp_path}), lambda progress: None
    )
    assert spool.find(tmp_path, RECIPE.key) is None
    assert spool.save(tmp_path, RECIPE.key, rendered)
    found = spool.find(tmp_path, RECIPE.key)
    assert found is not None
    assert (found.picture, found.pixels, found.seconds) == (
        rendered.picture,
        rendered.pixels,
        rendered.seconds,
    )
    assert found.fingerprint == rendered.fingerprint
    spool.drop(tmp_path, RECIPE.key)
    assert spool.find(tmp_path, RECIPE.key) is None
    assert list((tmp_path / spool.FOLDER).iterdir()) == []


async def test_half_a_picture_is_none(tmp_path: Path) -> None:
    rendered = await FakeRenderer().render(
        Strike(recipe=RECIPE, models={ModelDigest("m"): tmp_path}), lambda progress: None
    )
    spool.save(tmp_path, RECIPE.key, rendered)
    picture = tmp_path / spool.FOLDER / f"{RECIPE.key}.png"
    picture.write_bytes(picture.read_bytes()[:-10])
    assert spool.find(tmp_path, RECIPE.key) is None
    assert list((tmp_path / spool.FOLDER).iterdir()) == []


async def test_without_room_it_says_so(tmp_path: Path) -> None:
    rendered = await FakeRenderer().render(
        Strike(recipe=RECIPE, models={ModelDigest("m"): tmp_path}), lambda progress: None
    )
    (tmp_path / spool.FOLDER).write_text("in the way")
    assert not spool.save(tmp_path, RecipeKey(RECIPE.key), rendered)
