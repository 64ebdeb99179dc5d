"""A command with the values it is called with; and the plain calls that need no grammar.

`status`, `jobs` and their like are asked often, so a line of words and wishes alone is read here, without typer.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.commands.table import COMMANDS, Arg, Command, Opt, load

GIVEN: Final = ("studio", "place", "report")
"""The parameters that a command gets by name instead of from the command line."""


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


def parameters(command: Command) -> dict[str, tuple[Any, Arg | Opt, Any]]:
    """What a command takes from its caller: each parameter's type, its `Arg` or `Opt`, and its default.

    The default of a required one is `inspect.Parameter.empty`.
    """
    found: dict[str, tuple[Any, Arg | Opt, Any]] = {}
    for name, parameter in inspect.signature(command.function).parameters.items():
        if name in GIVEN:
            continue
        annotation = parameter.annotation
        if isinstance(annotation, str):
            annotation = eval(annotation, command.function.__globals__)
        [about] = [one for one in annotation.__metadata__ if isinstance(one, (Arg, Opt))]
        found[name] = (annotation.__origin__, about, parameter.default)
    return found


def plain(arguments: Sequence[str]) -> Call | None:
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
    key = " ".join(words)
    if all(entry.words.split(" ") != words for entry in COMMANDS):
        return None
    command = load(key)
    defaults = {name: default for name, (_, _, default) in parameters(command).items()}
    if inspect.Parameter.empty in defaults.values():
        return None
    return Call(
        command, {name: list(one) if isinstance(one, list) else one for name, one in defaults.items()}, wishes
    )
