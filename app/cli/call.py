"""A command with the values it is called with; and the plain calls that need no grammar.

`status`, `jobs` and their like are asked often, so a line of words and wishes alone is read here, without typer and
without the command's module: when another process has the project open and answers, that is not needed.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.commands.table import COMMANDS, Command, Entry, load, parameters


@dataclass(frozen=True, slots=True)
class Wishes:
    """What may be said before or after the words of any command."""

    project: Path | None = None
    json: bool = False
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A command with the values that were given on the command line."""

    command: Command
    values: Mapping[str, Any]
    wishes: Wishes

    @property
    def entry(self) -> Entry:
        """The command in the table."""
        return self.command.entry


@dataclass(frozen=True, slots=True)
class Plain:
    """A command called without any values of its own; nothing of it is imported."""

    entry: Entry
    wishes: Wishes


def plain(arguments: Sequence[str]) -> Plain | None:
    """The call of a line that holds a command's words and wishes and nothing else; None for every other line."""
    words: list[str] = []
    wishes = Wishes()
    rest = list(arguments)
    while rest:
        one = rest.pop(0)
        if one == "--json":
            wishes = replace(wishes, json=True)
        elif one == "--debug":
            wishes = replace(wishes, debug=True)
        elif one == "--project" and rest:
            wishes = replace(wishes, project=Path(rest.pop(0)))
        elif one.startswith("-"):
            return None
        else:
            words.append(one)
    entry = next((entry for entry in COMMANDS if entry.words.split(" ") == words), None)
    return Plain(entry, wishes) if entry is not None else None


def with_defaults(call: Plain) -> Call | None:
    """The call with the command's defaults; None where the command cannot be called without values."""
    command = load(call.entry.words)
    defaults = {name: default for name, (_, _, default) in parameters(command).items()}
    if inspect.Parameter.empty in defaults.values():
        return None
    values = {name: list(one) if isinstance(one, list) else one for name, one in defaults.items()}
    return Call(command, values, call.wishes)
