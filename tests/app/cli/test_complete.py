"""What the shell offers after Tab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.commandline import Film, run

Offered = Callable[[str, Path], list[str]]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Offered:
    """What bash would be offered after some words, in some folder."""

    def ask(words: str, folder: Path) -> list[str]:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("_RESTRIKE_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        ran = run()
        monkeypatch.delenv("_RESTRIKE_COMPLETE")
        assert ran.err == ""
        return ran.out.split()

    return ask


@pytest.fixture
def mara(film: Film) -> Film:
    film("asset", "add", "character", "MARA")
    film("asset", "add", "shot", "SH010", "--scene", "SC-01")
    return film


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("restrike asset sh", ["show"]),
        ("restrike asset show MA", ["MARA"]),
        ("restrike asset add ch", ["character"]),
        ("restrike asset list --scene S", ["SC-01"]),
        ("restrike asset set MARA ste", ["steps="]),
        ("restrike asset set MARA tier=l", ["tier=low"]),
        ("restrike asset set MARA --input SH", ["SH010:image"]),
        ("restrike help star", ["start"]),
        ("restrike take show zzz", []),
    ],
)
def test_names_from_the_index(mara: Film, offered: Offered, words: str, expected: list[str]) -> None:
    assert offered(words, mara.folder) == expected


def test_the_shell_is_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    ran = run("--show-completion", "bash")
    assert ran.status == 0
    assert "_RESTRIKE_COMPLETE" in ran.out


def test_without_a_project_nothing_is_offered_and_nothing_said(offered: Offered, tmp_path: Path) -> None:
    assert offered("restrike asset show M", tmp_path) == []
