"""The command line's grammar, made from `app.commands.table`: words, arguments, options, help.

Parsing returns a `Call` and runs nothing. A list of commands shows summaries from the table; a command's module is
imported when that command is called, completed or asked for help.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from app.cli import complete, helptext
from app.cli.call import Call, Wishes
from app.commands.table import COMMANDS, GROUPS, Arg, Command, Opt, load, parameters
from app.errors import UnknownCommand, did_you_mean

ABOUT: Final = """Keeps the recipes of a film made with generative models, and prints its pictures again on demand.

A picture is a print and its recipe the negative: prints may be thrown away, because restrike can strike them again and
check that they are the same.
"""
FIRST_STEPS: Final = """First steps:
  restrike demo                       a small sample film, rendered for real
  restrike init MYFILM --name "My film"
  restrike help                       the help pages, one a topic
  restrike COMMAND --help             arguments and examples of one command
"""


class Page(TyperCommand):
    """One command with its help page."""

    command: Command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the command's help page."""
        formatter.write(helptext.command_page(self.command, parameters(self.command)))


class Words(TyperGroup):
    """The commands whose words start with `prefix`."""

    prefix: tuple[str, ...] = ()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page that lists the commands."""
        listed = [(word, self._summary(word)) for word in self.list_commands(ctx)]
        key = " ".join(self.prefix)
        if not self.prefix:
            page = helptext.group_page((), ABOUT, listed, helptext.PROGRAM, FIRST_STEPS)
        elif key in _own():
            options = helptext.option_pairs(parameters(load(key)))
            about = inspect.getdoc(load(key).function) or GROUPS[key]
            page = helptext.group_page(
                self.prefix, about, listed, options, helptext.examples(load(key).examples)
            )
        else:
            page = helptext.group_page(self.prefix, GROUPS[key], listed)
        formatter.write(page)

    def list_commands(self, ctx: Any) -> list[str]:
        """The next words, in the table's order."""
        return list(dict.fromkeys(rest[0] for rest in self._rests() if rest))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The next word as it is listed: its name and summary, with nothing imported."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return TyperCommand(cmd_name, help=self._summary(cmd_name), rich_markup_mode=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The next word as it is called: everything about it, its module imported."""
        word = args[0]
        if word in self.list_commands(ctx):
            return word, built((*self.prefix, word)), args[1:]
        if word.startswith("-"):
            return super().resolve_command(ctx, args)
        wanted, known = " ".join((*self.prefix, word)), self.list_commands(ctx)
        inner = [one.words for one in COMMANDS if one.words.endswith(f" {word}")]
        guess = did_you_mean(word, known)
        if inner and not self.prefix:
            guess = f"did you mean {' or '.join(inner)}?"
        help_words = " ".join(("restrike", *self.prefix, "--help"))
        raise UnknownCommand(
            f"there is no command {wanted!r}", " ".join(filter(None, (guess, f"{help_words} lists all")))
        )

    def _rests(self) -> list[list[str]]:
        size = len(self.prefix)
        split = [one.words.split(" ") for one in COMMANDS]
        return [words[size:] for words in split if tuple(words[:size]) == self.prefix]

    def _summary(self, word: str) -> str:
        words = " ".join((*self.prefix, word))
        return _own().get(words) or GROUPS[words]


def _own() -> dict[str, str]:
    """The summaries of all commands by their words."""
    return {one.words: one.summary for one in COMMANDS}


def root() -> Any:
    """The whole program as one click command."""
    app = typer.Typer(cls=Words, rich_markup_mode=None, add_completion=True, pretty_exceptions_enable=False)

    def restrike(
        ctx: typer.Context,
        version: Annotated[bool, typer.Option("--version", help="Print the release and stop.")] = False,
        project: _PROJECT = None,
        json: _JSON = False,
        debug: _DEBUG = False,
    ) -> bool:
        ctx.obj = Wishes(project, json, debug)
        return version

    app.callback(invoke_without_command=True)(restrike)
    return typer.main.get_command(app)


def built(words: tuple[str, ...]) -> Any:
    """The click command, or group of commands, for these words."""
    key = " ".join(words)
    if key not in GROUPS or not any(one.words.startswith(key + " ") for one in COMMANDS):
        return _single(load(key))
    app = typer.Typer(cls=Words, rich_markup_mode=None, add_completion=False)
    own = key in _own()
    app.callback(invoke_without_command=own)(_parsed(load(key)) if own else _wishes_alone)
    group = typer.main.get_command(app)
    group.name = words[-1]
    group.prefix = words  # type: ignore[attr-defined]
    return group


def _single(command: Command) -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    signed = any(isinstance(about, Arg) and about.signed for _, about, _ in parameters(command).values())
    settings = {"ignore_unknown_options": True} if signed else {}
    name = command.entry.words.split(" ")[-1]
    app.command(name, cls=Page, context_settings=settings)(_parsed(command))
    page = typer.main.get_command(app)
    page.command = command  # type: ignore[attr-defined]
    return page


def _parsed(command: Command) -> Callable[..., Call]:
    """A function with the command's signature that returns the call instead of making it."""

    def call(**values: Any) -> Call:
        ctx = values.pop("ctx")
        wishes = _joined(ctx, values.pop("project"), values.pop("json"), values.pop("debug"))
        return Call(command, values, wishes)

    signature = [_parameter("ctx", typer.Context)]
    for name, (kind, about, default) in parameters(command).items():
        signature.append(_parameter(name, Annotated[kind, _declared(name, about, default)], default))
    signature += [
        _parameter("project", _PROJECT, None),
        _parameter("json", _JSON, False),
        _parameter("debug", _DEBUG, False),
    ]
    call.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in signature}
    return call


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _declared(name: str, about: Arg | Opt, default: Any) -> Any:
    offered = complete.offering(about.complete)
    if isinstance(about, Arg):
        shown = about.shown or name.upper()
        return typer.Argument(help=about.help, metavar=shown, autocompletion=offered, show_default=False)
    worth_saying = default not in (None, False, "", inspect.Parameter.empty) and default != []
    return typer.Option(
        *about.flags, help=about.help, metavar=about.shown, autocompletion=offered, show_default=worth_saying
    )


def _wishes_alone(
    ctx: typer.Context, project: _PROJECT = None, json: _JSON = False, debug: _DEBUG = False
) -> None:
    ctx.obj = _joined(ctx, project, json, debug)


def _joined(ctx: typer.Context, project: Path | None, json: bool, debug: bool) -> Wishes:
    """What was said here, and before the words that led here."""
    before: Wishes = ctx.obj or Wishes()
    joined = replace(
        before, project=project or before.project, json=json or before.json, debug=debug or before.debug
    )
    ctx.obj = joined
    return joined


_PROJECT = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="DIR",
        help="The project; otherwise the one around this folder.",
        show_default=False,
    ),
]
_JSON = Annotated[bool, typer.Option("--json", help="One JSON value on stdout, nothing else there.")]
_DEBUG = Annotated[bool, typer.Option("--debug", help="Show tracebacks, and write more to the log.")]


def parse(arguments: Sequence[str]) -> Call | Wishes | str | int:
    """The call that `arguments` make.

    Without any command the answer is the `Wishes` alone, or the word `version`; a number when everything has been
    printed already (help, completion). Raises Faults and typer's own usage errors.
    """
    command = root()
    answer = command.main(list(arguments), prog_name="restrike", standalone_mode=False)
    if isinstance(answer, (Call, int)) and not isinstance(answer, bool):
        return answer
    return "version" if answer is True else Wishes()
