"""Which Python is chosen, and what a person without one is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from interpreters import (
    Interpreter,
    choose,
    install_command,
    outside,
    own_interpreter,
    probe,
    pyenv_interpreters,
)

Look = Callable[[tuple[str, ...]], Interpreter | None]


def looker(found: dict[str, tuple[tuple[int, int], bool]]) -> Look:
    """A machine with these Pythons: command, version, whether it is complete."""

    def look(command: tuple[str, ...]) -> Interpreter | None:
        return Interpreter(command, *found[command[0]]) if command[0] in found else None

    return look


def test_the_first_complete_supported_python_is_taken() -> None:
    look = looker(
        {"new": ((3, 13), True), "bare": ((3, 12), False), "good": ((3, 11), True), "more": ((3, 12), True)}
    )
    chosen, lacking = choose([("absent",), ("new",), ("bare",), ("good",), ("more",)], look)
    assert chosen is not None
    assert chosen.command == ("good",)
    assert lacking is not None
    assert lacking.command == ("bare",)


def test_neither_too_old_nor_too_new_will_do() -> None:
    look = looker({"old": ((3, 10), True), "new": ((3, 13), True)})
    assert choose([("old",), ("new",)], look) == (None, None)


def test_this_python_is_recognised() -> None:
    found = probe((own_interpreter(),))
    assert found is not None
    assert found.version == sys.version_info[:2]
    assert found.complete


@pytest.mark.parametrize("code", ["import sys; sys.exit(127)", "print('no such version')"])
def test_what_starts_no_python_is_passed_over(tmp_path: Path, code: str) -> None:
    shim = tmp_path / "python3.12"
    shim.write_text(f"#!{sys.executable}\n{code}\n", encoding="utf-8")
    shim.chmod(0o755)
    assert probe((str(shim),)) is None
    assert probe((str(tmp_path / "absent"),)) is None


def test_the_environment_itself_is_no_source_of_pythons(tmp_path: Path) -> None:
    environment = tmp_path / ".venv"
    folders = [str(environment / "bin"), "/usr/bin", ""]
    assert outside(os.pathsep.join(folders), environment) == "/usr/bin"


def test_pyenv_is_searched_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    for version in ("3.10.1", "3.11.7", "3.11.4", "3.12.1", "3.13.0"):
        (tmp_path / "versions" / version).mkdir(parents=True)
    assert [path.parts[-3] for path in pyenv_interpreters()] == ["3.12.1", "3.11.7", "3.11.4"]


@pytest.mark.parametrize(
    ("system", "names", "expected"),
    [
        ("Darwin", {}, "brew install python@3.12"),
        ("Windows", {}, "winget install --exact --id Python.Python.3.12"),
        ("Linux", {"ID": "debian", "VERSION_ID": "12"}, "sudo apt-get install python3.11-venv"),
        ("Linux", {"ID": "debian", "VERSION_ID": "13"}, "pipx install uv"),
        (
            "Linux",
            {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "24.04"},
            "sudo apt-get install python3.12-venv",
        ),
        ("Linux", {"ID": "rocky", "ID_LIKE": "rhel fedora"}, "sudo dnf install python3.12"),
        ("Linux", {"ID": "arch"}, "sudo pacman -S uv"),
        ("Linux", {}, "python3 -m pip install --user uv"),
    ],
)
def test_one_command_is_named(system: str, names: dict[str, str], expected: str) -> None:
    assert install_command(system, names, None) == expected


def test_a_debian_python_without_venv_is_completed() -> None:
    lacking = Interpreter(("/usr/bin/python3",), (3, 12), False)
    assert install_command("Linux", {"ID": "mint", "ID_LIKE": "ubuntu"}, lacking) == (
        "sudo apt-get install python3.12-venv"
    )
