"""What the journeys share: a new film, one with pictures, and fakes where the program has a render child."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app import studio
from app.settings import Settings
from tests.app.commandline import Film
from tests.app.conftest import film, first_film
from tests.fakes.renderer import FakeRenderer

__all__ = ["film", "first_film", "press", "shot"]


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> list[FakeRenderer]:
    """Every renderer that a command makes: fakes, in the order in which they were made."""
    made: list[FakeRenderer] = []

    def one(found: Settings) -> FakeRenderer:
        made.append(FakeRenderer())
        return made[-1]

    monkeypatch.setattr(studio, "render_process", one)
    return made


@pytest.fixture(scope="session")
def first_shot(first_film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film with a place, somebody in it and a shot, each with a proved picture; and the home of its owner."""
    folder = tmp_path_factory.mktemp("shot")
    shutil.copytree(first_film, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESTRIKE_HOME", str(folder / "home"))
        patch.setattr(studio, "render_process", lambda found: FakeRenderer())
        made = Film(folder / "film")
        made("asset", "add", "environment", "BAY", "prompt=sea at dawn", "seed=1")
        made("asset", "add", "character", "MIRA", "prompt=a purple traveller", "seed=2")
        shown = ("--input", "BAY:environment", "--input", "MIRA:character", "--scene", "SC-01")
        made("asset", "add", "shot", "SH010", "prompt=wide shot", "seed=3", *shown)
        made("render", "--all", "--wait")
        made("take", "prove", "--all")
    return folder


@pytest.fixture
def shot(first_shot: Path, own_home: Path, tmp_path: Path) -> Film:
    """A film of one's own with BAY, MIRA and SH010 and their three proved pictures."""
    shutil.copytree(first_shot / "home", own_home, dirs_exist_ok=True)
    shutil.copytree(first_shot / "film", tmp_path / "film")
    return Film(tmp_path / "film")
