"""Help pages of commands: everything that may be said is explained."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Literal

import pytest

from app.cli import helptext
from app.commands import table
from app.commands.table import Arg, Opt, parameters
from sync.records import Kind
from tests.app.commandline import run


@pytest.mark.parametrize("words", ["asset add", "asset list", "init", "template apply", "verify", "help"])
def test_a_page_names_everything(words: str) -> None:
    command = table.load(words)
    page = helptext.command_page(command, parameters(command))
    for _, about, _ in parameters(command).values():
        assert " ".join(about.help.split())[:30].split(" ")[0] in page
        for flag in getattr(about, "flags", ()):
            assert flag in page
    for example in command.examples:
        assert example in page
    assert page.startswith(f"Usage: restrike {words} ")
    assert "--json" in page
    assert run(*words.split(" "), "--help").out.strip() == page.strip()


def test_usage_shows_what_is_required_and_what_may_repeat() -> None:
    empty = inspect.Parameter.empty
    known: helptext.Parameters = {
        "name": (str, Arg("A name."), empty),
        "files": (list[Path], Arg("Files.", shown="FILE"), []),
        "tier": (Literal["low", "high"], Opt("--tier", "-t", help="How good."), "low"),
        "all": (bool, Opt("--all", help="All of them."), False),
    }
    command = table.Command(table.entry_of("status"), table.load("status").function, ())
    page = helptext.command_page(command, known)
    assert page.splitlines()[0] == "Usage: restrike status NAME [FILE …] [OPTIONS]"
    assert "--tier, -t TIER" in page
    assert "How good. One of low, high. Otherwise low." in page


def test_choices_of_types() -> None:
    assert helptext.choices(Kind) == tuple(Kind)
    assert helptext.choices(Kind | None) == tuple(Kind)
    assert helptext.choices(list[Kind]) == tuple(Kind)
    assert helptext.choices(Literal["a", "b"]) == ("a", "b")
    assert helptext.choices(str) == ()
    assert helptext.choices(str | None) == ()


def test_long_lines_are_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    page = run("asset", "add", "--help").out
    examples = page.index("Examples:")
    assert all(len(line) <= 60 for line in page[:examples].splitlines()[1:])


def test_a_command_that_begins_others_shows_both() -> None:
    page = helptext.group_page(("jobs",), "About.", [("pause", "Wait.")], [("--all", "All.")], "Ends.")
    assert page.splitlines()[0] == "Usage: restrike jobs COMMAND … [OPTIONS]"
    for words in ("pause  Wait.", "--all", "Ends."):
        assert words in page
