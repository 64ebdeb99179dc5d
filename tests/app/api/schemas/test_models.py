"""What commands answer of models."""

from __future__ import annotations

from app.studio import Studio
from resources import bundled_models
from tests.app.api.schemas.wire import answer


async def test_models_are_what_their_models_say(studio: Studio) -> None:
    old, new = (one["name"] for one in (await answer(studio, "model list"))["models"])
    assert (await answer(studio, "model verify", name=new))["models"][0]["ok"]
    changed = await answer(studio, "model supersede", old=old, new=new)
    assert len(changed["supersedes"]) == 1
    folder = str(bundled_models()[0])
    assert (await answer(studio, "model add", folder=folder, name=None, default=True))["default"]
