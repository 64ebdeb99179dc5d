"""What was said once is used the next time, what is no address is refused, and what lies there is never trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import ways
from app.settings import Settings
from app.ways import Ways
from engine.faults import BadField

URL = "wss://relay.example.org"
STUN = "stun:stun.example.org"


def test_what_was_said_is_remembered_and_forgotten(tmp_path: Path) -> None:
    found = ways.told(tmp_path, tmp_path, relay=URL, servers=[STUN], mailbox=Path("shared"))
    assert found == Ways(URL, (STUN,), tmp_path / "shared")
    assert ways.told(tmp_path, tmp_path, relay=None, servers=[], mailbox=None) == found == ways.read(tmp_path)
    assert ways.told(tmp_path, tmp_path, relay="none", servers=["none"], mailbox=Path("none")) == Ways(ice=())
    assert ways.read(tmp_path) == Ways(ice=())


def test_the_machine_s_settings_hold_where_nothing_was_said() -> None:
    settings = Settings(relay=URL, ice=(STUN,))
    assert ways.effective(Ways(), settings) == Ways(URL, (STUN,))
    assert ways.effective(Ways(relay="wss://other.example.org", ice=()), settings) == Ways(
        "wss://other.example.org", ()
    )
    assert ways.effective(Ways(URL), settings, relay=False).relay is None
    assert ways.effective(Ways(), Settings()) == Ways(ice=())


@pytest.mark.parametrize("relay", ["ftp://example.org", "wss://", "wss://a:99999999", "x" * 300])
def test_what_is_no_relay_is_refused(tmp_path: Path, relay: str) -> None:
    with pytest.raises(BadField):
        ways.told(tmp_path, tmp_path, relay=relay, servers=[], mailbox=None)
    assert ways.read(tmp_path) == Ways()


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"relay": 5, "ice": null, "mailbox": null}', '{"relay": null, "ice": ["x"], "mailbox": null}',
     "[" * 100_000],
)  # fmt: skip
def test_a_damaged_file_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ways.FILE).write_text(text)
    assert ways.read(tmp_path) == Ways()
