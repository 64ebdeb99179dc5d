"""From the words on the command line to an exit status; nothing a user can do ends in a traceback without `--debug`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from app.cli.call import Call, Plain, Wishes, plain, with_defaults
from app.commands.table import Arg, News, Outcome, Report, parameters
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
        from app import errors

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
    short = plain(given) if not _asked_by_a_shell() else None
    tried = short is not None and _needs_nothing(short)
    if short is not None and tried and (value := _through(short, _place(short).film())) is not None:
        return _answered(value, short)
    call: Call | Wishes | str | int | None = with_defaults(short) if short is not None else None
    if call is None and not _asked_by_a_shell():
        from app.cli.simple import simple

        call = simple(given)
    if call is None:
        from app.cli.arguments import parse

        call = parse(given)
    if isinstance(call, int):
        return call
    if call == "version":
        from app.release import release

        _print_value({"version": release()}, "version", as_json="--json" in given)
        return 0
    if not isinstance(call, Call):
        assert isinstance(call, Wishes)
        return _without_command(given)
    return _answered(_called(call, tried=tried), call)


def _answered(value: Mapping[str, Any], call: Call | Plain) -> int:
    _print_value(value, call.entry.words, as_json=call.wishes.json)
    return value.exit_status if isinstance(value, Outcome) else 0


def _called(call: Call, *, tried: bool) -> Mapping[str, Any]:
    """The command's answer: of the program that has the project open unless that was `tried`, else of a run here."""
    asks = not tried and not call.entry.local
    if asks and (value := _through(call, _folder(call, _place(call)))) is not None:
        return value
    import asyncio

    return asyncio.run(_performed(call))


def _needs_nothing(call: Plain) -> bool:
    """Whether it can be asked for with nothing known of the command but its route."""
    entry = call.entry
    return entry.method == "GET" and "{" not in entry.path.replace("{project}", "") and not entry.local


def _through(call: Call | Plain, folder: Path) -> Mapping[str, Any] | None:
    """The answer of the program that has the project in `folder` open; None where the command runs here."""
    from app.api import address

    there = address.read(folder)
    if there is None:
        return None
    from app.cli import remote

    with contextlib.ExitStack() as stack:
        report: Report = _unheard
        if isinstance(call, Call) and call.command.wants("report"):
            from app.cli import progress

            report = stack.enter_context(progress.on(sys.stderr))
        return remote.performed(call, there, folder, report)


def _unheard(news: News) -> None:
    """Commands that do not ask for it tell nothing meanwhile."""


def _place(call: Call | Plain) -> Place:
    """Where the command was called, for finding the project alone."""
    return Place(Path.cwd(), Path(), call.wishes.project)


async def _performed(call: Call) -> Mapping[str, Any]:
    """Give the command what it asks for by name, and wait for its answer."""
    from app import settings
    from app.cli import progress

    place = Place(Path.cwd(), settings.home(), call.wishes.project)
    given: dict[str, Any] = {"place": place}
    async with contextlib.AsyncExitStack() as stack:
        if call.command.wants("report"):
            given["report"] = stack.enter_context(progress.on(sys.stderr))
        if call.command.before is not None:
            await call.command.before(place, given.get("report", _unheard), call.values)
        if call.command.wants("studio"):
            from app.studio import Studio

            given["studio"] = await stack.enter_async_context(
                Studio.open(_folder(call, place), place.home, clock=place.clock)
            )
        return await call.command.call(call.values, **given)


def _folder(call: Call, place: Place) -> Path:
    """The project to open: an argument that names one, else `--project`, else the one around this folder."""
    for name, (_, about, _) in parameters(call.command).items():
        if isinstance(about, Arg) and about.opens and call.values.get(name) is not None:
            return Place(place.folder, place.home, call.values[name]).film()
    return place.film()


def _asked_by_a_shell() -> bool:
    """Whether this is no call, but a question for completions."""
    return "_RESTRIKE_COMPLETE" in os.environ


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
            from app import errors

            shown = one.encode("utf-8", "backslashreplace").decode()
            raise WrongUse(
                f"the argument {errors.shortened(shown, 80)!r} is not valid UTF-8", "type it as text"
            ) from error


def _failed(error: Exception, given: Sequence[str]) -> int:
    """Say what went wrong, in the form that was asked for."""
    from app import errors

    fault = _fault(error)
    if "--debug" in given:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    with contextlib.suppress(BrokenPipeError):
        if "--json" in given:
            _print(json.dumps(errors.shape(fault), ensure_ascii=False, indent=2), sys.stdout)
        _print(errors.line(fault), sys.stderr)
    return fault.exit_status


def _fault(error: BaseException) -> Fault:
    """The fault behind an exception, typer's usage errors among them."""
    from app import errors, settings
    from app.cli.usage import as_wrong_use

    return errors.fault_of(error, settings.home(), as_wrong_use)


def _print_value(value: Mapping[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        _print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False, default=str), sys.stdout)
        return
    from app.cli import show

    show.show(words, _as_text(value), sys.stdout)


def _as_text(value: Any) -> Any:
    """`value` with its paths as text."""
    if isinstance(value, Mapping):
        return {key: _as_text(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def _print(text: str, stream: TextIO) -> None:
    stream.write(text.rstrip("\n") + "\n")
    stream.flush()


def _let_go_of_stdout() -> None:
    """Keep the interpreter from complaining about the broken pipe when it flushes at exit."""
    with contextlib.suppress(OSError, io.UnsupportedOperation):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
