"""What commands answer of takes."""

from __future__ import annotations

import base64

import pytest

from app.studio import Studio
from engine.image import recipe_in
from tests.app import studios
from tests.app.api.schemas.wire import answer


@pytest.fixture
async def rendered(studio: Studio) -> Studio:
    """The film with a take of everything."""
    studios.ask(studio)
    await studios.work(studio)
    return studio


async def test_takes_are_what_their_models_say(rendered: Studio) -> None:
    takes = (await answer(rendered, "take list"))["takes"]
    assert {one["filename"] for one in takes} == {"BAY_v01_take01.png", "SH010_v01_take01.png"}
    shown = await answer(rendered, "take show", take="SH010")
    assert (shown["kind"], shown["scene"]) == ("shot", "SC-01")
    assert shown["consumed"][0]["role"] == "environment"
    assert (await answer(rendered, "take approve", take="BAY"))["approved"]
    assert not (await answer(rendered, "take approve", take="BAY", withdraw=True))["approved"]


async def test_a_picture_goes_out_with_its_recipe(rendered: Studio) -> None:
    found = await answer(rendered, "take export", take="BAY")
    recipe = recipe_in(base64.b64decode(found["file"]["base64"]))
    assert recipe is not None
    assert recipe.key == found["recipe_key"]


async def test_comparisons_and_proofs_are_what_their_models_say(rendered: Studio) -> None:
    apart = await answer(rendered, "take compare", first="BAY", second="SH010", out=True)
    assert (apart["class"], apart["out"]["media_type"]) == ("R2", "image/png")
    same = await answer(rendered, "take compare", first="BAY", second="BAY")
    assert (same["psnr_db"], same["identical"]) == (None, True)
    proved = await answer(rendered, "take prove", take="BAY")
    assert proved["takes"][0]["came_back"] == "R0"
    assert (await answer(rendered, "take prove", all=True))["failed"] == []
    assert (await answer(rendered, "take list"))["takes"][0]["proofs"][0]["class"] == "R0"
