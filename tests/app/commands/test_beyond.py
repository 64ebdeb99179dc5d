"""What a command line says of ways is used, remembered, and left out for once."""

from __future__ import annotations

from pathlib import Path

from app.commands.beyond import chosen
from app.ways import Ways
from tests.app.studios import film
from tests.app.test_company import place

URL = "wss://relay.example.org"


async def test_options_are_used_and_remembered(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        here = place(studio)
        found = chosen(studio, here, relay=URL, ice=["stun:stun.example.org"], mailbox=None)
        assert found == Ways(URL, ("stun:stun.example.org",))
        assert chosen(studio, here, relay=None, ice=[], mailbox=None) == found
        assert chosen(studio, here, relay=None, no_relay=True, ice=[], mailbox=None).relay is None
        assert chosen(studio, here, relay=None, ice=[], mailbox=None) == found
