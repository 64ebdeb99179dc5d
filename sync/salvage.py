"""Opening a project whose files are damaged: what can be read is kept, the rest is written again or named.

A broken log is moved to `.restrike/quarantine/` and a new one is filled with the membership and every bundle that can
still be read and checks out. Facts that the old index knows and the new log lacks are handed back, for this device to
write them again as its own, in a fresh log. `salvage.json` notes what is under way, so that a crash in the middle is
taken up again; every step may be repeated.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.faults import Damaged, Fault, NotFound
from sync import arrivals, blocks, database, indexfile, membership, schema, store, verification
from sync.ledger import SUSPECT, Ledger
from sync.membership import Entry
from sync.records import DocumentId, Time
from sync.schema import Fact, Step
from sync.store import Finding

NOTE: Final = "salvage.json"
LOCK: Final = "salvage.lock"
FOLDER: Final = "quarantine"
MARGIN: Final = 2**20
"""By how much positions go on beyond the last that can still be read: more than what lies behind it."""
LARGEST: Final = 2**50
"""No log gets that far: a larger position is damage."""
_SIDES: Final = ("-wal", "-shm", "-journal")
_FIX: Final = "nothing to do; compare with another device or a backup if something is missing"


@dataclass(frozen=True, slots=True)
class Rescued:
    """An open ledger, the facts that have to be written again, and what was not as it should be."""

    ledger: Ledger
    lost: tuple[Fact, ...]
    findings: tuple[Finding, ...]


def pending(folder: Path) -> bool:
    """Whether a salvage was begun and not finished."""
    return (folder / NOTE).exists()


def there(folder: Path) -> bool:
    """Whether a private folder holds what a project may be opened from; raises `Damaged` when all of it is aside."""
    if pending(folder) or any((folder / one).exists() for one in (store.FILE, indexfile.FILE)):
        return True
    if any((folder / FOLDER).glob("log-*.db")):
        raise _nowhere()
    return False


def begun(folder: Path) -> bool:
    """Whether there is a project, be it a damaged one; a process killed while it made one leaves none yet."""
    if not there(folder):
        return False
    return pending(folder) or any(_has_entries(folder / one) for one in (store.FILE, indexfile.FILE))


def _has_entries(path: Path) -> bool:
    """Whether a database holds membership, or cannot be read."""
    if not path.exists():
        return False
    try:
        with closing(_reading(path)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
                return False
            return connection.execute("SELECT 1 FROM entries").fetchone() is not None
    except sqlite3.Error:
        return True


def open_ledger(folder: Path, steps: Sequence[Step], time: Time, *, busy: float) -> Rescued:
    """Open a project's log and index, salvaging them first where that is needed."""
    if not pending(folder):
        with suppress(Damaged):
            return _open(folder, steps, busy)
    with _alone(folder, busy):
        if not pending(folder):  # else another process was killed while it salvaged
            try:
                return _open(folder, steps, busy)  # another process may have salvaged it meanwhile
            except Damaged as error:
                _begin(folder, time, error.message)
        return _resume(folder, steps, time, busy)


@contextmanager
def _alone(folder: Path, busy: float) -> Iterator[None]:
    """Of several processes one salvages; a lock that a killed one held is free."""
    path = folder / LOCK
    with (
        database.faults(path),
        closing(sqlite3.connect(path, timeout=busy, isolation_level=None)) as connection,
    ):
        connection.execute("BEGIN EXCLUSIVE")
        yield


def finish(folder: Path) -> None:
    """Note that everything lost has been written again."""
    (folder / NOTE).unlink(missing_ok=True)
    (folder / SUSPECT).unlink(missing_ok=True)


def _open(folder: Path, steps: Sequence[Step], busy: float) -> Rescued:
    """Open both as they are; raises `Damaged` when the log is damaged or has lost something."""
    if not (folder / store.FILE).exists():
        raise Damaged("log.db is missing", "")
    ledger = Ledger(folder, steps, busy=busy)
    try:
        if not ledger.store.entries() and not ledger.file.position:
            raise NotFound(
                f"making the project in {folder.parent} was never finished", "restrike init makes it"
            )
        _check(ledger, thorough=(folder / SUSPECT).exists())
        try:
            ledger.catch_up()
        except database.Broken as error:
            if error.path != ledger.file.path:
                raise
            ledger.rebuild()
    except BaseException:
        ledger.close()
        raise
    return Rescued(ledger, (), ())


def _check(ledger: Ledger, *, thorough: bool) -> None:
    membership.view(ledger.store.entries())
    if position := ledger.store.position:
        ledger.store.bundle(position)
    if _ahead(ledger):
        raise Damaged("log.db has lost what the index has seen", "")
    if thorough:
        for one in verification.of_log(ledger):
            raise Damaged(f"{one.id}: {one.detail}", one.fix)
        with database.faults(ledger.store.path):
            answer = ledger.store.connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if answer != "ok":
            raise Damaged(f"log.db is damaged: {answer}", "")
        ledger.rebuild()


def _ahead(ledger: Ledger) -> bool:
    """Whether the index has seen bundles that the log does not hold.

    The index is asked first: other processes write the log first, so a log read later holds at least as much.
    """
    try:
        ledger.freshen()  # an index from before a withdrawal has seen more, rightly
        seen, position = ledger.file.tails(), ledger.file.position
    except database.Broken:
        ledger.rebuild()
        return False
    logs = ledger.store.logs()
    for log_id, (n, digest) in seen.items():
        known = logs.get(log_id)
        if known is None or known.last < n or (known.last == n and known.hash != digest):
            return True
    return position > ledger.store.position


def _begin(folder: Path, time: Time, why: str) -> None:
    """Note what is moved where, then move it."""
    aside = folder / FOLDER
    aside.mkdir(exist_ok=True)
    stamp = "".join(one for one in time if one.isalnum())
    while (aside / f"log-{stamp}.db").exists() or (aside / f"index-{stamp}.db").exists():
        stamp += "x"
    note = folder / f"{NOTE}.part"
    with note.open("w", encoding="utf-8") as file:
        json.dump({"stamp": stamp, "why": why}, file)
        file.flush()
        os.fsync(file.fileno())
    note.replace(folder / NOTE)


def _resume(folder: Path, steps: Sequence[Step], time: Time, busy: float) -> Rescued:
    stamp, why = _note(folder)
    (folder / FOLDER).mkdir(exist_ok=True)
    old_log, old_index = folder / FOLDER / f"log-{stamp}.db", folder / FOLDER / f"index-{stamp}.db"
    _move(folder / store.FILE, old_log)
    _move(folder / indexfile.FILE, old_index)
    try:
        entries = _entries(old_log, old_index)
    except Damaged:
        finish(folder)  # nothing is under way any more: a backup that is put back here is to be opened
        raise
    ledger = Ledger(folder, steps, busy=busy)
    try:
        membership.view(entries)
        floor = _furthest(old_log, old_index) + MARGIN
        taken = _refill(ledger, entries, old_log, floor, time)
        lost, unreadable = _lost(ledger, old_index)
        findings = [
            Finding("log", old_log.name, f"{why}; {taken.bundles} bundles were read back from it", _FIX),
            *taken.findings,
        ]
        if lost:
            again = f"{len(lost)} facts that only the index still knew were written again by this device"
            findings.append(Finding("log", old_index.name, again, _FIX))
        if unreadable:
            findings.append(Finding("index", old_index.name, unreadable, _FIX))
        with ledger.store.writing():
            for one in findings:
                ledger.store.set_aside(one, None, time)
    except BaseException:
        ledger.close()
        raise
    return Rescued(ledger, tuple(lost), tuple(findings))


def _note(folder: Path) -> tuple[str, str]:
    try:
        value: dict[str, Any] = json.loads((folder / NOTE).read_text("utf-8"))
        stamp, why = str(value["stamp"]), str(value["why"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        hint = f"look at what lies in {FOLDER}/, then delete {NOTE}"
        raise Damaged(f"{NOTE} cannot be read", hint) from error
    return "".join(one for one in stamp if one.isalnum()), why


def _move(path: Path, target: Path) -> None:
    """Move a database with what lies beside it; of an earlier attempt's move nothing is overwritten."""
    if target.exists():
        for suffix in ("", *_SIDES):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return
    for suffix in (*_SIDES, ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(target.with_name(target.name + suffix))


def _entries(old_log: Path, old_index: Path) -> list[Entry]:
    """The membership entries, from wherever they can still be read; raises `Damaged` when they are nowhere."""
    found: dict[bytes, Entry] = {}
    for path in (old_log, old_index):
        for (data,) in _rows(path, "SELECT data FROM entries"):
            with suppress(Damaged, TypeError):
                entry = membership.decode(data)
                found[entry.hash] = entry
    if not found:
        raise _nowhere()
    return list(found.values())


def _nowhere() -> Damaged:
    return Damaged(
        "neither the log nor the index can be read any more",
        f"both lie in .restrike/{FOLDER}/; get an export from another device, or restore a backup",
    )


def _furthest(old_log: Path, old_index: Path) -> int:
    """The largest position that the old log or index still tells of."""
    queries = (
        (old_log, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'floor'"),
        (old_log, "SELECT max(position) FROM bundles"),
        (old_log, "SELECT max(last) FROM blocks"),
        (old_index, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'position'"),
        (old_index, "SELECT max(changed) FROM assets"),
    )
    found = [row[0] for path, sql in queries for row in _rows(path, sql)]
    return max((one for one in found if isinstance(one, int) and 0 < one < LARGEST), default=0)


def _refill(
    ledger: Ledger, entries: Sequence[Entry], old_log: Path, floor: int, time: Time
) -> arrivals.Taken:
    """Put membership and all readable bundles into the new log, above every position that the old one had."""
    with ledger.writing() as keep:
        ledger.store.raise_floor(floor)
        for one in entries:
            ledger.store.add_entry(one)
        ledger.file.keep_entries(entries)
        taken = arrivals.take(ledger, membership.view(entries), _bundles(old_log), time)
        keep()
    return taken


def _bundles(path: Path) -> Iterator[bytes]:
    """Every bundle that can still be read, in any order, some more than once; also those that waited.

    Tables are read from both ends, by their indexes, and row by row: a broken page hides what lies behind it.
    """
    queries = (
        "SELECT 0, data FROM bundles ORDER BY position",
        "SELECT 0, data FROM bundles ORDER BY position DESC",
        "SELECT 0, data FROM waiting",
        "SELECT 0, data FROM evidence",
        "SELECT first, data FROM blocks ORDER BY first",
        "SELECT first, data FROM blocks ORDER BY first DESC",
    )
    for sql in queries:
        for first, data in _rows(path, sql):
            yield from _contents(first, data)
    places = {row[0] for row in _rows(path, "SELECT first FROM blocks UNION SELECT block FROM spans")}
    yield from _singly(path, "SELECT first, data FROM blocks WHERE first = ?", places)
    numbers = {row[0] for row in _rows(path, "SELECT number FROM logs")}
    for number in numbers:
        keys = {row[0] for row in _rows(path, f"SELECT n FROM bundles WHERE log = {int(number):d}")}
        yield from _singly(path, f"SELECT 0, data FROM bundles WHERE log = {int(number):d} AND n = ?", keys)


def _singly(path: Path, sql: str, keys: Iterable[object]) -> Iterator[bytes]:
    for key in keys:
        if isinstance(key, int):
            for first, data in _rows(path, sql, key):
                yield from _contents(first, data)


def _contents(first: object, data: object) -> Iterator[bytes]:
    if not isinstance(data, bytes) or not isinstance(first, int):
        return
    if first == 0:
        yield data
        return
    with suppress(Damaged):  # what is missing then is counted as lost
        yield from [bundle.encode() for _, bundle in blocks.decode(first, data)]


def _lost(ledger: Ledger, old_index: Path) -> tuple[list[Fact], str]:
    """The facts that the old index has and the new one lacks, and what could not be read of it."""
    sql = (
        "SELECT d.document, f.collection, f.key, f.text FROM facts f JOIN documents d ON d.number = f.document "
        "ORDER BY f.seq"
    )
    found, broken = [], 0
    for row in _rows(old_index, sql):
        try:
            fact = Fact(DocumentId(row[0]), *row[1:])
            schema.decode(fact)
            kept = ledger.file.text(fact)
        except (Damaged, TypeError, AttributeError):
            broken += 1
            continue
        if kept is None:
            found.append(fact)
    return found, f"{broken} facts in it could not be read" if broken else ""


def _rows(path: Path, sql: str, *values: object) -> Iterator[Any]:
    """The rows of a query on a file that may be broken, as far as they come."""
    if not path.exists():
        return
    try:
        with closing(_reading(path)) as connection:
            cursor = connection.execute(sql, values)
            while (row := cursor.fetchone()) is not None:
                yield row
    except (sqlite3.Error, Fault):
        return  # what came before it is what there is; the caller counts and reports


def _reading(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA query_only=ON")
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection
