"""Lines whose meaning is beyond doubt, read without typer, which alone takes longer than most commands.

Every value has to fit at once: a known flag with its value, arguments in their order, numbers and words as they stand.
Whatever is left over, missing, doubtful, or asks for help is left to the grammar, which also says what is wrong.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from app.cli.call import Call, Wishes
from app.commands.table import COMMANDS, Arg, Entry, Opt, load, parameters

REQUIRED: Final = inspect.Parameter.empty
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)


class _Doubt(Exception):
    """The line is not that simple."""


def simple(arguments: Sequence[str]) -> Call | None:
    """The call that the grammar would make of this line; None where that is for the grammar to find out."""
    try:
        return _read(list(arguments))
    except _Doubt:
        return None


def _read(arguments: list[str]) -> Call:
    wishes, rest = _wishes(arguments)
    entry, rest = _entry(rest)
    command = load(entry.words)
    known = parameters(command)
    flags = {
        flag: name for name, (_, about, _) in known.items() if isinstance(about, Opt) for flag in about.flags
    }
    given: dict[str, Any] = {}
    free: list[str] = []
    while rest:
        one = rest.pop(0)
        if not one.startswith("-"):
            free.append(one)
            continue
        flag, sign, inline = one.partition("=")
        if flag not in flags or not flag.startswith("--"):
            raise _Doubt
        _option(flags[flag], known[flags[flag]][0], inline if sign else None, rest, given)
    _place(free, known, given)
    return Call(command, {name: _final(name, given, one[2]) for name, one in known.items()}, wishes)


def _option(name: str, kind: Any, inline: str | None, rest: list[str], given: dict[str, Any]) -> None:
    """Take an option, with its value from the rest of the line unless it stood behind an equals sign."""
    if kind is bool:
        if inline is not None:
            raise _Doubt
        given[name] = True
        return
    if inline is None and (not rest or rest[0].startswith("-")):
        raise _Doubt
    text = rest.pop(0) if inline is None else inline
    if get_origin(kind) is list:
        given.setdefault(name, []).append(_value(get_args(kind)[0], text))
    elif name in given:
        raise _Doubt
    else:
        given[name] = _value(kind, text)


def _wishes(arguments: list[str]) -> tuple[Wishes, list[str]]:
    """What may stand anywhere, and the rest."""
    wishes, rest, waiting = Wishes(), list[str](), list(arguments)
    while waiting:
        one = waiting.pop(0)
        if one == "--json":
            wishes = replace(wishes, json=True)
        elif one == "--debug":
            wishes = replace(wishes, debug=True)
        elif one == "--project":
            if not waiting or waiting[0].startswith("-") or wishes.project is not None:
                raise _Doubt
            wishes = replace(wishes, project=Path(waiting.pop(0)))
        else:
            rest.append(one)
            if one.startswith("--") and "=" not in one and waiting and not waiting[0].startswith("-"):
                rest.append(waiting.pop(0))  # perhaps its value, which is no wish whatever it says
    return wishes, rest


def _entry(words: list[str]) -> tuple[Entry, list[str]]:
    """The command of the longest words that one has, and what follows them."""
    for count in (2, 1):
        name = " ".join(words[:count])
        found = next((entry for entry in COMMANDS if entry.words == name), None)
        if found is not None and all(word and " " not in word for word in words[:count]):
            further = count == 1 and any(entry.words.startswith(f"{name} ") for entry in COMMANDS)
            if further and words[1:] and not words[1].startswith("-"):
                raise _Doubt
            return found, words[count:]
    raise _Doubt


def _place(free: list[str], known: dict[str, tuple[Any, Arg | Opt, Any]], given: dict[str, Any]) -> None:
    """Give the free words to the arguments, in order; one that takes several takes all that are left."""
    for name, (kind, about, _) in known.items():
        if not isinstance(about, Arg) or not free:
            continue
        if get_origin(kind) is list:
            given[name] = [_value(get_args(kind)[0], text) for text in free]
            free.clear()
        else:
            given[name] = _value(kind, free.pop(0))
    if free:
        raise _Doubt


def _final(name: str, given: dict[str, Any], default: Any) -> Any:
    if name in given:
        return given[name]
    if default is REQUIRED:
        raise _Doubt
    return list(default) if isinstance(default, list) else default


def _value(kind: Any, text: str) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        [kind] = [one for one in get_args(kind) if one is not type(None)]
    if kind is str:
        return text
    if kind is Path:
        return Path(text)
    if kind is int and _WHOLE.fullmatch(text):
        return int(text)
    if get_origin(kind) is Literal and text in get_args(kind):
        return text
    if isinstance(kind, type) and issubclass(kind, StrEnum) and text in list(kind):
        return kind(text)
    raise _Doubt
