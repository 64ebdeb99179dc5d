"""What the tests of the app share: a new film."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.app.commandline import Film, run


@pytest.fixture(scope="session")
def first_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty project made by the program itself, and the home that it was made from."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESTRIKE_HOME", str(folder / "home"))
        made = run("init", str(folder / "film"), "--name", "A test film")
    assert made.status == 0, made.err
    return folder


@pytest.fixture
def film(first_film: Path, own_home: Path, tmp_path: Path) -> Film:
    """A film of one's own: an empty project with the bundled models, and the home of its owner."""
    shutil.copytree(first_film / "home", own_home, dirs_exist_ok=True)
    shutil.copytree(first_film / "film", tmp_path / "film")
    return Film(tmp_path / "film")
