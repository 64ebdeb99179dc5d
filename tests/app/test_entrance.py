"""Coming in from outside: what is said of who opened, and that nothing is begun where nobody lets this device in."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import entrance, settings
from app.place import Place
from engine.faults import Fault
from sync import exchange, identity
from tests.sync.stage import Desk


async def test_who_let_a_device_in_is_named(tmp_path: Path) -> None:
    async with Desk.under(tmp_path, "anna").create() as anna:
        anna.team.admit(b"b" * 32, role="artist", name="Ben")
        anna.export(tmp_path / "export")
        entries = exchange.entries_in(tmp_path / "export")
        said = entrance.opener(entries, b"b" * 32)
        assert said.endswith(f"({identity.shown(anna.device.id)})")
        assert anna.members.people[anna.member].name in said


async def test_a_device_that_nobody_lets_in_begins_nothing(tmp_path: Path) -> None:
    heard: list[str] = []
    place = Place(tmp_path, tmp_path / "home")
    with pytest.raises(Fault):
        await entrance.by_knock(tmp_path / "film", place, "Ben", 0.2, heard.append)
    assert "called Ben" in heard[0]
    assert not (tmp_path / "film").exists()
    device = entrance.own_device(place, settings.read(place.home), None)
    assert identity.shown(device.id) in heard[0]
