"""What a device remembers of a mailbox, durably: which parts of its logs lie there, what it has read, what was bad.

All of it can be found out anew at the price of putting and reading everything once more, so a damaged file is moved
aside and begun again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sync import database
from sync.database import Broken
from sync.records import LogId

TABLES: Final = """
CREATE TABLE IF NOT EXISTS posted(name TEXT PRIMARY KEY, log TEXT NOT NULL, first INTEGER NOT NULL,
  last INTEGER NOT NULL, size INTEGER NOT NULL, time REAL NOT NULL, doomed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known(what TEXT, value BLOB, PRIMARY KEY(what, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aside(name TEXT, digest BLOB, detail TEXT NOT NULL, PRIMARY KEY(name, digest)) WITHOUT ROWID;
"""
ENTRY: Final = "entry"
ADDRESSEE: Final = "addressee"
COLLECTED: Final = "collected"
LETTER: Final = "letter"


@dataclass(frozen=True, slots=True)
class Posted:
    """A part of a log of this device that lies in the mailbox."""

    name: str
    log: LogId
    first: int
    last: int
    size: int
    time: float


class Postmarks:
    """The open notes of one mailbox."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = self._open()
        except Broken:
            for old in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
                if old.exists():
                    old.replace(old.with_name(old.name + ".damaged"))
            self._connection = self._open()

    def _open(self) -> Any:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = database.connect(self.path, synchronous="FULL")
        try:
            with database.faults(self.path):
                connection.executescript("BEGIN IMMEDIATE;" + TABLES + "COMMIT;")
                connection.execute("SELECT count(*) FROM posted, known, aside").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def posted(self, *, doomed: bool = False) -> list[Posted]:
        """What lies there, by log and number; with `doomed` what is to be deleted there."""
        sql = (
            "SELECT name, log, first, last, size, time FROM posted WHERE doomed = ? ORDER BY log, first, last"
        )
        return [Posted(*row) for row in self._rows(sql, int(doomed))]

    def post(self, one: Posted, instead: Iterable[Posted] = ()) -> None:
        """Note what lies there now, and what it takes the place of."""
        with database.writing(self._connection, self.path):
            self._do(
                "INSERT OR REPLACE INTO posted VALUES(?, ?, ?, ?, ?, ?, 0)",
                *(one.name, one.log, one.first, one.last, one.size, one.time),
            )
            for old in instead:
                if old.name != one.name:
                    self._do("UPDATE posted SET doomed = 1 WHERE name = ?", old.name)

    def forget(self, posted: Iterable[str]) -> None:
        """Forget what no longer lies there."""
        with database.writing(self._connection, self.path):
            for name in posted:
                self._do("DELETE FROM posted WHERE name = ?", name)

    def known(self, what: str) -> set[Any]:
        """Entries and addressees as bytes, or names that were collected."""
        return {value for (value,) in self._rows("SELECT value FROM known WHERE what = ?", what)}

    def learn(self, what: str, values: Iterable[bytes | str]) -> None:
        """Note that something is known."""
        with database.writing(self._connection, self.path):
            for value in values:
                self._do("INSERT OR IGNORE INTO known VALUES(?, ?)", what, value)

    def unlearn(self, what: str, values: Iterable[bytes | str]) -> None:
        """Note that something is there no longer."""
        with database.writing(self._connection, self.path):
            for value in values:
                self._do("DELETE FROM known WHERE what = ? AND value = ?", what, value)

    def set_aside(self, name: str, digest: bytes, detail: str) -> bool:
        """Note an object that is not believed; whether that is news."""
        with database.writing(self._connection, self.path):
            known = self._rows("SELECT 1 FROM aside WHERE name = ? AND digest = ?", name, digest)
            self._do("INSERT OR IGNORE INTO aside VALUES(?, ?, ?)", name, digest, detail)
        return not known

    def aside(self) -> dict[str, str]:
        """What was set aside and is not believed yet, with the reason."""
        sql = "SELECT name, detail FROM aside WHERE name NOT IN (SELECT value FROM known WHERE what = ?)"
        return dict(self._rows(sql, COLLECTED))

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with database.faults(self.path):
            return list(self._connection.execute(sql, values).fetchall())

    def _do(self, sql: str, *values: object) -> None:
        with database.faults(self.path):
            self._connection.execute(sql, values)
