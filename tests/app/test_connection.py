"""Each step of a connection, tried on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import connection
from app.place import Place
from sync import interfaces


async def test_every_step_is_named_and_says_what_to_do(tmp_path: Path) -> None:
    found = await connection.checks(Place(tmp_path, tmp_path))
    online = any(interfaces.reachable(one) for one in interfaces.addresses())
    names = ["network", "multicast", "signalling port", "data channel"] if online else ["network"]
    assert [one["name"] for one in found] == names
    assert all(one["ok"] or one["fix"] for one in found)
    assert not online or found[-1]["ok"]


async def test_without_a_network_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interfaces, "addresses", lambda: ("127.0.0.1",))
    (only,) = await connection.checks(Place(tmp_path, tmp_path))
    assert only["ok"]
    assert "others are met later" in only["detail"]
