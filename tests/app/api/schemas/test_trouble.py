"""What commands answer when something is wrong."""

from __future__ import annotations

from app.studio import Studio
from tests.app import studios
from tests.app.api.schemas.wire import answer


async def test_integrity_set_up_and_help_are_what_their_models_say(studio: Studio) -> None:
    studios.ask(studio, "BAY")
    await studios.work(studio)
    assert (await answer(studio, "verify"))["faults"] == []
    [take] = studios.takes_of(studio, "BAY")
    (studio.project.folder / take.file).unlink()
    assert (await answer(studio, "verify"))["faults"][0]["what"] == "file"
    assert (await answer(studio, "verify", repair=True))["repaired"]
    pages = (await answer(studio, "help"))["topics"]
    assert (await answer(studio, "help", topic=pages[0]["topic"]))["text"]
