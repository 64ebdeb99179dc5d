"""What commands answer of storage."""

from __future__ import annotations

from app.studio import Studio
from tests.app import studios
from tests.app.api.schemas.wire import answer


async def test_dropping_and_fetching_are_what_their_models_say(studio: Studio) -> None:
    studios.ask(studio)
    await studios.work(studio)
    kept = await answer(studio, "storage drop", all=True, dry_run=True)
    assert (kept["dropped"], kept["dry_run"]) == ([], True)
    assert kept["kept"][0]["reasons"]
    assert (await answer(studio, "storage drop", takes=["BAY"], prove=True))["freed_bytes"] > 0
    assert (await answer(studio, "take list", missing=True))["takes"][0]["asset_name"] == "BAY"
    assert (await answer(studio, "storage fetch", all=True))["takes"][0]["restored"]
    assert (await answer(studio, "storage fetch", names=["BAY"]))["takes"] == []
    await answer(studio, "storage drop", all=True, prove=True)
    assert len((await answer(studio, "storage fetch", all=True))["takes"]) == 2
    assert (await answer(studio, "storage report"))["takes"] == 2
