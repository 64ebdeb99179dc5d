"""Whether a relay runs here is known from a note that a dead one cannot keep alive."""

from __future__ import annotations

import json
from pathlib import Path

from app import relay


def test_a_relay_is_known_while_it_runs(tmp_path: Path) -> None:
    assert relay.state(tmp_path)["running"] is False
    with relay.noted(tmp_path, "ws://127.0.0.1:1", "2026-01-31T12:00:00.000Z"):
        found = relay.state(tmp_path)
        assert (found["running"], found["address"]) == (True, "ws://127.0.0.1:1")
    assert relay.state(tmp_path)["running"] is False


def test_the_note_of_a_killed_one_and_a_damaged_note_mean_nothing(tmp_path: Path) -> None:
    path = tmp_path / relay.FOLDER / relay.FILE
    path.parent.mkdir()
    dead = {"address": "ws://127.0.0.1:1", "started": "x", "pid": 2**22 - 1, "start": "1"}
    for text in (json.dumps(dead), "{", "[]", "null", '{"pid": "x"}'):
        path.write_text(text, "utf-8")
        assert relay.state(tmp_path) == {
            "running": False,
            "address": None,
            "started": None,
            "message": "No relay runs here.",
        }
