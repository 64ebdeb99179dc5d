"""New facts into changes, changes into signed bundles, bundles into log and index: all inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from engine.faults import Conflict
from sync import log, schema
from sync.identity import Device
from sync.incarnation import Incarnations
from sync.ledger import Ledger
from sync.records import DocumentId, LogId
from sync.schema import Fact

BUNDLE_BYTES: Final = 200 * 1024
CHANGE_BYTES: Final = 44 * 1024
CHANGE_FACTS: Final = 1000

Change = tuple[DocumentId, bytes]


class Writer:
    """Writes facts as this device."""

    def __init__(self, ledger: Ledger, device: Device, incarnations: Incarnations) -> None:
        self.ledger = ledger
        self.device = device
        self.incarnations = incarnations
        self._named: dict[LogId, tuple[bytes, ...]] = {}

    def write(self, facts: Sequence[Fact], members: tuple[bytes, ...], wall: int) -> dict[LogId, int]:
        """Write new facts, inside `Ledger.writing`; returns how far each log went, to be noted once it is durable.

        Facts that are there already are passed over; raises `Conflict` where one is there with another text.
        """
        fresh = self._new(facts)
        by_kind: dict[str, dict[DocumentId, list[Fact]]] = {}
        for fact in fresh:
            documents = by_kind.setdefault(schema.log_kind(fact.document), {})
            documents.setdefault(fact.document, []).append(fact)
        written: dict[LogId, int] = {}
        at: dict[DocumentId, int] = {}
        try:
            for kind, documents in by_kind.items():
                written.update(self._write_log(kind, documents, members, wall, at))
            self.ledger.store.pack()
            self.ledger.file.add(fresh, at)
            for kind, documents in by_kind.items():
                actor = bytes.fromhex(self.incarnations.current(kind))
                for document in documents:
                    self.ledger.shelf.snapshot(document, actor)
        except BaseException:
            self.ledger.shelf.drop({fact.document for fact in fresh})
            raise
        return written

    def _new(self, facts: Sequence[Fact]) -> list[Fact]:
        found: dict[tuple[DocumentId, str, str], Fact] = {}
        for fact in facts:
            place = (fact.document, fact.collection, fact.key)
            kept = self.ledger.file.text(fact)
            there = found.get(place)
            known = there.text if there is not None else kept
            if known is not None and known != fact.text:
                raise Conflict(
                    f"{fact.collection} {fact.key} exists with other contents",
                    "facts are written once; use a new id",
                )
            if kept is None:
                found[place] = fact
        return list(found.values())

    def _write_log(
        self,
        kind: str,
        documents: dict[DocumentId, list[Fact]],
        members: tuple[bytes, ...],
        wall: int,
        at: dict[DocumentId, int],
    ) -> dict[LogId, int]:
        """Write one log's bundles, noting in `at` where each document was changed last."""
        log_id, n, previous, intro = self.incarnations.place(kind)
        for changes in _packed(self._changes(bytes.fromhex(log_id), documents)):
            named = members if self._named.get(log_id) != members else ()
            bundle = log.sign(
                self.device, log_id, n, previous, changes, wall=wall, members=named, intro=intro
            )
            self._named[log_id] = members
            position = self.ledger.store.append(bundle)
            at.update(dict.fromkeys(self.ledger.file.note(position, bundle), position))
            n, previous, intro = n + 1, bundle.hash, None
        return {log_id: n - 1}

    def _changes(self, actor: bytes, documents: dict[DocumentId, list[Fact]]) -> Iterator[Change]:
        for document, facts in documents.items():
            live = self.ledger.shelf.get(document, actor)
            for part in _parts(facts):
                yield document, live.put([(one.collection, one.key, one.text) for one in part])


def _parts(facts: Iterable[Fact]) -> Iterator[list[Fact]]:
    """The facts of one document in portions that make one change each."""
    part: list[Fact] = []
    size = 0
    for fact in facts:
        added = len(fact.text.encode()) + len(fact.key)
        if part and (size + added > CHANGE_BYTES or len(part) >= CHANGE_FACTS):
            yield part
            part, size = [], 0
        part.append(fact)
        size += added
    if part:
        yield part


def _packed(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Changes in portions that make one bundle each."""
    pack: list[Change] = []
    size = 0
    for document, raw in changes:
        added = len(document) + len(raw) + 8
        if pack and size + added > BUNDLE_BYTES:
            yield pack
            pack, size = [], 0
        pack.append((document, raw))
        size += added
    if pack:
        yield pack
