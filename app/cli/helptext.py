"""The text of `--help`: usage, what it does, arguments, options, commands, examples, in this order."""

from __future__ import annotations

import inspect
import shutil
import textwrap
import types
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, Literal, Union, get_args, get_origin

from app.commands.table import Arg, Command, Opt

Parameters = Mapping[str, tuple[Any, Arg | Opt, Any]]
Pair = tuple[str, str]

WISHES: Final[Sequence[Pair]] = (
    ("--project DIR", "The project; otherwise the one around this folder."),
    ("--json", "One JSON value on stdout, nothing else there."),
    ("--debug", "Show tracebacks, and write more to the log."),
    ("--help", "Show this page."),
)
PROGRAM: Final[Sequence[Pair]] = (
    ("--version", "Print the release."),
    ("--install-completion", "Teach the shell the commands and the names in a project."),
    ("--show-completion", "Print what the shell would be taught."),
)


def command_page(command: Command, parameters: Parameters) -> str:
    """The help page of one command."""
    words = ["restrike", command.entry.words, *(_usage(name, one) for name, one in _arguments(parameters))]
    parts = [
        _paragraphs(inspect.getdoc(command.function) or command.entry.summary),
        _section("Arguments", ((_name(name, one), _about(one)) for name, one in _arguments(parameters))),
        _section("Options", [*_options(parameters), *WISHES]),
        examples(command.examples),
    ]
    return _page([*words, "[OPTIONS]"], parts)


def group_page(
    words: Sequence[str], about: str, commands: Iterable[Pair], options: Iterable[Pair] = (), end: str = ""
) -> str:
    """The help page of the program or of commands that share their first words."""
    parts = [
        _paragraphs(about),
        _section("Commands", commands),
        _section("Options", [*options, *WISHES]),
        end.rstrip("\n"),
    ]
    return _page(["restrike", *words, "COMMAND …", "[OPTIONS]"], parts)


def option_pairs(parameters: Parameters) -> list[Pair]:
    """The options of a command that is also the beginning of others."""
    return list(_options(parameters))


def choices(kind: Any) -> tuple[str, ...]:
    """The words that a parameter of this type may have; none when it takes any."""
    if get_origin(kind) in (Union, types.UnionType, list):
        return next((found for one in get_args(kind) if (found := choices(one))), ())
    if get_origin(kind) is Literal:
        return tuple(get_args(kind))
    return tuple(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else ()


def _page(usage: Sequence[str], parts: Iterable[str]) -> str:
    return "\n\n".join(["Usage: " + " ".join(usage), *(part for part in parts if part)])


def _arguments(parameters: Parameters) -> list[tuple[str, tuple[Any, Arg | Opt, Any]]]:
    return [(name, one) for name, one in parameters.items() if isinstance(one[1], Arg)]


def _usage(name: str, one: tuple[Any, Arg | Opt, Any]) -> str:
    kind, _, default = one
    shown = _name(name, one) + (" …" if get_origin(kind) is list else "")
    return shown if default is inspect.Parameter.empty else f"[{shown}]"


def _name(name: str, one: tuple[Any, Arg | Opt, Any]) -> str:
    return one[1].shown or name.upper()


def _about(one: tuple[Any, Arg | Opt, Any]) -> str:
    kind, about, default = one
    text = about.help
    words = choices(kind)
    if words and not all(word in text for word in words):
        text += f" One of {', '.join(words)}."
    if isinstance(default, (str, int, float)) and not isinstance(default, bool) and default != "":
        text += f" Otherwise {default}."
    return text


def _options(parameters: Parameters) -> Iterable[Pair]:
    for name, one in parameters.items():
        kind, about, _ = one
        if isinstance(about, Opt):
            value = "" if kind is bool else f" {_name(name, one)}"
            yield ", ".join(about.flags) + value, _about(one)


def _width() -> int:
    return min(100, shutil.get_terminal_size().columns)


def _paragraphs(text: str) -> str:
    return "\n\n".join(textwrap.fill(" ".join(one.split()), _width()) for one in text.split("\n\n"))


def _section(title: str, pairs: Iterable[Pair]) -> str:
    rows = list(pairs)
    if not rows:
        return ""
    indent = 4 + min(24, max(len(name) for name, _ in rows))
    lines = [f"{title}:"]
    for name, text in rows:
        wrapped = textwrap.wrap(text, max(24, _width() - indent)) or [""]
        if len(name) > indent - 4:
            lines.append(f"  {name}")
        else:
            lines.append(f"  {name:<{indent - 2}}{wrapped.pop(0)}".rstrip())
        lines += [" " * indent + one for one in wrapped]
    return "\n".join(lines)


def examples(lines: Sequence[str]) -> str:
    """The examples at the end of a page; nothing without any."""
    return "\n".join(["Examples:", *(f"  {one}" for one in lines)]) if lines else ""
