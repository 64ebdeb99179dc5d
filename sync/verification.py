"""The check of everything stored: what `restrike verify` says of the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.faults import Damaged
from sync import database, log, membership
from sync.ledger import Ledger
from sync.log import Bundle
from sync.records import DocumentId, LogId
from sync.store import Finding, Log

SALVAGE = "open the project again: it salvages what can be read"
REBUILD = "restrike verify --rebuild derives the index anew from the log"


def verify(ledger: Ledger) -> list[Finding]:
    """Everything that is wrong with the log, the documents and the index, and what was set aside before."""
    findings = [*_readable(_pages, ledger), *of_log(ledger)]
    if not findings:
        findings += _readable(_documents, ledger)
    return [*findings, *_readable(_noted, ledger)]


def of_log(ledger: Ledger) -> list[Finding]:
    """What is wrong with the membership entries and the bundles of the log."""
    return [*_readable(_entries, ledger), *_readable(_chain, ledger)]


def _entries(ledger: Ledger) -> Iterator[Finding]:
    for entry in ledger.store.entries():
        try:
            membership.decode(entry.data)
        except Damaged as error:
            yield Finding("entry", entry.hash.hex(), error.message, SALVAGE)


def _readable(check: Callable[[Ledger], Iterator[Finding]], ledger: Ledger) -> list[Finding]:
    """What a check finds; a file that cannot be read is a finding as well."""
    found = []
    try:
        for one in check(ledger):
            found.append(one)
    except database.Broken as error:
        what, fix = ("log", SALVAGE) if error.path == ledger.store.path else ("index", REBUILD)
        found.append(Finding(what, str(error.path), error.message, fix))
    return found


def _noted(ledger: Ledger) -> Iterator[Finding]:
    """Facts that could not be read, bundles that wait, and what was set aside."""
    with database.faults(ledger.file.path):
        unread = ledger.file.connection.execute(
            "SELECT document, collection, key, detail FROM unread"
        ).fetchall()
    for document, collection, key, detail in unread:
        yield Finding(
            "fact", f"{document} {collection}/{key}", detail, "a newer release may know how to read it"
        )
    if waiting := len(ledger.store.waiting()):
        detail = f"{waiting} bundles wait for others that they depend on"
        yield Finding("waiting", str(waiting), detail, "merge a newer export of the device that has them")
    yield from ledger.store.quarantined()


def _pages(ledger: Ledger) -> Iterator[Finding]:
    for what, path, connection in (
        ("log", ledger.store.path, ledger.store.connection),
        ("index", ledger.file.path, ledger.file.connection),
    ):
        fix = SALVAGE if what == "log" else REBUILD
        try:
            with database.faults(path):
                rows = connection.execute("PRAGMA integrity_check(20)").fetchall()
        except database.Broken as error:
            yield Finding(what, path.name, error.message, fix)
            continue
        for (line,) in rows:
            if line != "ok":
                yield Finding(what, path.name, str(line), fix)


def _chain(ledger: Ledger) -> Iterator[Finding]:
    """Every bundle: readable, signed, each following the one before; and each log as long as was noted."""
    store = ledger.store
    known = store.logs()
    tails: dict[LogId, tuple[int, bytes]] = {}
    for position, block in store.pieces():
        try:
            found = store.piece(position, block)
        except database.Broken as error:
            yield Finding("bundle", f"position {position}", error.message, SALVAGE)
            continue
        for bundle in found:
            last, previous = tails.get(bundle.log, (0, log.NOTHING))
            tails[bundle.log] = (bundle.n, bundle.hash)
            if why := _wrong(bundle, known.get(bundle.log), last, previous):
                yield Finding("bundle", f"{bundle.log}/{bundle.n}", why, SALVAGE)
    for log_id, one in known.items():
        if one.intro.log != log_id or tails.get(log_id) != (one.last, one.hash):
            yield Finding("log", log_id, "its end is not what was noted", SALVAGE)


def _wrong(bundle: Bundle, known: Log | None, last: int, previous: bytes) -> str | None:
    if known is None:
        return "its log is not introduced"
    if bundle.n != last + 1 or bundle.previous != previous:
        return "it does not follow the bundle before it"
    return None if bundle.signed_by(known.intro.public) else "its signature is wrong"


def _documents(ledger: Ledger) -> Iterator[Finding]:
    """Every document loads from the log, and the index says the same."""
    ledger.catch_up()
    for document, number in _numbered(ledger):
        try:
            facts = ledger.shelf.reread(document)
        except Damaged as error:
            yield Finding("document", document, error.message, REBUILD)
            continue
        sql = "SELECT collection, key, text FROM facts WHERE document = ?"
        with database.faults(ledger.file.path):
            rows = ledger.file.connection.execute(sql, (number,)).fetchall()
        if {(collection, key): text for collection, key, text in rows} != facts:
            yield Finding("index", document, "it says something else than the document", REBUILD)


def _numbered(ledger: Ledger) -> list[tuple[DocumentId, int]]:
    with database.faults(ledger.file.path):
        rows = ledger.file.connection.execute(
            "SELECT document, number FROM documents ORDER BY number"
        ).fetchall()
    return [(DocumentId(document), int(number)) for document, number in rows]
