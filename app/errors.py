"""Failures as people and programs see them: one line on stderr, an object for `--json`, an exit status.

restrike: error: there is no asset MARRA (did you mean MARA? restrike asset list shows all)
"""

from __future__ import annotations

import difflib
import errno
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from engine.faults import Fault, NoSpace, NotFound, Refused, WrongUse

INTERRUPTED: Final = 130
"""The exit status after Ctrl-C, as shells expect it."""


class Unexpected(Fault):
    """The program has a fault of its own; the log holds the traceback."""

    code = "unexpected"

    def __init__(self, error: BaseException, log: Path | None) -> None:
        said = one_line(str(error)) or type(error).__name__
        where = f"the traceback is in {log}; --debug shows it here" if log else "--debug shows the traceback"
        super().__init__(
            f"something unexpected went wrong: {type(error).__name__}: {shortened(said, 300)}", where
        )


class UnknownCommand(WrongUse):
    """There is no such command."""

    code = "unknown_command"


def fault_of(
    error: BaseException, log_home: Path, known: Callable[[BaseException], Fault | None] | None = None
) -> Fault:
    """The fault behind an exception: itself, the first in a group, one that `known` knows, a full disk, or a surprise.

    The traceback of a surprise is written to the log in `log_home`.
    """
    if isinstance(error, Fault):
        return error
    if isinstance(error, BaseExceptionGroup):
        faults = [fault_of(one, log_home, known) for one in error.exceptions]
        return next((one for one in faults if not isinstance(one, Unexpected)), faults[0])
    if known is not None and (found := known(error)) is not None:
        return found
    if (found := of_the_system(error)) is not None:
        found.__cause__ = error
        return found
    from app import logs

    return Unexpected(error, logs.record_unexpected(log_home, error))


def of_the_system(error: BaseException) -> Fault | None:
    """What the operating system or the database refused, in plain words; None if it is none of the known cases."""
    if isinstance(error, OSError) and error.errno in (
        errno.ENOSPC,
        errno.EFBIG,
        getattr(errno, "EDQUOT", None),
    ):
        return NoSpace(
            "the disk is full", "free some space and run the command again; nothing reported as done is lost"
        )
    if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
        return NoSpace(
            "the disk is full", "free some space and run the command again; nothing reported as done is lost"
        )
    if isinstance(error, PermissionError):
        return Refused(
            f"no permission for {error.filename}", "give yourself access to it, or use another folder"
        )
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return Refused(f"{error.filename} is on a read-only disk", "use another folder")
    if isinstance(error, FileNotFoundError):
        return NotFound(f"there is no {error.filename}", "check the path")
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        said = one_line(error.strerror.lower())
        return Fault(f"{error.filename} cannot be used: {said}", "look at what lies there, and at its disk")
    return None


def line(fault: Fault) -> str:
    """The one line that goes to stderr."""
    return one_line(f"restrike: error: {fault.message} ({fault.hint})")


def shape(fault: Fault) -> dict[str, Any]:
    """The object that goes to stdout with `--json`."""
    return {"error": {"code": fault.code, "message": one_line(fault.message), "hint": one_line(fault.hint)}}


def one_line(text: str) -> str:
    """Text on one line, with control characters made visible so that no message can move the cursor."""
    joined = " ".join(text.split())
    return "".join(one if one.isprintable() or one == " " else f"\\x{ord(one):02x}" for one in joined)


def shortened(text: str, length: int) -> str:
    """At most `length` characters of a text, the rest as an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def near(wanted: str, known: Iterable[str], count: int = 3) -> list[str]:
    """What somebody who wrote `wanted` may have meant, best first, without regard to case."""
    by_folded = {one.casefold(): one for one in known}
    matches = difflib.get_close_matches(wanted.casefold(), by_folded, n=count, cutoff=0.6)
    starts = [
        one
        for one in sorted(by_folded)
        if wanted and one.startswith(wanted.casefold()) and one not in matches
    ]
    return [by_folded[one] for one in [*matches, *starts][:count]]


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """`did you mean A or B?`, or nothing when nothing is near."""
    found = near(wanted, known)
    return f"did you mean {' or '.join(found)}?" if found else ""
