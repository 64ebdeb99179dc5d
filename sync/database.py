"""SQLite as this package uses it: connections with their settings, and its errors as faults."""

from __future__ import annotations

import errno
import functools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

from engine.faults import Damaged, Fault, NoSpace

BUSY_SECONDS: Final = 30.0
CACHE_KIB: Final = 8_192
_FULL: Final = (
    "SQLITE_FULL",
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_SHMSIZE",
    "SQLITE_IOERR_TRUNCATE",
    "SQLITE_IOERR_FSYNC",
)
_HINT: Final = "open the project again: what can be read is kept, the rest is named"
_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")


class Filed(Protocol):
    """Something that reads a file."""

    @property
    def path(self) -> Path:
        """The file."""
        ...


S = TypeVar("S", bound=Filed)
P = ParamSpec("P")
R = TypeVar("R")


class Busy(Fault):
    """Another process kept the project locked for longer than we were willing to wait."""

    code = "busy"


class Broken(Damaged):
    """A database file is not a database any more, or not all of it."""

    code = "database_damaged"

    def __init__(self, message: str, hint: str, path: Path | None = None) -> None:
        super().__init__(message, hint)
        self.path = path


def connect(
    path: Path, *, synchronous: str, page_size: int = 4096, busy: float = BUSY_SECONDS
) -> sqlite3.Connection:
    """A connection in WAL mode, transactions written out by hand; may be used by one thread at a time."""
    with faults(path):
        connection = sqlite3.connect(path, timeout=busy, isolation_level=None, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA page_size={page_size:d}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
            connection.execute("PRAGMA cell_size_check=ON")
        except BaseException:
            connection.close()
            raise
    return connection


def pulse(connection: sqlite3.Connection, path: Path) -> int:
    """A number that is another one as soon as another connection has changed the file; own writes leave it alone."""
    with faults(path):
        return int(connection.execute("PRAGMA data_version").fetchone()[0])


@contextmanager
def writing(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """One write transaction, taken at once: everything inside is committed together, or nothing on any exception."""
    with faults(path):
        connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        with faults(path):
            connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into faults that name the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise fault(error, path) from error
    except UnicodeDecodeError as error:  # text, even that of SQLite's own message, out of a damaged page
        raise Broken(f"{path.name} is damaged: {error}", _HINT, path) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _no_space(path) from error
        raise


def believed(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """For methods that read a file: a value of a kind that nobody wrote there means that the file is broken.

    A damaged page can pass for a sound one and hold anything, without an error from SQLite.
    """

    @functools.wraps(method)
    def read(self: S, /, *arguments: P.args, **named: P.kwargs) -> R:
        try:
            return method(self, *arguments, **named)
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
            raise Broken(
                f"{self.path.name} holds what nobody wrote: {error!r:.120}", _HINT, self.path
            ) from error

    return read


def fault(error: sqlite3.Error, path: Path) -> Fault:
    """The fault that an error of SQLite means."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(_BUSY):
        return Busy("another process is writing to this project", "wait a moment and try again")
    if name.startswith(_FULL):
        return _no_space(path)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return Fault(f"{path} cannot be opened for writing: {error}", "check its permissions and its disk")
    return Broken(f"{path.name} is damaged: {error}", _HINT, path)


def _no_space(path: Path) -> NoSpace:
    return NoSpace(
        f"there is no space left for {path.name}",
        "free some space and try again; nothing saved before is lost",
    )
