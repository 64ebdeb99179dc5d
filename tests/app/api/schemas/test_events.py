"""The messages of the WebSocket."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from app import events
from app.api.hub import Hub
from app.api.schemas.events import EXAMPLES, FROM_CLIENT, FROM_SERVER
from app.place import utc_now
from app.render.doing import Doing, Notice
from app.studio import Studio
from tests.app import studios
from tests.app.api.schemas.wire import answer, check


def test_examples_are_what_their_models_say() -> None:
    assert set(FROM_SERVER) == {*events.TYPES, events.ERROR}
    for name, model in {**FROM_SERVER, **FROM_CLIENT}.items():
        check(model, EXAMPLES[name])


async def test_what_the_hub_tells_is_what_its_models_say(studio: Studio) -> None:
    """A model is changed, a picture rendered, deleted and proved: every kind of event is heard of."""
    told: dict[str, Any] = {}
    notice = Notice(studio, lambda: 0.0)
    async with Hub.open(studio, utc_now, os.urandom) as hub, hub.connect(None) as listener:
        async with asyncio.timeout(30):
            async for text in listener:
                message = json.loads(text)
                check(FROM_SERVER[message["type"]], message)
                told[message["type"]] = message
                if message["type"] == events.FULL_SYNC:
                    await answer(studio, "asset set", name="BAY", parameters={"model": "starter-v1"})
                    asked = studios.ask(studio)
                    notice.show(Doing(asked[0].job, "rendering", 3, 10, 4.5), b"RIFF")
                if message["type"] == events.PROGRESS:
                    notice.clear()
                    await studios.work(studio)
                if set(told) == {*events.TYPES}:
                    break
    assert told[events.COMPLETE]["data"]["takes"]
    assert told[events.PROGRESS]["data"]["percent"] == 30
