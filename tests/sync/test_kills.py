"""`kill -9` at random instants: nothing that was acknowledged is lost, and every start succeeds."""

from __future__ import annotations

from pathlib import Path

from tests.sync.kills import survive


async def test_what_was_acknowledged_survives_kills(tmp_path: Path) -> None:
    found = await survive(tmp_path, kills=10)
    assert (found.lost, found.failed_starts) == ((), 0)
    assert found.acknowledged >= 10
