"""Simple lines mean what the grammar says they mean, and all others are left to it."""

from __future__ import annotations

import shlex
import subprocess
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.arguments import parse
from app.cli.call import Call
from app.cli.simple import simple
from app.cli.usage import as_wrong_use
from app.commands.table import COMMANDS, load
from engine.faults import Fault
from tests.structure.sources import ROOT

EXAMPLES = [line for entry in COMMANDS for line in load(entry.words).examples]
WORDS = st.sampled_from(
    [
        *shlex.split(
            "asset set show list take job jobs vote render MARA steps=3 shot low 2 X pause A:character"
        ),
        *shlex.split(
            "--note --tier --count --all --json --project --stale --limit -1 +1 --where --note=x --input"
        ),
        *("--help", "--", "", "--nothing", "-", "prompt=a b", "kind = shot"),
    ]
)


def meant(arguments: list[str]) -> object:
    """What the grammar makes of a line; the failure's type where it is refused."""
    try:
        return parse(arguments)
    except Fault as fault:
        return type(fault)
    except click.ClickException as error:
        return type(as_wrong_use(error))


@pytest.mark.parametrize("line", EXAMPLES)
def test_what_the_help_shows_is_read_alike(line: str) -> None:
    arguments = shlex.split(line)[1:]
    found = simple(arguments)
    assert found is None or found == parse(arguments)


def test_most_of_what_the_help_shows_is_simple() -> None:
    found = [simple(shlex.split(line)[1:]) for line in EXAMPLES]
    assert sum(isinstance(one, Call) for one in found) > 0.8 * len(EXAMPLES)


@given(st.lists(WORDS, max_size=8))
def test_no_line_is_read_otherwise_than_by_the_grammar(arguments: list[str]) -> None:
    found = simple(arguments)
    assert found is None or found == meant(arguments)


def test_a_simple_line_needs_no_typer() -> None:
    code = (
        "import sys; from app.cli.simple import simple; assert simple(['asset', 'show', 'MARA', '--json']); "
        "print(*sorted({'typer', 'click', 'pydantic', 'automerge', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
