"""The demo, with fakes in place of the render child."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.commands import demo
from engine.image import decode
from tests.app.commandline import run
from tests.fakes.renderer import FakeRenderer


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to call the program in."""
    monkeypatch.setattr("app.studio.render_process", lambda found: FakeRenderer())
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_it_renders_deletes_and_brings_back(here: Path) -> None:
    ran = run("demo", "--headless", "--json")
    assert ran.status == 0, ran.err
    value = json.loads(ran.out)
    assert Path(value["folder"]) == here / demo.NAME
    assert {one["class"] for one in value["takes"]} == {"R0"}
    assert all(one["present"] for one in value["takes"])
    assert sum(one["approved"] for one in value["takes"]) >= 6
    assert not any(one["provisional"] for one in value["takes"])
    assert value["identical"] == value["deleted"] == len(value["takes"]) >= 13
    assert value["freed_bytes"] > 0
    sheet = decode(Path(value["contact_sheet"]).read_bytes())
    assert sheet.shape[1] > 1000
    assert tuple(sheet[0, 0]) == (0x17, 0x18, 0x1A)


def test_run_again_it_goes_on_and_never_touches_what_is_not_its_own(here: Path) -> None:
    assert run("demo", "--headless", "--json").status == 0
    again = run("demo", "--headless", "--json")
    assert again.status == 0, again.err
    assert json.loads(again.out)["first_picture_seconds"] is None, "everything was rendered already"
    other = here / "mine"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    refused = run("demo", "mine", "--headless", "--json")
    assert refused.status == 4
    assert [one.name for one in other.iterdir()] == ["letter.txt"]


def test_beside_a_foreign_folder_of_that_name_it_takes_the_next(here: Path) -> None:
    (here / demo.NAME).mkdir()
    (here / demo.NAME / "letter.txt").write_text("mine")
    ran = run("demo", "--headless", "--json")
    assert Path(json.loads(ran.out)["folder"]) == here / f"{demo.NAME}-2"


def test_without_a_display_it_says_where_the_sheet_is(here: Path) -> None:
    ran = run("demo", "film")
    assert ran.status == 0, ran.err
    assert "contact_sheet.png" in ran.out + ran.err


def test_one_that_was_killed_while_it_began_is_begun_anew(here: Path) -> None:
    left = here / f".{demo.NAME}.making" / ".restrike"
    left.mkdir(parents=True)
    (left / "log.db").write_bytes(b"half a file")
    ran = run("demo", "--headless", "--json")
    assert ran.status == 0, ran.err
    assert [one.name for one in here.iterdir() if one.name.startswith(".")] == []
    assert (here / demo.NAME / ".restrike" / demo.MARK).is_file()
