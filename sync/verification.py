"""The check of everything stored: what `restrike verify` says of the documents."""

from __future__ import annotations

from collections.abc import Iterator

from engine.faults import Damaged
from sync import database, log
from sync.ledger import Ledger
from sync.log import Bundle
from sync.records import DocumentId, LogId
from sync.store import Finding, Log

_SALVAGE = "open the project again: it salvages what can be read"
_REBUILD = "restrike verify --rebuild derives the index anew from the log"


def verify(ledger: Ledger) -> list[Finding]:
    """Everything that is wrong with the log, the documents and the index, and what was set aside before."""
    findings = [*_pages(ledger), *_chain(ledger)]
    if not findings:
        ledger.catch_up()
        findings += _documents(ledger)
    with database.faults(ledger.file.path):
        unread = ledger.file.connection.execute(
            "SELECT document, collection, key, detail FROM unread"
        ).fetchall()
    findings += [
        Finding("fact", f"{document} {collection}/{key}", detail, "a newer release may know how to read it")
        for document, collection, key, detail in unread
    ]
    waiting = len(ledger.store.waiting())
    if waiting:
        findings.append(
            Finding(
                "waiting",
                str(waiting),
                f"{waiting} bundles wait for others they depend on",
                "merge a newer export",
            )
        )
    return [*findings, *ledger.store.quarantined()]


def _pages(ledger: Ledger) -> Iterator[Finding]:
    for what, path, connection in (
        ("log", ledger.store.path, ledger.store.connection),
        ("index", ledger.file.path, ledger.file.connection),
    ):
        fix = _SALVAGE if what == "log" else _REBUILD
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
            yield Finding("bundle", f"position {position}", error.message, _SALVAGE)
            continue
        for bundle in found:
            last, previous = tails.get(bundle.log, (0, log.NOTHING))
            tails[bundle.log] = (bundle.n, bundle.hash)
            if why := _wrong(bundle, known.get(bundle.log), last, previous):
                yield Finding("bundle", f"{bundle.log}/{bundle.n}", why, _SALVAGE)
    for log_id, one in known.items():
        if one.intro.log != log_id or tails.get(log_id) != (one.last, one.hash):
            yield Finding("log", log_id, "its end is not what was noted", _SALVAGE)


def _wrong(bundle: Bundle, known: Log | None, last: int, previous: bytes) -> str | None:
    if known is None:
        return "its log is not introduced"
    if bundle.n != last + 1 or bundle.previous != previous:
        return "it does not follow the bundle before it"
    return None if bundle.signed_by(known.intro.public) else "its signature is wrong"


def _documents(ledger: Ledger) -> Iterator[Finding]:
    """Every document loads from the log, and the index says the same."""
    for document, number in _numbered(ledger):
        try:
            facts = ledger.shelf.facts(document)
        except Damaged as error:
            yield Finding("document", document, error.message, _REBUILD)
            continue
        sql = "SELECT collection, key, text FROM facts WHERE document = ?"
        with database.faults(ledger.file.path):
            rows = ledger.file.connection.execute(sql, (number,)).fetchall()
        if {(collection, key): text for collection, key, text in rows} != facts:
            yield Finding("index", document, "it says something else than the document", _REBUILD)


def _numbered(ledger: Ledger) -> list[tuple[DocumentId, int]]:
    with database.faults(ledger.file.path):
        rows = ledger.file.connection.execute(
            "SELECT document, number FROM documents ORDER BY number"
        ).fetchall()
    return [(DocumentId(document), int(number)) for document, number in rows]
