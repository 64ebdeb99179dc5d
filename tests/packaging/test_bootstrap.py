"""The bootstrap's decisions: when an environment serves, when it is refreshed, when it is made anew."""

from __future__ import annotations

import json
from pathlib import Path

import bootstrap
import interpreters
import pytest
from bootstrap import ROOT, Environment
from progress import SetupFailed

THIS_PYTHON = interpreters.own_interpreter()


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A clone with a finished environment in it, whose Python is the one that runs the tests."""
    for name in ("constraints.txt", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    made = Environment(tmp_path)
    made.programs.mkdir(parents=True)
    made.python.symlink_to(THIS_PYTHON)
    (made.folder / "pyvenv.cfg").write_text("version = 3.11.7\n", encoding="utf-8")
    made.write_note("ready", test=False)
    return made


def test_a_finished_environment_serves_at_once(environment: Environment) -> None:
    assert environment.is_ready(test=False)
    assert not environment.must_be_remade()


def test_the_tests_ask_for_more_than_the_program(environment: Environment) -> None:
    assert not environment.is_ready(test=True)
    environment.write_note("ready", test=True)
    assert environment.is_ready(test=True)
    assert environment.is_ready(test=False)


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml", ".venv/pyvenv.cfg"])
def test_any_change_of_what_it_depends_on_asks_for_a_refresh(environment: Environment, name: str) -> None:
    with (environment.root / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert not environment.is_ready(test=False)
    assert not environment.must_be_remade()


def test_a_clone_that_moved_needs_a_set_up(environment: Environment, tmp_path: Path) -> None:
    elsewhere = tmp_path / "moved here"
    elsewhere.mkdir()
    for path in (
        environment.folder,
        environment.root / "constraints.txt",
        environment.root / "pyproject.toml",
    ):
        path.rename(elsewhere / path.name)
    assert not Environment(elsewhere).is_ready(test=False)


def test_a_set_up_that_was_cut_short_is_made_anew(environment: Environment) -> None:
    environment.write_note("building", test=False)
    assert not environment.is_ready(test=False)
    assert environment.must_be_remade()


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_damaged_note_means_cut_short(environment: Environment, text: str) -> None:
    environment.note.write_text(text, encoding="utf-8")
    assert environment.must_be_remade()


def test_an_environment_whose_python_is_gone_is_made_anew(environment: Environment, tmp_path: Path) -> None:
    environment.python.unlink()
    environment.python.symlink_to(tmp_path / "python that was removed")
    assert not environment.is_ready(test=False)
    assert environment.must_be_remade()


def test_an_environment_made_by_hand_is_kept_and_refreshed(environment: Environment) -> None:
    environment.note.unlink()
    assert not environment.is_ready(test=False)
    assert not environment.must_be_remade()


def test_clearing_leaves_a_note_that_says_building(environment: Environment) -> None:
    bootstrap.clear(environment)
    assert [path.name for path in environment.folder.iterdir()] == [environment.note.name]
    assert json.loads(environment.note.read_text(encoding="utf-8"))["state"] == "building"


def test_a_folder_that_is_no_environment_is_never_cleared(environment: Environment) -> None:
    (environment.folder / "diary.txt").write_text("mine", encoding="utf-8")
    environment.note.unlink()
    (environment.folder / "pyvenv.cfg").unlink()
    with pytest.raises(SetupFailed, match="move it away"):
        bootstrap.clear(environment)
    assert (environment.folder / "diary.txt").exists()


def test_the_releases_are_read_from_the_sources() -> None:
    assert bootstrap.torch_release(ROOT) == "2.13.0"
    assert bootstrap.release(ROOT) == "0.1.0"


def test_help_needs_no_environment(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["--help"]) == 0
    assert "python3 packaging/bootstrap.py test" in capsys.readouterr().out
