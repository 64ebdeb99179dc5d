"""Storage from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.commandline import Film
from tests.fakes.renderer import FakeRenderer


@pytest.fixture
def bay(film: Film, monkeypatch: pytest.MonkeyPatch) -> Film:
    """A film with one place and its take."""
    monkeypatch.setattr("app.studio.render_process", lambda found: FakeRenderer())
    film("asset", "add", "environment", "BAY", "prompt=sea", "seed=1")
    film("render", "BAY", "--wait")
    return film


def test_what_is_not_safe_stays_with_exit_5_and_the_reason(bay: Film) -> None:
    error = bay.error("storage", "drop", "BAY", status=5)
    assert "not proved" in error["message"]
    dry = bay("storage", "drop", "BAY", "--dry-run", status=5)
    assert dry["dropped"] == []
    assert dry["kept"][0]["reasons"]


def test_drop_and_fetch(bay: Film) -> None:
    dropped = bay("storage", "drop", "--all", "--prove")
    assert dropped["freed_bytes"] == dropped["dropped"][0]["bytes"] > 0
    [take] = bay("take", "list", "--missing")["takes"]
    assert not Path(take["file"]).exists()
    assert bay("verify")["faults"] == []
    back = bay("storage", "fetch", "BAY")
    assert (back["takes"][0]["class"], back["takes"][0]["restored"]) == ("R0", True)
    assert Path(take["file"]).is_file()
    assert bay("storage", "fetch", "--all")["takes"] == []
    assert bay("verify")["faults"] == []


def test_the_report_adds_up(bay: Film) -> None:
    report = bay("storage", "report")
    assert report["bytes"] == report["regeneratable_bytes"] + report["permanent_bytes"]
    for name in ("by_asset", "by_kind", "by_model", "by_tier", "by_class", "by_media_type"):
        assert sum(one["bytes"] for one in report[name]) > 0, name
    assert "Stored" in bay.text("storage", "report")


def test_what_cannot_be_meant_is_refused(bay: Film) -> None:
    bay.error("storage", "drop", status=2)
    bay.error("storage", "drop", "BAY", "--all", status=2)
    bay.error("storage", "fetch", status=2)
    bay.error("storage", "fetch", "NOBODY", status=3)
