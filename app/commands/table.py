"""Every command of the program, once: the command line and the API are made from this table, as the palette will be.

To add a command: put an `Entry` into `COMMANDS` in `app.commands.entries` (words, module, one-line summary, route)
and write, in that module, an
`async def` whose name is the words joined by `_`, under `@command("the words", examples=[…])`:

    @command("take list", examples=["restrike take list MARA --json"])
    async def take_list(studio: Studio, report: Report, *,
                        name: Annotated[str | None, Arg("Only the takes of this asset.", complete="asset")] = None,
                        missing: Annotated[bool, Opt("--missing", help="Only those not here.")] = False,
                        ) -> dict[str, Any]:
        '''One sentence, then what a person should know before using it; this is the command's help text.'''

Three parameters are given by name: `studio: Studio` (the project, open), `place: Place` (where the command was
called, nothing open; for commands that need no project) and `report: Report` (tell the person something meanwhile).
All others carry an `Arg` or an `Opt`; no default means required. Types: `str`, `int`, `float`, `bool`, `Path`, a
`StrEnum`, a `Literal` of strings, each also `| None`, and `list[…]` for several. An argument with `opens=True` is a
project folder that is opened instead of `--project`; the value of one with `signed=True` may begin with a minus. A
`Path` with `reads` is a file that comes from the caller, one with `writes` a file made for the caller, each with its
media type: over the API their contents travel, never their paths. A `Path` in the answer is for the command line alone.
Failures are Faults. The returned mapping is what `--json` prints (contract section 6, made by `app.shapes`); the key
`message` may hold a sentence for people. `Outcome` carries an exit status other than 0. Modules are imported when
their command is called or asked for help, never for the list. How people read the values is said in `app.cli.show`,
by the command's words, so no command prints.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from app.commands.entries import COMMANDS, GROUPS, Entry

__all__ = [
    "COMMANDS",
    "GIVEN",
    "GROUPS",
    "Arg",
    "Command",
    "Entry",
    "Line",
    "News",
    "Opt",
    "Outcome",
    "Report",
    "Said",
    "Working",
    "command",
    "entry_of",
    "load",
    "parameters",
]


@dataclass(frozen=True, slots=True)
class Arg:
    """An argument by position. `complete` names what the shell offers: asset, take, job, model, scene, template."""

    help: str
    complete: str | None = None
    shown: str | None = None
    opens: bool = False
    signed: bool = False
    reads: str | None = None
    writes: str | None = None


@dataclass(frozen=True, slots=True, init=False)
class Opt:
    """An option with its flags (`"--note"`, `"-m"`); of a `bool` only the positive flag exists."""

    flags: tuple[str, ...]
    help: str
    complete: str | None
    shown: str | None
    reads: str | None
    writes: str | None

    def __init__(
        self,
        *flags: str,
        help: str,
        complete: str | None = None,
        shown: str | None = None,
        reads: str | None = None,
        writes: str | None = None,
    ) -> None:
        given = {"complete": complete, "shown": shown, "reads": reads, "writes": writes}
        for name, value in {"flags": flags, "help": help, **given}.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence for the person who waits; on the command line it goes to stderr."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Working:
    """How far one piece of work is: `what` at `step` of `steps`, as number `done + 1` of `total` pieces.

    `key` tells pieces apart that run at the same time; `over` is said once, when the piece has ended. `eta_s` is what
    remains of everything, in seconds, where it is known.
    """

    key: str
    what: str
    stage: str
    step: int
    steps: int
    done: int = 0
    total: int = 1
    eta_s: float | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the answer, on stdout at once: for commands that go on answering, as `events` does."""

    text: str


News = Said | Working | Line
"""What a command tells while it goes on."""
Report = Callable[[News], None]
"""Tell the person something while the command goes on; never blocks."""


class Outcome(dict[str, Any]):
    """What a command returns when its answer is complete and its exit status is not 0."""

    def __init__(self, value: Mapping[str, Any], exit_status: int) -> None:
        super().__init__(value)
        self.exit_status = exit_status


Function = Callable[..., Awaitable[Mapping[str, Any]]]
Before = Callable[[Any, Any, Mapping[str, Any]], Awaitable[None]]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True, slots=True)
class Command:
    """A command with its function and examples, once its module is imported.

    `before` is called with place, report and values before the project is opened, which it may have to begin.
    """

    entry: Entry
    function: Function
    examples: tuple[str, ...]
    before: Before | None = None

    def wants(self, given: str) -> bool:
        """Whether the function asks for one of what is given by name: `studio`, `place`, `report`."""
        return given in inspect.signature(self.function).parameters

    async def call(self, values: Mapping[str, Any], **given: Any) -> Mapping[str, Any]:
        """The command's answer; of what is given by name it gets what it asks for."""
        return await self.function(**values, **{name: one for name, one in given.items() if self.wants(name)})


GIVEN: Final = ("studio", "place", "report")
"""The parameters that a command gets by name instead of from its caller."""


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


_loaded: dict[str, Command] = {}


def command(words: str, *, examples: Sequence[str] = (), before: Before | None = None) -> Callable[[F], F]:
    """Mark `words`' function; the words must stand in `COMMANDS` with this module, and give the function its name."""

    def mark(function: F) -> F:
        entry = entry_of(words)
        if (function.__module__, function.__name__) != (entry.module, entry.function_name):
            raise TypeError(f"{words!r} belongs to {entry.module}:{entry.function_name}")
        _loaded[words] = Command(entry, function, tuple(examples), before)
        return function

    return mark


def entry_of(words: str) -> Entry:
    """The table's entry for these words; `KeyError` if the program has no such command."""
    for entry in COMMANDS:
        if entry.words == words:
            return entry
    raise KeyError(words)


def load(words: str) -> Command:
    """The command with its function, importing its module if that has not happened yet."""
    if words not in _loaded:
        importlib.import_module(entry_of(words).module)
    return _loaded[words]
