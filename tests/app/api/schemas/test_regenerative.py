"""The regenerative state."""

from __future__ import annotations

from app import regenerative
from app.api.reply import pathless
from app.api.schemas.regenerative import RegenerativeState, SavedParameters
from app.regenerative import Save, Selection
from app.studio import Studio
from tests.app.api.schemas.wire import check, check_examples


async def test_state_and_saving_are_what_their_models_say(studio: Studio) -> None:
    check(RegenerativeState, pathless(regenerative.state(studio, Selection())))
    page = regenerative.state(studio, Selection(kind=None), limit=1)
    assert page["next"] == 1
    check(RegenerativeState, pathless(page))
    wanted = [Save(asset="BAY", parameters={"prompt": "storm"}), Save(asset="SH010", parameters={})]
    for dry_run in (True, False):
        check(SavedParameters, pathless(regenerative.save(studio, page["version"], wanted, dry_run=dry_run)))


def test_there_are_examples() -> None:
    check_examples(RegenerativeState, SavedParameters)
