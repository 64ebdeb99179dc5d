"""The log of a project on this device, `.restrike/log.db`: bundles, membership, what is set aside, who has it open.

WAL with `synchronous=FULL`: what a transaction committed survives the loss of power. Bundles are appended and never
changed; their `position` is this device's own count. Reading the file back is believed only as far as signatures and
checksums carry; a page that SQLite cannot read raises `Broken`, which `sync.salvage` deals with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.faults import Damaged
from sync import blocks, database, log, membership
from sync.blocks import Piece
from sync.log import Bundle, Intro
from sync.membership import Entry
from sync.records import LogId, ProjectId, SessionId, Time

FILE: Final = "log.db"
TABLES: Final = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS logs(number INTEGER PRIMARY KEY, log TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  public BLOB NOT NULL, nonce BLOB NOT NULL, project TEXT NOT NULL, last INTEGER NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS bundles(position INTEGER PRIMARY KEY, log INTEGER NOT NULL, n INTEGER NOT NULL,
  data BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS bundles_by_log ON bundles(log, n);
CREATE TABLE IF NOT EXISTS blocks(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS spans(log INTEGER, first INTEGER, last INTEGER NOT NULL, block INTEGER NOT NULL,
  PRIMARY KEY(log, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries(number INTEGER PRIMARY KEY, data BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS waiting(number INTEGER PRIMARY KEY, log TEXT NOT NULL, n INTEGER NOT NULL,
  data BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS quarantine(number INTEGER PRIMARY KEY, what TEXT NOT NULL, name TEXT NOT NULL,
  detail TEXT NOT NULL, fix TEXT NOT NULL, data BLOB, time TEXT NOT NULL, UNIQUE(what, name, detail));
CREATE TABLE IF NOT EXISTS sessions(session TEXT PRIMARY KEY, pid INTEGER NOT NULL, started TEXT NOT NULL,
  ended INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS evidence(log TEXT NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL, data BLOB NOT NULL,
  public BLOB NOT NULL,   PRIMARY KEY(log, n, hash)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS knocks(public BLOB PRIMARY KEY, name TEXT NOT NULL, time TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS suspensions(public BLOB NOT NULL, why TEXT NOT NULL, time TEXT NOT NULL,
  forgiven INTEGER NOT NULL, PRIMARY KEY(public, why)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ended(log TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS declined(public BLOB PRIMARY KEY, until TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Log:
    """A log as far as it is known here: the last bundle's `n` and hash."""

    number: int
    id: LogId
    intro: Intro
    last: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: what kind of thing, which, in which way, and what to do."""

    what: str
    id: str
    detail: str
    fix: str


MOST_BLOCKS: Final = 16
_SALVAGE: Final = "open the project again: what can be read is kept, the rest is named"


class Store:
    """The open log; reads see what other processes committed, writes go inside `writing()`."""

    def __init__(self, folder: Path, *, busy: float = database.BUSY_SECONDS) -> None:
        self.path = folder / FILE
        self._blocks: dict[int, dict[int, Piece]] = {}
        self.connection = database.connect(self.path, synchronous="FULL", busy=busy)
        self._inode = self.path.stat().st_ino
        try:
            with database.faults(self.path):
                if not self.connection.execute(
                    "SELECT 1 FROM sqlite_master WHERE name='suspensions'"
                ).fetchone():
                    self.connection.executescript("BEGIN IMMEDIATE;" + TABLES + "COMMIT;")
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def writing(self) -> AbstractContextManager[None]:
        """One durable transaction under the write lock of all processes."""
        return database.writing(self.connection, self.path)

    def replaced(self) -> bool:
        """Whether the file at its path is no longer the one that is open."""
        try:
            return self.path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    @property
    @database.believed
    def schema(self) -> int:
        """The schema of the release that wrote here last."""
        return int(self._rows("SELECT coalesce((SELECT value FROM meta WHERE key = 'schema'), 1)")[0][0])

    def set_schema(self, version: int) -> None:
        """Note the schema, so that an older release refuses before it reads anything."""
        self._do("INSERT OR REPLACE INTO meta VALUES('schema', ?)", str(version))

    @property
    @database.believed
    def floor(self) -> int:
        """The position that every bundle lies above: how far the log went that this one was salvaged from."""
        return int(self._rows("SELECT coalesce((SELECT value FROM meta WHERE key = 'floor'), 0)")[0][0])

    def raise_floor(self, position: int) -> None:
        """Let all bundles to come lie above `position`; a floor is never lowered."""
        self._do("INSERT OR REPLACE INTO meta VALUES('floor', ?)", str(max(position, self.floor)))

    @property
    def pulse(self) -> int:
        """Another number as soon as another connection has changed the file."""
        return database.pulse(self.connection, self.path)

    # --- bundles ---

    @property
    @database.believed
    def position(self) -> int:
        """The position of the newest bundle, 0 when there is none."""
        sql = (
            "SELECT max((SELECT coalesce(max(position), 0) FROM bundles), "
            "(SELECT coalesce(max(last), 0) FROM blocks))"
        )
        return int(self._rows(sql)[0][0])

    @database.believed
    def logs(self) -> dict[LogId, Log]:
        """Every log that has a bundle here."""
        rows = self._rows("SELECT number, log, kind, public, nonce, project, last, hash FROM logs")
        return {
            LogId(log_id): Log(
                number, LogId(log_id), Intro(kind, public, nonce, ProjectId(project)), last, digest
            )
            for number, log_id, kind, public, nonce, project, last, digest in rows
        }

    @database.believed
    def append(self, bundle: Bundle) -> int:
        """Add the next bundle of a log and return its position; the caller has checked it, and holds `writing()`."""
        known = self._rows("SELECT number, last, hash FROM logs WHERE log = ?", bundle.log)
        number, last, digest = known[0] if known else (None, 0, log.NOTHING)
        if bundle.n != last + 1 or bundle.previous != digest:
            raise Damaged(
                f"bundle {bundle.n} of log {bundle.log} does not follow {last}", "restrike verify says more"
            )
        if number is None:
            if bundle.intro is None:
                raise Damaged(f"log {bundle.log} has no introduction", "it was set aside")
            one = bundle.intro
            with database.faults(self.path):
                number = self.connection.execute(
                    "INSERT INTO logs(log, kind, public, nonce, project, last, hash) VALUES(?, ?, ?, ?, ?, 0, ?)",
                    (bundle.log, one.kind, one.public, one.nonce, one.project, log.NOTHING),
                ).lastrowid
        position = max(self.position, self.floor) + 1
        self._do("UPDATE logs SET last = ?, hash = ? WHERE number = ?", bundle.n, bundle.hash, number)
        with database.faults(self.path):
            self.connection.execute(
                "INSERT INTO bundles(position, log, n, data) VALUES(?, ?, ?, ?)",
                (position, number, bundle.n, bundle.encode()),
            )
        return position

    @database.believed
    def bundle(self, position: int) -> Bundle:
        """The bundle at a position; raises `Broken` when it cannot be read back."""
        rows = self._rows("SELECT data FROM bundles WHERE position = ?", position)
        if rows:
            with self._reading(position):
                return log.decode(rows[0][0])
        rows = self._rows("SELECT first FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1", position)
        found = self._block(rows[0][0]).get(position) if rows else None
        if found is None:
            raise database.Broken(f"the log has no bundle at {position}", _SALVAGE, self.path)
        with self._reading(position):
            return found.bundle()

    @database.believed
    def positions(self, after: int) -> list[int]:
        """The positions that follow `after`, oldest first."""
        found = [int(one) for (one,) in self._rows("SELECT position FROM bundles WHERE position > ?", after)]
        for (first,) in self._rows("SELECT first FROM blocks WHERE last > ?", after):
            found += [one for one in self._block(first) if one > after]
        return sorted(found)

    @database.believed
    def pieces(self) -> list[tuple[int, bool]]:
        """Where bundles lie, oldest first: the first position, and whether it is a block of several."""
        loose = [(int(one), False) for (one,) in self._rows("SELECT position FROM bundles")]
        return sorted(loose + [(int(one), True) for (one,) in self._rows("SELECT first FROM blocks")])

    @database.believed
    def piece(self, position: int, block: bool) -> list[Bundle]:
        """The bundles of one of `pieces`; raises `Broken` when it cannot be read back."""
        return list(self._read(position).values()) if block else [self.bundle(position)]

    def bundles(self) -> Iterator[Bundle]:
        """Every stored bundle, oldest first."""
        for position, block in self.pieces():
            yield from self.piece(position, block)

    @database.believed
    def at(self, log_id: LogId, n: int) -> Bundle | None:
        """One bundle by its place in its log."""
        sql = "SELECT b.position FROM bundles b JOIN logs l ON l.number = b.log WHERE l.log = ? AND b.n = ?"
        rows = self._rows(sql, log_id, n)
        if rows:
            return self.bundle(rows[0][0])
        sql = (
            "SELECT s.block FROM spans s JOIN logs l ON l.number = s.log "
            "WHERE l.log = ? AND s.first <= ? AND s.last >= ? ORDER BY s.first DESC LIMIT 1"
        )
        rows = self._rows(sql, log_id, n, n)
        found = self._block(rows[0][0]).items() if rows else ()
        for position, piece in found:
            with self._reading(position):
                if piece.place == (log_id, n):
                    return piece.bundle()
        return None

    @database.believed
    def pack(self) -> None:
        """Put loose bundles into blocks, if enough have gathered; inside `writing()`."""
        packed = int(self._rows("SELECT coalesce((SELECT value FROM meta WHERE key = 'packed'), 0)")[0][0])
        loose = self._rows(
            "SELECT position, log, n FROM bundles WHERE position > ? ORDER BY position", packed
        )
        while len(loose) >= 2 * blocks.BUNDLES:
            block: list[tuple[int, int, int, Bundle]] = []
            size = 0
            for position, number, n in loose[: blocks.BUNDLES]:
                bundle = self.bundle(position)
                size += len(bundle.body)
                if block and size > blocks.BODIES:
                    break
                block.append((position, number, n, bundle))
            loose = loose[len(block) :]
            if len(block) > 1:
                self._pack(block)
            self._do("INSERT OR REPLACE INTO meta VALUES('packed', ?)", block[-1][0])

    def _pack(self, block: Sequence[tuple[int, int, int, Bundle]]) -> None:
        self._put_block(block)
        for position, _, _, _ in block:
            self._do("DELETE FROM bundles WHERE position = ?", position)

    def _put_block(self, block: Sequence[tuple[int, int, int, Bundle]]) -> None:
        first, last = block[0][0], block[-1][0]
        data = blocks.encode([(position, bundle) for position, _, _, bundle in block])
        self._do("INSERT INTO blocks VALUES(?, ?, ?)", first, last, data)
        spans: dict[int, tuple[int, int]] = {}
        for _, number, n, _ in block:
            spans[number] = (spans.get(number, (n, n))[0], n)
        for number, (start, end) in spans.items():
            self._do("INSERT INTO spans VALUES(?, ?, ?, ?)", number, start, end, first)

    def _read(self, first: int) -> dict[int, Bundle]:
        found = {}
        for position, piece in self._block(first).items():
            with self._reading(position):
                found[position] = piece.bundle()
        return found

    def _block(self, first: int) -> dict[int, Piece]:
        found = self._blocks.pop(first, None)
        if found is None:
            data = self._rows("SELECT data FROM blocks WHERE first = ?", first)[0][0]
            with self._reading(first):
                found = dict(blocks.split(first, data))
        self._blocks[first] = found
        if len(self._blocks) > MOST_BLOCKS:
            del self._blocks[next(iter(self._blocks))]
        return found

    @contextmanager
    def _reading(self, position: int) -> Iterator[None]:
        try:
            yield
        except Damaged as error:
            raise database.Broken(
                f"the log is damaged at {position}: {error.message}", _SALVAGE, self.path
            ) from error

    # --- membership, what waits, what is set aside ---

    @database.believed
    def entries(self) -> list[Entry]:
        """The membership entries; their signatures were checked as they came in."""
        return [membership.parse(data) for (data,) in self._rows("SELECT data FROM entries ORDER BY number")]

    def entry_count(self) -> int:
        """How many membership entries there are."""
        return int(self._rows("SELECT count(*) FROM entries")[0][0])

    def add_entry(self, entry: Entry) -> None:
        """Keep a membership entry; one that is here already is nothing."""
        self._do("INSERT OR IGNORE INTO entries(data) VALUES(?)", entry.data)

    def wait(self, log_id: LogId, n: int, data: bytes) -> None:
        """Keep a bundle until what it depends on arrives."""
        self._do("INSERT OR IGNORE INTO waiting(log, n, data) VALUES(?, ?, ?)", log_id, n, data)

    @database.believed
    def waiting(self) -> list[bytes]:
        """The bundles that wait."""
        return [data for (data,) in self._rows("SELECT data FROM waiting ORDER BY log, n")]

    def waited(self, data: Iterable[bytes]) -> None:
        """Forget bundles that wait no longer."""
        for one in data:
            self._do("DELETE FROM waiting WHERE data = ?", one)

    def set_aside(self, finding: Finding, data: bytes | None, time: Time) -> None:
        """Keep what is not believed, with the reason; the same twice is kept once."""
        sql = "INSERT OR IGNORE INTO quarantine(what, name, detail, fix, data, time) VALUES(?, ?, ?, ?, ?, ?)"
        self._do(sql, finding.what, finding.id, finding.detail, finding.fix, data, time)

    @database.believed
    def quarantined(self) -> list[Finding]:
        """What was set aside, oldest first."""
        return [
            Finding(*row)
            for row in self._rows("SELECT what, name, detail, fix FROM quarantine ORDER BY number")
        ]

    # --- what was withdrawn: see sync.withdrawal ---

    @property
    @database.believed
    def withdrawn(self) -> int:
        """How often bundles were withdrawn: an index that has counted fewer holds what is no longer believed."""
        return int(self._rows("SELECT coalesce((SELECT value FROM meta WHERE key = 'withdrawn'), 0)")[0][0])

    @database.believed
    def withdraw(self, keep: Mapping[LogId, int]) -> list[Bundle]:
        """Take back the bundles of logs beyond the numbers in `keep`, oldest first; inside `writing()`."""
        self.raise_floor(self.position)
        gone: list[Bundle] = []
        for first, block in self.pieces():
            held = self._read(first) if block else {first: self.bundle(first)}
            kept = {at: one for at, one in held.items() if one.n <= keep.get(one.log, one.n)}
            if len(kept) < len(held):
                gone += [one for one in held.values() if one.n > keep.get(one.log, one.n)]
                self._replace(first, block, kept)
        for log_id, n in keep.items():
            self._shorten(log_id, n)
        self._do("INSERT OR REPLACE INTO meta VALUES('withdrawn', ?)", self.withdrawn + 1)
        return gone

    def _replace(self, first: int, block: bool, kept: Mapping[int, Bundle]) -> None:
        self._do("DELETE FROM bundles WHERE position = ?", first)
        if not block:
            return
        self._do("DELETE FROM blocks WHERE first = ?", first)
        self._do("DELETE FROM spans WHERE block = ?", first)
        self._blocks.pop(first, None)
        if kept:
            numbers = {one.id: one.number for one in self.logs().values()}
            self._put_block([(at, numbers[one.log], one.n, one) for at, one in kept.items()])

    def _shorten(self, log_id: LogId, n: int) -> None:
        last = self.at(log_id, n) if n else None
        if last is None:
            self._do("DELETE FROM logs WHERE log = ?", log_id)
        else:
            self._do("UPDATE logs SET last = ?, hash = ? WHERE log = ?", n, last.hash, log_id)

    def keep_evidence(self, public: bytes, bundles: Iterable[Bundle]) -> None:
        """Keep bundles of one number that their author, the holder of `public`, signed both, for good."""
        for one in bundles:
            sql = "INSERT OR IGNORE INTO evidence VALUES(?, ?, ?, ?, ?)"
            self._do(sql, one.log, one.n, one.hash, one.encode(), public)

    @database.believed
    def evidence(self) -> list[bytes]:
        """Bundles of which another says something else under the same number; whoever has them ends the log alike."""
        return [bytes(data) for (data,) in self._rows("SELECT data FROM evidence ORDER BY log, n, hash")]

    @database.believed
    def ends(self) -> dict[LogId, tuple[int, bytes]]:
        """Where logs end of which there is evidence: the last number that counts, and the hash that it must have."""
        found: dict[LogId, tuple[int, bytes]] = {}
        for log_id, n, digest in self._rows(
            "SELECT log, n, min(hash) FROM evidence GROUP BY log, n ORDER BY n"
        ):
            found.setdefault(LogId(log_id), (int(n), bytes(digest)))
        return found

    @database.believed
    def waits(self, log_id: LogId) -> bool:
        """Whether later bundles of a log are here and not taken in, or were discarded: nothing can follow it."""
        sql = "SELECT 1 WHERE EXISTS(SELECT 1 FROM waiting WHERE log = ?) OR EXISTS(SELECT 1 FROM ended WHERE log = ?)"
        return bool(self._rows(sql, log_id, log_id))

    def end(self, log_id: LogId) -> None:
        """Note that an owner discarded the rest of a log, so that its device goes on in another one."""
        self._do("INSERT OR IGNORE INTO ended VALUES(?)", log_id)

    @database.believed
    def signed_twice(self) -> list[tuple[bytes, LogId]]:
        """The devices that signed one number of a log twice, with each such log."""
        rows = self._rows("SELECT DISTINCT public, log FROM evidence ORDER BY public, log")
        return [(bytes(public), LogId(log_id)) for public, log_id in rows]

    def suspend(self, public: bytes, why: str, time: Time, *, forgiven: bool) -> None:
        """Note why a device's links are refused here, or that it was forgiven."""
        self._do("INSERT OR REPLACE INTO suspensions VALUES(?, ?, ?, ?)", public, why, time, int(forgiven))

    @database.believed
    def suspensions(self) -> list[tuple[bytes, str, Time, bool]]:
        """The devices whose links are or were refused here: key, why, since when, whether it was forgiven."""
        rows = self._rows("SELECT public, why, time, forgiven FROM suspensions ORDER BY time, public, why")
        return [(bytes(public), str(why), Time(time), bool(done)) for public, why, time, done in rows]

    # --- who knocks ---

    def knock(self, public: bytes, name: str, time: Time) -> None:
        """Note that a device asks to be admitted."""
        self._do("INSERT OR REPLACE INTO knocks VALUES(?, ?, ?)", public, name, time)

    def answered(self, public: bytes) -> None:
        """Forget a knock."""
        self._do("DELETE FROM knocks WHERE public = ?", public)

    @database.believed
    def knocks(self) -> list[tuple[bytes, str, Time]]:
        """The devices that ask to be admitted, the newest first: key, the name they give, and when."""
        rows = self._rows("SELECT public, name, time FROM knocks ORDER BY time DESC, public")
        return [(bytes(public), str(name), Time(time)) for public, name, time in rows]

    def decline(self, public: bytes, now: Time, until: Time) -> None:
        """Send a device away that knocks, and hear it no more for a while."""
        self.answered(public)
        self._do("DELETE FROM declined WHERE until < ?", now)
        self._do("INSERT OR REPLACE INTO declined VALUES(?, ?)", public, until)

    @database.believed
    def declined(self, public: bytes, now: Time) -> bool:
        """Whether a device was sent away a short while ago."""
        rows = self._rows("SELECT 1 FROM declined WHERE public = ? AND until >= ?", public, now)
        return bool(rows)

    # --- sessions ---

    def begin_session(self, session: SessionId, pid: int, started: str) -> None:
        """Note that a process of this machine writes as `session`."""
        self._do(
            "INSERT OR REPLACE INTO sessions(session, pid, started) VALUES(?, ?, ?)", session, pid, started
        )

    def end_session(self, session: SessionId) -> None:
        """Note that a session has ended by itself."""
        self._do("UPDATE sessions SET ended = 1 WHERE session = ?", session)

    @database.believed
    def sessions(self) -> list[tuple[SessionId, int, str, bool]]:
        """Session, process id, process start and whether it ended, of every session that wrote here."""
        rows = self._rows("SELECT session, pid, started, ended FROM sessions")
        return [
            (SessionId(session), int(pid), str(started), bool(ended)) for session, pid, started, ended in rows
        ]

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with database.faults(self.path):
            return self.connection.execute(sql, values).fetchall()

    def _do(self, sql: str, *values: object) -> None:
        with database.faults(self.path):
            self.connection.execute(sql, values)
