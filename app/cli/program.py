"""From the words on the command line to an exit status; nothing a user can do ends in a traceback without `--debug`."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from app import errors, settings
from app.cli.call import Call, Wishes, parameters, plain
from app.commands.table import Arg, Outcome, Report
from app.place import Place
from engine.faults import Fault, WrongUse

BROKEN_PIPE: Final = 141
"""The exit status when whoever read our output went away, as shells expect it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, without the program's name, and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="replace" if stream is sys.stdout and "--json" not in given else "backslashreplace"
            )
    try:
        status = _run(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _print("restrike: interrupted (what was reported as done is saved)", sys.stderr)
        return errors.INTERRUPTED
    except BrokenPipeError:
        _let_go_of_stdout()
        return BROKEN_PIPE
    except SystemExit as leaving:  # how typer ends after it answered the shell
        return leaving.code if isinstance(leaving.code, int) else 1
    except Exception as error:  # noqa: BLE001 - the last line of defence: people get a sentence and the log the rest
        return _failed(error, given)
    return status


def _run(given: Sequence[str]) -> int:
    _check_text(given)
    call: Call | Wishes | str | int | None = plain(given) if not _asked_by_a_shell() else None
    if call is None:
        from app.cli.arguments import parse

        call = parse(given)
    if isinstance(call, int):
        return call
    if call == "version":
        _print_value({"version": release()}, "version", as_json="--json" in given)
        return 0
    if not isinstance(call, Call):
        assert isinstance(call, Wishes)
        return _without_command(given)
    value = asyncio.run(_performed(call))
    _print_value(value, call.command.entry.words, as_json=call.wishes.json)
    return value.exit_status if isinstance(value, Outcome) else 0


async def _performed(call: Call) -> Mapping[str, Any]:
    """Give the command what it asks for by name, and wait for its answer."""
    from app.cli import progress

    place = Place(Path.cwd(), settings.home(), call.wishes.project)
    wanted = inspect.signature(call.command.function).parameters
    values = dict(call.values)
    async with contextlib.AsyncExitStack() as stack:
        if "report" in wanted:
            report: Report = stack.enter_context(progress.on(sys.stderr))
            values["report"] = report
        if "place" in wanted:
            values["place"] = place
        if "studio" in wanted:
            from app.studio import Studio

            values["studio"] = await stack.enter_async_context(
                Studio.open(_folder(call, place), place.home, clock=place.clock)
            )
        found: Mapping[str, Any] = await call.command.function(**values)
    return found


def _folder(call: Call, place: Place) -> Path:
    """The project to open: an argument that names one, else `--project`, else the one around this folder."""
    for name, (_, about, _) in parameters(call.command).items():
        if isinstance(about, Arg) and about.opens and call.values.get(name) is not None:
            return Place(place.folder, place.home, call.values[name]).film()
    return place.film()


def _asked_by_a_shell() -> bool:
    """Whether this is no call, but a question for completions."""
    return "_RESTRIKE_COMPLETE" in os.environ


def release() -> str:
    """The installed release of the program."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("restrike")
    except PackageNotFoundError:
        return "unknown: run from sources that are not installed"


def _without_command(given: Sequence[str]) -> int:
    from app.cli.arguments import root

    if "--json" in given:
        raise WrongUse("no command was given", "restrike --help lists all commands")
    _print(root().get_help(root().make_context("restrike", [], resilient_parsing=True)), sys.stdout)
    return 0


def _check_text(given: Sequence[str]) -> None:
    """Refuse bytes that are no text: they could be stored nowhere."""
    for one in given:
        try:
            one.encode("utf-8")
        except UnicodeEncodeError as error:
            shown = one.encode("utf-8", "backslashreplace").decode()
            raise WrongUse(
                f"the argument {errors.shortened(shown, 80)!r} is not valid UTF-8", "type it as text"
            ) from error


def _failed(error: Exception, given: Sequence[str]) -> int:
    """Say what went wrong, in the form that was asked for."""
    fault = _fault(error)
    if "--debug" in given:
        traceback.print_exception(error, file=sys.stderr)
    with contextlib.suppress(BrokenPipeError):
        if "--json" in given:
            _print(json.dumps(errors.shape(fault), ensure_ascii=False, indent=2), sys.stdout)
        _print(errors.line(fault), sys.stderr)
    return fault.exit_status


def _fault(error: BaseException) -> Fault:
    """The fault behind an exception: itself, the first in a group, typer's usage errors, a full disk, or a surprise."""
    from app.cli.usage import as_wrong_use

    if isinstance(error, Fault):
        return error
    if isinstance(error, BaseExceptionGroup):
        faults = [_fault(one) for one in error.exceptions]
        return next((one for one in faults if not isinstance(one, errors.Unexpected)), faults[0])
    if (wrong := as_wrong_use(error)) is not None:
        return wrong
    if (known := errors.of_the_system(error)) is not None:
        return known
    from app import logs

    return errors.Unexpected(error, logs.record_unexpected(settings.home(), error))


def _print_value(value: Mapping[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        _print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False), sys.stdout)
        return
    from app.cli import show

    show.show(words, value, sys.stdout)


def _print(text: str, stream: TextIO) -> None:
    stream.write(text.rstrip("\n") + "\n")
    stream.flush()


def _let_go_of_stdout() -> None:
    """Keep the interpreter from complaining about the broken pipe when it flushes at exit."""
    with contextlib.suppress(OSError, io.UnsupportedOperation):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
