"""Plain lines are read without typer, and to the same calls."""

from __future__ import annotations

import pytest

from app.cli.arguments import parse
from app.cli.call import Call, parameters, plain
from app.commands import table


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
    assert isinstance(found, Call)
    assert found == parse(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("asset",),
        ("asset", "show"),
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
    first, second = plain(["asset", "list"]), plain(["asset", "list"])
    assert first == second
    assert first is not second
