"""What a relay keeps for those who are away: sealed objects under blinded names, in one SQLite file.

WAL with `synchronous=FULL`: an object is durable before it is acknowledged. Everybody in a room may read what lies
there, and only the pseudonym that put an object may replace or delete it. Each pseudonym has one mailbox a room, and
what is older than `Limits.kept` is gone. One thread at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.faults import Conflict, Fault, NoSpace, NotFound
from engine.faults import Refused as Forbidden
from sync import database
from sync.relay.frames import MOST_NAMES
from sync.relay.quotas import Limits

FILE: Final = "relay.db"
TABLES: Final = """
CREATE TABLE IF NOT EXISTS objects(number INTEGER PRIMARY KEY, room BLOB NOT NULL, name BLOB NOT NULL,
  owner BLOB NOT NULL, time REAL NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS objects_by_name ON objects(room, name);
CREATE INDEX IF NOT EXISTS objects_by_time ON objects(time);
CREATE TABLE IF NOT EXISTS mailboxes(room BLOB, owner BLOB, objects INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY(room, owner)) WITHOUT ROWID;
"""


class Full(NoSpace):
    """The mailbox holds as much as it may."""

    code = "mailbox_full"


class Taken(Conflict):
    """Another device has put an object of this name."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """An object as it comes in."""

    room: bytes
    owner: bytes
    name: bytes
    data: bytes


class Mailboxes:
    """All the mailboxes of a relay."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.path = folder / FILE
        self.limits = limits
        self._connection = database.connect(self.path, synchronous="FULL")
        try:
            with database.faults(self.path):
                self._connection.executescript("BEGIN IMMEDIATE;" + TABLES + "COMMIT;")
            self.objects, self.bytes = self._usage()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def put(self, deposits: Sequence[Deposit], now: float) -> list[Fault | None]:
        """Keep objects, all in one durable transaction; says of each why it is not kept, if it is not."""
        objects, size = self.objects, self.bytes
        try:
            with database.writing(self._connection, self.path):
                return [self._tried(one, now) for one in deposits]
        except BaseException as error:
            self.objects, self.bytes = objects, size
            if isinstance(error, NoSpace):
                return [error] * len(deposits)
            raise

    def names(self, room: bytes, prefix: bytes, after: bytes, now: float) -> list[bytes]:
        """Names in a room in their order, at most `MOST_NAMES`."""
        sql = (
            "SELECT name FROM objects WHERE room = ? AND name > ? AND name >= ? AND name < ? AND time > ? "
            "ORDER BY name LIMIT ?"
        )
        beyond = prefix + b"\xff"  # names are plain text, so this comes after all that begin with the prefix
        rows = self._rows(sql, room, after, prefix, beyond, now - self.limits.kept, MOST_NAMES)
        return [bytes(name) for (name,) in rows]

    def get(self, room: bytes, name: bytes, now: float) -> bytes:
        """An object; raises `NotFound`."""
        sql = "SELECT data FROM objects WHERE room = ? AND name = ? AND time > ?"
        rows = self._rows(sql, room, name, now - self.limits.kept)
        if not rows:
            raise NotFound("there is no object of this name", "list the names again")
        return bytes(rows[0][0])

    def delete(self, room: bytes, owner: bytes, name: bytes) -> None:
        """Forget an object, durably; one that is not there is nothing. Raises `Refused` where it is another's."""
        with database.writing(self._connection, self.path):
            rows = self._rows(
                "SELECT owner, length(data) FROM objects WHERE room = ? AND name = ?", room, name
            )
            if not rows:
                return
            if bytes(rows[0][0]) != owner:
                raise Forbidden("the object is another device's", "it is deleted when it is too old")
            self._do("DELETE FROM objects WHERE room = ? AND name = ?", room, name)
            self._count(room, owner, -1, -int(rows[0][1]))

    def expire(self, now: float, most: int = 500) -> int:
        """Delete some of what is too old; returns how many objects."""
        with database.writing(self._connection, self.path):
            sql = (
                "SELECT number, room, owner, length(data) FROM objects WHERE time <= ? ORDER BY time LIMIT ?"
            )
            rows = self._rows(sql, now - self.limits.kept, most)
            for number, room, owner, size in rows:
                self._do("DELETE FROM objects WHERE number = ?", number)
                self._count(bytes(room), bytes(owner), -1, -int(size))
        return len(rows)

    def _tried(self, one: Deposit, now: float) -> Fault | None:
        sql = "SELECT owner, length(data) FROM objects WHERE room = ? AND name = ?"
        rows = self._rows(sql, one.room, one.name)
        if rows and bytes(rows[0][0]) != one.owner:
            return Taken(
                "another device has put an object of this name", "read that one, or choose another name"
            )
        fresh, grown = (0, len(one.data) - int(rows[0][1])) if rows else (1, len(one.data))
        if (refused := self._no_room(one, fresh, grown)) is not None:
            return refused
        sql = "INSERT OR REPLACE INTO objects(room, name, owner, time, data) VALUES(?, ?, ?, ?, ?)"
        self._do(sql, one.room, one.name, one.owner, now, one.data)
        self._count(one.room, one.owner, fresh, grown)
        return None

    def _no_room(self, one: Deposit, fresh: int, grown: int) -> Fault | None:
        sql = "SELECT objects, bytes FROM mailboxes WHERE room = ? AND owner = ?"
        rows = self._rows(sql, one.room, one.owner)
        count, size = rows[0] if rows else (0, 0)
        if count + fresh > self.limits.objects or size + grown > self.limits.mailbox:
            most = f"{self.limits.mailbox // (1024 * 1024)} MB or {self.limits.objects} objects"
            return Full(f"the mailbox is full: it holds {most}", "let the others collect what waits for them")
        others = self._rows("SELECT count(*) FROM mailboxes WHERE room = ?", one.room)[0][0]
        if not rows and others >= self.limits.mailboxes:
            return Full("the room has too many mailboxes", "those that are not used go after some days")
        if self.bytes + grown > self.limits.disk:
            return Full("the relay is full", "try again later, or ask who runs it for more space")
        return None

    def _count(self, room: bytes, owner: bytes, objects: int, size: int) -> None:
        sql = (
            "INSERT INTO mailboxes VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET objects = objects + excluded.objects, bytes = bytes + excluded.bytes"
        )
        self._do(sql, room, owner, objects, size)
        self._do("DELETE FROM mailboxes WHERE room = ? AND owner = ? AND objects <= 0", room, owner)
        self.objects += objects
        self.bytes += size

    def _usage(self) -> tuple[int, int]:
        rows = self._rows("SELECT coalesce(sum(objects), 0), coalesce(sum(bytes), 0) FROM mailboxes")
        return int(rows[0][0]), int(rows[0][1])

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with database.faults(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _do(self, sql: str, *values: object) -> None:
        with database.faults(self.path):
            self._connection.execute(sql, values)
