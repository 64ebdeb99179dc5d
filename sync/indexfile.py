"""The index as a file: `.restrike/index.db` follows the log by position, and may be deleted at any time.

It keeps the text of every fact, so that reading needs no document, and what `sync.derive` makes of them. It is written
under its own lock, always after the log's: WAL with `synchronous=NORMAL`, so losing power costs it at most a few
positions, which it catches up on. `tails` names the end of each log it has seen: an index that has seen more than the
log holds proves that the log has lost something.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final

from sync import database, derive, schema
from sync.change import header
from sync.identity import new_id
from sync.log import Bundle
from sync.membership import Entry
from sync.records import DocumentId, LogId
from sync.schema import Fact, Step
from sync.tables import EPOCH, TABLES

FILE: Final = "index.db"
PAGE_SIZE: Final = 8192
CACHE_KIB: Final = 32_768
CHECKPOINT_PAGES: Final = 8_192
"""Measured: a version touches some 50 scattered pages, so that SQLite's own 1,000 made every 20th commit wait 30 ms."""


class IndexFile:
    """The open index; `fresh` says that it was just made and knows nothing yet."""

    def __init__(self, folder: Path, steps: Sequence[Step], *, busy: float = database.BUSY_SECONDS) -> None:
        self.path = folder / FILE
        self.steps = steps
        self.busy = busy
        self.epoch = f"{EPOCH}.{schema.version(steps)}"
        self._firsts: dict[str, bytes] = {}
        try:
            self.connection = self._open()
        except database.Broken:
            self.remove()
            self.connection = self._open()
        self.inode = self.path.stat().st_ino

    def _open(self) -> sqlite3.Connection:
        connection = database.connect(self.path, synchronous="NORMAL", page_size=PAGE_SIZE, busy=self.busy)
        try:
            with database.faults(self.path):
                connection.execute("PRAGMA temp_store=MEMORY")
                connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
                connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
                if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                    self._create(connection)
                found = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
            if found is None or found[0] != self.epoch:
                raise database.Broken("the index is of another release", "it is built anew", self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _create(self, connection: sqlite3.Connection) -> None:
        with database.writing(connection, self.path):
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                return  # another process was quicker
            for statement in TABLES.split(";"):
                connection.execute(statement)
            meta = [("epoch", self.epoch), ("position", 0), ("generation", new_id()), ("heads", "0")]
            connection.executemany("INSERT INTO meta VALUES(?, ?)", meta)

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self.connection.close()

    def remove(self) -> None:
        """Delete the file and what SQLite keeps beside it."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.path.with_name(FILE + suffix).unlink(missing_ok=True)

    def replaced(self) -> bool:
        """Whether the file at its path is no longer the one that is open."""
        try:
            return self.path.stat().st_ino != self.inode
        except FileNotFoundError:
            return True

    def writing(self) -> AbstractContextManager[None]:
        """One transaction under the index's write lock."""
        return database.writing(self.connection, self.path)

    @property
    def pulse(self) -> int:
        """Another number as soon as another connection has changed the file."""
        return database.pulse(self.connection, self.path)

    @property
    def state(self) -> tuple[int, int, int]:
        """Another value as soon as anybody has changed the file, or it was built anew."""
        return self.inode, self.pulse, self.connection.total_changes

    @property
    @database.believed
    def position(self) -> int:
        """The position in the log up to which it has followed."""
        return int(self._meta("position"))

    @property
    @database.believed
    def withdrawn(self) -> int:
        """How often bundles had been withdrawn from the log when it was derived."""
        with database.faults(self.path):
            row = self.connection.execute("SELECT value FROM meta WHERE key = 'withdrawn'").fetchone()
        return int(row[0]) if row else 0

    def set_withdrawn(self, count: int) -> None:
        """Note how often bundles were withdrawn from the log that it follows; inside `writing()`."""
        if count != self.withdrawn:
            with database.faults(self.path):
                self.connection.execute("INSERT OR REPLACE INTO meta VALUES('withdrawn', ?)", (count,))

    @property
    @database.believed
    def generation(self) -> str:
        """A random mark that changes whenever the index is built anew."""
        return self._meta("generation")

    @property
    @database.believed
    def all_heads(self) -> str:
        """A digest over the heads of all documents, in hexadecimal digits: equal where they hold the same changes."""
        return hashlib.sha256(b"restrike heads/1\0" + self._meta("heads").encode()).hexdigest()

    def _meta(self, key: str) -> str:
        with database.faults(self.path):
            row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise database.Broken("the index lacks its description", "it is built anew", self.path)
        return str(row[0])

    @property
    @database.believed
    def seq(self) -> int:
        """The number of the newest fact; later facts have larger ones."""
        with database.faults(self.path):
            return int(self.connection.execute("SELECT coalesce(max(seq), 0) FROM facts").fetchone()[0])

    @database.believed
    def facts_after(self, seq: int, last: int | None = None) -> list[Fact]:
        """The facts with larger numbers than `seq`, up to `last`, oldest first."""
        sql = (
            "SELECT d.document, f.collection, f.key, f.text FROM facts f JOIN documents d ON d.number = f.document "
            "WHERE f.seq > ? AND f.seq <= ? ORDER BY f.seq"
        )
        values = (seq, 2**63 - 1 if last is None else last)
        with database.faults(self.path):
            return [
                Fact(DocumentId(document), *rest) for document, *rest in self.connection.execute(sql, values)
            ]

    @database.believed
    def text(self, fact: Fact) -> str | None:
        """The text under the key of a fact, or None when there is none."""
        sql = (
            "SELECT f.text FROM facts f JOIN documents d ON d.number = f.document "
            "WHERE f.subject = ? AND f.collection = ? AND f.key = ? AND d.document = ?"
        )
        with database.faults(self.path):
            row = self.connection.execute(
                sql, (fact.subject, fact.collection, fact.key, fact.document)
            ).fetchone()
        return str(row[0]) if row else None

    @database.believed
    def tails(self) -> dict[LogId, tuple[int, bytes]]:
        """How far it has seen every log: `n` and hash of the last bundle."""
        with database.faults(self.path):
            rows = self.connection.execute("SELECT log, n, hash FROM tails").fetchall()
        return {LogId(log_id): (int(n), bytes(digest)) for log_id, n, digest in rows}

    # --- inside `writing()` ---

    @database.believed
    def note(self, position: int, bundle: Bundle) -> list[DocumentId]:
        """Record which documents a bundle changes, and their heads; its facts are added apart."""
        with database.faults(self.path):
            return self._note(position, bundle)

    def _note(self, position: int, bundle: Bundle) -> list[DocumentId]:
        touched: dict[DocumentId, set[bytes]] = {}
        numbers: dict[DocumentId, int] = {}
        for ordinal, (document, raw) in enumerate(bundle.changes):
            if document not in touched:
                numbers[document], touched[document] = self._heads(document)
            change = header(raw)
            touched[document].difference_update(change.dependencies)
            touched[document].add(change.hash)
            self.connection.execute(
                "INSERT OR REPLACE INTO touched VALUES(?, ?, ?, ?)",
                (numbers[document], position, ordinal, change.hash),
            )
        self._set_heads(touched, numbers)
        self.connection.execute("UPDATE meta SET value = ? WHERE key = 'position'", (position,))
        self.connection.execute(
            "INSERT OR REPLACE INTO tails VALUES(?, ?, ?)", (bundle.log, bundle.n, bundle.hash)
        )
        return list(touched)

    def _set_heads(self, touched: Mapping[DocumentId, set[bytes]], numbers: Mapping[DocumentId, int]) -> None:
        """Keep the documents' heads, and the sum of their digests that stands for all of them."""
        total = int(self._meta("heads"), 16)
        for document, heads in touched.items():
            joined, number = b"".join(sorted(heads)), numbers[document]
            before = self.connection.execute(
                "SELECT heads FROM documents WHERE number = ?", (number,)
            ).fetchone()[0]
            total += _digest(document, joined) - (
                _digest(document, before) if before != self._first(document) else 0
            )
            self.connection.execute("UPDATE documents SET heads = ? WHERE number = ?", (joined, number))
        value = f"{total % 2**256:x}"
        self.connection.execute("UPDATE meta SET value = ? WHERE key = 'heads'", (value,))

    def _first(self, document: DocumentId) -> bytes:
        family = schema.family(document)
        if family not in self._firsts:
            self._firsts[family] = header(schema.genesis(document, self.steps)[-1]).hash
        return self._firsts[family]

    @database.believed
    def add(self, facts: Iterable[Fact], at: Mapping[DocumentId, int]) -> list[Fact]:
        """Store facts and derive what follows; returns those that are new.

        `at` is the position of the newest bundle that changes each of their documents: since when a fact is here.
        """
        found = list(facts)
        with database.faults(self.path):
            fresh = derive.add_facts(self.connection, found, at)
            derive.derive(self.connection, fresh)
        return fresh

    @database.believed
    def facts_of(self, subject: str, collection: str | None = None) -> list[Fact]:
        """The stored facts about an asset, a job or the project, oldest first."""
        with database.faults(self.path):
            return derive.facts_of(self.connection, subject, collection)

    @database.believed
    def facts_of_many(self, subjects: Iterable[str]) -> dict[str, list[Fact]]:
        """The stored facts about each of several assets or jobs, oldest first."""
        with database.faults(self.path):
            return derive.facts_of_many(self.connection, subjects)

    def keep_entries(self, entries: Iterable[Entry]) -> None:
        """Keep a second copy of the membership entries."""
        rows = [(one.data,) for one in entries]
        with database.faults(self.path):
            self.connection.executemany("INSERT OR IGNORE INTO entries VALUES(?)", rows)

    # --- documents ---

    @database.believed
    def documents(self) -> list[tuple[DocumentId, bytes]]:
        """Every document that has changed since its genesis, with its heads joined."""
        with database.faults(self.path):
            rows = self.connection.execute("SELECT document, heads FROM documents").fetchall()
        found = [(DocumentId(document), bytes(heads)) for document, heads in rows]
        return [(document, heads) for document, heads in found if heads != self._first(document)]

    @database.believed
    def facts_in(self, documents: Iterable[DocumentId]) -> dict[DocumentId, list[tuple[str, str, str]]]:
        """The facts of each of several documents: collection, key, text."""
        found: dict[DocumentId, list[tuple[str, str, str]]] = {one: [] for one in documents}
        sql = (
            "SELECT d.document, f.collection, f.key, f.text FROM documents d JOIN facts f ON f.document = d.number "
            "WHERE d.document IN (SELECT value FROM json_each(?))"
        )
        with database.faults(self.path):
            for document, *fact in self.connection.execute(sql, (json.dumps(list(found)),)):
                found[document].append((fact[0], fact[1], fact[2]))
        return found

    def _heads(self, document: DocumentId) -> tuple[int, set[bytes]]:
        row = self.connection.execute(
            "SELECT number, heads FROM documents WHERE document = ?", (document,)
        ).fetchone()
        if row is not None:
            return int(row[0]), _split(row[1])
        first = self._first(document)
        return derive.document_number(self.connection, document, first), {first}

    @database.believed
    def heads(self, document: DocumentId) -> tuple[bytes, ...]:
        """The heads of a document; those of its genesis when nothing is known of it."""
        with database.faults(self.path):
            row = self.connection.execute(
                "SELECT heads FROM documents WHERE document = ?", (document,)
            ).fetchone()
        if row is None:
            return (self._first(document),)
        return tuple(sorted(_split(row[0])))

    @database.believed
    def touches(self, document: DocumentId, after: int = 0) -> list[tuple[int, int]]:
        """Where the log holds changes of a document: position and place in the bundle, oldest first."""
        sql = (
            "SELECT t.position, t.ordinal FROM touched t JOIN documents d ON d.number = t.document "
            "WHERE d.document = ? AND t.position > ? ORDER BY t.position, t.ordinal"
        )
        with database.faults(self.path):
            return [(int(one), int(two)) for one, two in self.connection.execute(sql, (document, after))]

    @database.believed
    def holds(self, document: DocumentId, position: int, ordinal: int, digest: bytes) -> bool:
        """Whether the log holds this change of a document at that place."""
        sql = (
            "SELECT 1 FROM touched t JOIN documents d ON d.number = t.document WHERE d.document = ? "
            "AND t.position = ? AND t.ordinal = ? AND t.hash = ?"
        )
        with database.faults(self.path):
            return bool(self.connection.execute(sql, (document, position, ordinal, digest)).fetchone())

    @database.believed
    def known_changes(self, document: DocumentId) -> set[bytes]:
        """The hashes of a document's changes, its genesis included."""
        sql = "SELECT t.hash FROM touched t JOIN documents d ON d.number = t.document WHERE d.document = ?"
        with database.faults(self.path):
            found = {bytes(one) for (one,) in self.connection.execute(sql, (document,))}
        return found | {header(raw).hash for raw in schema.genesis(document, self.steps)}

    @database.believed
    def snapshot(self, document: DocumentId) -> tuple[int, bytes] | None:
        """The position and bytes of a document's snapshot."""
        sql = (
            "SELECT s.position, s.data FROM snapshots s JOIN documents d ON d.number = s.document "
            "WHERE d.document = ?"
        )
        with database.faults(self.path):
            row = self.connection.execute(sql, (document,)).fetchone()
        return (int(row[0]), bytes(row[1])) if row else None

    def keep_snapshot(self, document: DocumentId, position: int, data: bytes) -> None:
        """Keep a snapshot in place of an older one."""
        with database.faults(self.path):
            number = derive.document_number(self.connection, document)
            self.connection.execute(
                "INSERT OR REPLACE INTO snapshots VALUES(?, ?, ?)", (number, position, data)
            )


def _split(heads: bytes) -> set[bytes]:
    if len(heads) % 32:
        raise database.Broken("the index holds broken heads", "delete .restrike/index.db; it is built anew")
    return {heads[at : at + 32] for at in range(0, len(heads), 32)}


def _digest(document: DocumentId, heads: bytes) -> int:
    return int.from_bytes(hashlib.sha256(document.encode() + b"\0" + heads).digest(), "big")
