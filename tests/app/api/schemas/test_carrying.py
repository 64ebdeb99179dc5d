"""What commands answer about files that carry a project."""

from __future__ import annotations

import base64

from app import relay
from app.api.schemas import ANSWERS
from app.studio import Studio
from tests.app.api.schemas.wire import answer, check


async def test_exports_imports_and_the_relay_are_what_their_models_say(studio: Studio) -> None:
    exported = await answer(studio, "export")
    file = {"filename": "film.rsx", "base64": exported["file"]["base64"]}
    assert (await answer(studio, "import", file=file))["faults"] == []
    data = bytearray(base64.b64decode(file["base64"]))
    data[-20] ^= 1
    damaged = {"filename": "film.rsx", "base64": base64.b64encode(data).decode()}
    assert (await answer(studio, "import", file=damaged))["faults"]
    check(ANSWERS["relay"], relay.state(studio.home))
    with relay.noted(studio.home, "ws://127.0.0.1:8427", "2026-01-31T12:00:00.000Z"):
        check(ANSWERS["relay"], relay.state(studio.home))
