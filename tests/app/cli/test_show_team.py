"""The team as people read it."""

from __future__ import annotations

from typing import Any

from tests.app.cli.test_show import shown

DEVICE = "1f3a-90bc-77d1-02e4-5b6c-8a9f-0c1d-2e3f-kq"
WORK = {"device": DEVICE, "log": "0f" * 16, "first": 4, "last": 6, "bundles": 3}


def test_a_ticket_with_what_to_do_with_it() -> None:
    value = {"ticket": "restrike1abc", "id": "0c9f", "role": "artist", "expires": "tomorrow", "uses": 1}
    text = shown("invite", value)
    assert "restrike1abc\n" in text
    assert "Serves once" in text
    assert "restrike revoke 0c9f" in text
    assert "5 times" in shown("invite", {**value, "uses": 5})


def test_a_spoken_code_with_what_to_do_with_it() -> None:
    value = {"ticket": None, "id": None, "code": "7-otter-maple", "role": "artist", "expires": "soon"}
    assert "restrike join --code 7-otter-maple DIR" in shown("invite", value)


def test_members_with_devices_tickets_and_what_was_removed() -> None:
    value: dict[str, Any] = {
        "members": [{"id": "m", "name": "Mara", "role": "owner", "devices": [DEVICE, "other"]}],
        "invites": [{"id": "0c9f", "role": "viewer", "uses": 2, "used": 1, "expires": "tomorrow"}],
        "removed": [{"device": "gone", "member": "n", "time": "now", "waiting": 3, "can": "It keeps."}],
        "codes": [{"number": 7, "state": "wrong"}],
        "suspended": [{"device": "liar", "why": "it lies", "time": None}],
        "knocks": [{"key": "00", "device": DEVICE, "name": "Vera", "time": "now"}],
        "this_device": DEVICE,
        "farewell": "this device was removed by Anna",
    }
    text = shown("members", value)
    assert f"{DEVICE} (this one)" in text
    assert text.count("Mara") == 1
    assert "1 of 2 used" in text
    assert "restrike adopt" in text
    assert "It keeps." in text
    assert "Vera knocks" in text
    assert "admit --forgive liar" in text
    assert "This device was removed by Anna." in text
    assert "7-…: guessed wrongly" in text


def test_who_knocks_and_what_waits() -> None:
    knock = {"key": "00", "device": DEVICE, "name": "Vera", "time": "now"}
    assert "Vera knocks" in shown("admit", {"knocks": [knock], "admitted": None})
    assert "Nobody" in shown("admit", {"knocks": [], "admitted": None})
    assert "let in" in shown("admit", {"knocks": [], "admitted": {}, "message": "Vera is let in."})
    assert "3 bundles" in shown("adopt", {"withheld": [WORK], "adopted": 0})
    assert "Nothing waits" in shown("adopt", {"withheld": [], "adopted": 0})
    assert "2 count" in shown("adopt", {"withheld": [], "adopted": 2, "message": "2 count now."})


def test_what_each_device_is_at() -> None:
    def at(**more: Any) -> str:
        quiet = {
            "doing": None,
            "editing": None,
            "state": "idle",
            "synced": True,
            "link": "lan",
            "rtt_ms": 1.0,
        }
        peer = {"name": "Ben", "role": "artist", "device": DEVICE, **quiet, **more}
        return shown("peers", {"peers": [peer], "reasons": [], "checks": []})

    assert "idle" in at()
    doing = {"stage": "rendering", "asset_name": "LAMP", "step": 3, "steps": 8}
    assert "rendering LAMP 3/8" in at(doing=doing)
    assert "loading model a picture" in at(doing={"stage": "loading model", "step": 0, "steps": 0})
    assert "edits LAMP: prompt, seed" in at(editing={"asset_name": "LAMP", "fields": ["prompt", "seed"]})
    assert "edits an asset" in at(editing={"fields": []})
