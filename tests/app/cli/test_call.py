"""Plain lines are read without typer, and to the same calls."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from app.cli.arguments import parse
from app.cli.call import Plain, plain, with_defaults
from app.commands import table
from app.commands.table import COMMANDS, parameters
from tests.structure.sources import ROOT


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("--json", "status"),
        ("asset", "--project", "X", "list", "--debug"),
        ("asset", "forks", "--json"),
        ("verify",),
        ("help",),
        ("doctor", "--json", "--debug"),
    ],
)
def test_a_plain_line_is_the_call_that_the_grammar_makes(arguments: tuple[str, ...]) -> None:
    found = plain(arguments)
    assert isinstance(found, Plain)
    assert with_defaults(found) == parse(arguments)


@pytest.mark.parametrize("arguments", [("asset", "show"), ("model", "add"), ("take", "compare")])
def test_a_command_that_needs_values_is_left_to_the_grammar(arguments: tuple[str, ...]) -> None:
    found = plain(arguments)
    assert found is not None
    assert with_defaults(found) is None


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("asset",),
        ("asset", "show", "MARA"),
        ("asset list",),
        ("status", "--help"),
        ("status", "--project"),
        ("status", "--project=X"),
        ("asset", "list", "--stale"),
        ("nothing",),
        ("--version",),
    ],
)
def test_every_other_line_is_left_to_the_grammar(arguments: tuple[str, ...]) -> None:
    assert plain(arguments) is None


def test_lists_are_not_shared_between_calls() -> None:
    command = table.load("asset list")
    assert set(parameters(command)) >= {"kind", "scene", "where", "stale"}
    line = plain(["asset", "list"])
    assert line is not None
    first, second = with_defaults(line), with_defaults(line)
    assert first == second
    assert first is not second


def test_what_is_asked_for_without_its_module_needs_no_values() -> None:
    """`program` sends such a call off knowing nothing but the route."""
    for entry in COMMANDS:
        if entry.method == "GET" and "{" not in entry.path.replace("{project}", "") and not entry.local:
            found = parameters(table.load(entry.words)).values()
            assert all(default is not inspect.Parameter.empty for _, _, default in found), entry.words


def test_reading_a_plain_line_imports_no_command() -> None:
    code = (
        "import sys; from app.cli import call, program; call.plain(['status', '--json']);"
        "print(*[name for name in sys.modules if name in ('typer', 'asyncio', 'app.commands.projects')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [], done.stderr
