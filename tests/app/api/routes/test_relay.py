"""The relay of this machine, as other programs hear of it."""

from __future__ import annotations

from pathlib import Path

from app import relay
from tests.app.api.served import served


async def test_it_is_known_while_it_runs(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        assert (await there.get("/api/v1/relay"))["running"] is False
        with relay.noted(there.studio.home, "ws://127.0.0.1:8427", "2026-01-31T12:00:00.000Z"):
            found = await there.get("/api/v1/relay")
            assert (found["running"], found["address"]) == (True, "ws://127.0.0.1:8427")
