"""Copies of a project in memory: real bundles, real documents and the real checks of arrivals, and no file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from engine.faults import Damaged
from sync import exchange, identity, log, membership, schema
from sync.arrivals import Taken
from sync.change import header
from sync.document import Document
from sync.identity import Device
from sync.ledger import Ledger
from sync.log import Bundle, Intro
from sync.membership import Entry, Members, statements
from sync.past import Past
from sync.records import DocumentId, LogId, ProjectId, Time
from sync.replica import Holdings, digest_of_facts, portion
from sync.schema import Fact
from sync.store import Finding, Log
from sync.tickets import Ticket

Put = tuple[DocumentId, str, str, str]
"""Document, collection, key, text."""


@dataclass
class Shelves:
    """What arrivals asks of a ledger, kept in dictionaries: store, index and shelf in one."""

    order: list[Bundle] = field(default_factory=list)
    orphans: dict[bytes, tuple[LogId, int]] = field(default_factory=dict)
    findings: dict[Finding, bytes | None] = field(default_factory=dict)
    members: dict[bytes, Entry] = field(default_factory=dict)
    twins: dict[bytes, Bundle] = field(default_factory=dict)
    settled: tuple[bytes, ...] | None = None
    steps: Sequence[schema.Step] = ()

    def __post_init__(self) -> None:
        self.derive()

    def derive(self) -> None:
        """Make the index anew from the log."""
        self.outdated = False
        self.logs_kept: dict[LogId, list[Bundle]] = {}
        self.changes_of: dict[DocumentId, list[bytes]] = {}
        self.facts_of: dict[DocumentId, dict[tuple[str, str], str]] = {}
        self.pasts: dict[DocumentId, Past] = {}
        self.heads_of: dict[DocumentId, set[bytes]] = {}
        order, self.order = self.order, []
        for one in order:
            self.append(one)
            self.note(0, one)
        for document in self.changes_of:
            self.facts_of[document] = self.facts(document)

    @property
    def store(self) -> Shelves:
        """The log."""
        return self

    file = shelf = store

    @contextmanager
    def writing(self) -> Iterator[Callable[[], None]]:
        """One transaction."""
        if self.outdated:
            self.derive()
        yield lambda: None

    def logs(self) -> dict[LogId, Log]:
        """Every log."""
        found = {}
        for name, kept in self.logs_kept.items():
            assert kept[0].intro is not None
            found[name] = Log(0, name, kept[0].intro, kept[-1].n, kept[-1].hash)
        return found

    def bundles(self) -> Iterator[Bundle]:
        """Every bundle, oldest first."""
        yield from self.order

    def at(self, name: LogId, n: int) -> Bundle | None:
        """One bundle."""
        kept = self.logs_kept.get(name, [])
        return kept[n - 1] if 0 < n <= len(kept) else None

    def append(self, bundle: Bundle) -> int:
        """Keep a bundle."""
        self.order.append(bundle)
        self.logs_kept.setdefault(bundle.log, []).append(bundle)
        return 0

    def withdraw(self, keep: Mapping[LogId, int]) -> list[Bundle]:
        """Take bundles back."""
        gone = [one for one in self.order if one.n > keep.get(one.log, one.n)]
        self.order = [one for one in self.order if one.n <= keep.get(one.log, one.n)]
        for name, n in keep.items():
            self.logs_kept[name] = self.logs_kept[name][:n]
            if not n:
                del self.logs_kept[name]
        self.outdated = True
        return gone

    def note(self, _position: int, bundle: Bundle) -> list[DocumentId]:
        """Keep its changes."""
        for document, raw in bundle.changes:
            self.changes_of.setdefault(document, []).append(raw)
            self.past(document).add(0, 0, raw)
            one = header(raw)
            self.heads_of.setdefault(document, set()).difference_update(one.dependencies)
            self.heads_of[document].add(one.hash)
        return [document for document, _ in bundle.changes]

    def add(self, facts: Iterable[Fact], _at: Mapping[DocumentId, int]) -> None:
        """Keep what its documents say now."""
        for one in facts:
            self.facts_of.setdefault(one.document, {})[(one.collection, one.key)] = one.text

    def past(self, document: DocumentId) -> Past:
        """A document's changes as arriving ones are judged against them."""
        if document not in self.pasts:
            self.pasts[document] = Past(schema.genesis(document))
        return self.pasts[document]

    def changes(self, document: DocumentId) -> list[bytes]:
        """A document's changes."""
        return self.changes_of.get(document, [])

    def facts(self, document: DocumentId) -> dict[tuple[str, str], str]:
        """What a document says, read from its changes."""
        live = Document.load(schema.genesis(document), self.changes(document), bytes(16))
        return {(collection, key): text for collection, key, text in live.facts()}

    def waiting(self) -> list[bytes]:
        """Bundles that wait."""
        return list(self.orphans)

    def waits(self, name: LogId) -> bool:
        """Whether bundles of a log wait."""
        return any(one == name for one, _ in self.orphans.values())

    def waited(self, data: Iterable[bytes]) -> None:
        """Forget bundles that wait."""
        for one in data:
            self.orphans.pop(one, None)

    def wait(self, name: LogId, n: int, data: bytes) -> None:
        """Keep a bundle that waits."""
        self.orphans[data] = name, n

    def set_aside(self, finding: Finding, data: bytes | None, _time: Time) -> None:
        """Keep what is bad."""
        self.findings[finding] = data

    def keep_evidence(self, _public: bytes, bundles: Iterable[Bundle]) -> None:
        """Keep bundles of one number."""
        self.twins.update((one.hash, one) for one in bundles)

    def ends(self) -> dict[LogId, tuple[int, bytes]]:
        """Where logs end of which there is evidence."""
        found: dict[LogId, tuple[int, bytes]] = {}
        for one in self.twins.values():
            before = found.get(one.log)
            if before is None or (one.n, one.hash) < before:
                found[one.log] = one.n, one.hash
        return found

    def entries(self) -> list[Entry]:
        """The membership entries."""
        return list(self.members.values())

    def add_entry(self, entry: Entry) -> None:
        """Keep an entry."""
        self.members[entry.hash] = entry

    def keep_entries(self, entries: Iterable[Entry]) -> None:
        """Keep a second copy: not here."""

    def drop(self, documents: Iterable[DocumentId]) -> None:
        """Forget documents: none is kept here."""

    def pack(self) -> None:
        """Nothing to pack here."""

    def copy(self) -> Shelves:
        """A backup."""
        return Shelves(list(self.order), dict(self.orphans), {}, dict(self.members), dict(self.twins))


class MemoryReplica:
    """A copy of a project on a device; `noted` is what the device remembers of its logs outside of the copy."""

    def __init__(
        self,
        device: Device,
        random: identity.Random,
        clock: Callable[[], Time],
        project: ProjectId | None = None,
    ) -> None:
        self.device = device
        self.shelves = Shelves()
        self.noted: dict[LogId, int] = {}
        self._random = random
        self._clock = clock
        self._project = project
        self._members: Members | None = None
        self._viewed: frozenset[bytes] = frozenset()
        self._intros: dict[str, Intro] = {}

    # --- as a replica ---

    @property
    def project(self) -> ProjectId | None:
        """The project."""
        return self._project

    @property
    def members(self) -> Members | None:
        """Who may do what."""
        return self._members

    def entries(self) -> Mapping[bytes, bytes]:
        """Every membership entry."""
        return {digest: one.data for digest, one in self.shelves.members.items()}

    def evidence(self) -> Mapping[bytes, bytes]:
        """Bundles that contradict each other."""
        return {digest: one.plain() for digest, one in self.shelves.twins.items()}

    def time(self) -> Time:
        """The wall clock of this device."""
        return self._clock()

    def mine_public(self) -> bytes:
        """The key of this device."""
        return self.device.public

    def have(self) -> Holdings:
        """How far each log goes."""
        return {name: (kept[-1].n, kept[-1].hash) for name, kept in self.shelves.logs_kept.items()}

    def mine(self) -> frozenset[LogId]:
        """The logs of this device."""
        return frozenset(
            name for name, one in self.shelves.logs().items() if one.intro.public == self.device.public
        )

    def bundles(self, name: LogId, first: int, last: int) -> Iterator[bytes]:
        """Part of a log."""
        for one in self.shelves.logs_kept.get(name, [])[max(first - 1, 0) : last]:
            yield one.plain()

    def take(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> Taken:
        """Take in what came."""
        findings, fresh = [], []
        for data in entries:
            try:
                fresh.append(membership.decode(data))
            except Damaged as error:
                name = hashlib.sha256(data).hexdigest()[:16]
                findings.append(Finding("entry", name, error.message, error.hint))
        if not fresh and not self.shelves.members:
            return Taken(0, 0, (), tuple(findings), tuple(findings))
        ledger = cast(Ledger, self.shelves)
        taken, _ = exchange.deliver(ledger, fresh, bundles, self._clock())
        self._refresh()
        return replace(taken, findings=(*findings, *taken.findings), unsound=(*findings, *taken.unsound))

    def join(self, ticket: Ticket) -> None:
        """Become a member."""
        assert self._members is not None
        box = hashlib.sha256(b"box" + self.device.public).digest()
        self.add_entry(
            statements.join(ticket.key(), self.device, box, self._members, "new", self._clock(), self._random)
        )

    def heads(self) -> str:
        """A digest of all documents' heads."""
        total = hashlib.sha256()
        for document in sorted(self.shelves.changes_of):
            total.update(document.encode() + self._heads(document))
        return total.hexdigest()

    def share(self, number: int) -> Mapping[DocumentId, tuple[bytes, bytes]]:
        """One portion of the documents."""
        return {
            document: (
                self._heads(document),
                digest_of_facts((*place, text) for place, text in self.shelves.facts_of[document].items()),
            )
            for document in self.shelves.changes_of
            if portion(document) == number
        }

    def mend(self, documents: Iterable[DocumentId]) -> None:
        """Read documents again."""
        for document in documents:
            self.shelves.facts_of[document] = self.shelves.facts(document)

    # --- as a device ---

    @classmethod
    def founded(cls, device: Device, random: identity.Random, clock: Callable[[], Time]) -> MemoryReplica:
        """A new project."""
        found = cls(device, random, clock)
        entry = membership.create(device, "owner", clock(), random)
        found._project = membership.project_id(entry)
        found.add_entry(entry)
        return found

    def add_entry(self, entry: Entry) -> None:
        """Keep a membership entry."""
        self.shelves.add_entry(entry)
        exchange.retry(cast(Ledger, self.shelves), self._clock())
        self._refresh()

    def _refresh(self) -> None:
        held = frozenset(self.shelves.members)
        if held != self._viewed:
            self._members = membership.view(self.shelves.members.values())
            self._project = self._members.project
            self._viewed = held

    def commit(self, *puts: Put) -> None:
        """Write facts, as a project does."""
        kinds: dict[str, dict[DocumentId, list[tuple[str, str, str]]]] = {}
        for document, *put in puts:
            by_document = kinds.setdefault(schema.log_kind(document), {})
            by_document.setdefault(document, []).append((put[0], put[1], put[2]))
        for kind, documents in kinds.items():
            self._write(kind, documents)

    def contents(self) -> dict[DocumentId, Mapping[tuple[str, str], str]]:
        """What all documents say."""
        return {document: self.shelves.facts(document) for document in self.shelves.changes_of}

    def restore(self, backup: Shelves) -> None:
        """Go back to a backup; logs that had gone further are given up."""
        self.shelves = backup.copy()
        self._refresh()
        for kind, intro in list(self._intros.items()):
            kept = self.shelves.logs_kept.get(intro.log, [])
            if self.noted.get(intro.log, 0) > len(kept):
                del self._intros[kind]

    def _write(self, kind: str, documents: Mapping[DocumentId, list[tuple[str, str, str]]]) -> None:
        intro = self._intros.get(kind)
        if intro is None or intro.log in self.shelves.ends() or self.shelves.waits(intro.log):
            assert self._project is not None
            intro = self._intros[kind] = Intro(kind, self.device.public, self._random(16), self._project)
        kept = self.shelves.logs_kept.get(intro.log, [])
        changes = []
        for document, puts in documents.items():
            live = Document.load(
                schema.genesis(document), self.shelves.changes(document), bytes.fromhex(intro.log)
            )
            changes.append((document, live.put(puts)))
        previous = kept[-1].hash if kept else log.NOTHING
        first = intro if not kept else None
        bundle = log.sign(self.device, intro.log, len(kept) + 1, previous, changes, wall=0, intro=first)
        self.noted[intro.log] = bundle.n
        self.shelves.append(bundle)
        self.shelves.note(0, bundle)
        for document, puts in documents.items():
            self.shelves.facts_of.setdefault(document, {}).update(
                ((one, key), text) for one, key, text in puts
            )

    def _heads(self, document: DocumentId) -> bytes:
        return b"".join(sorted(self.shelves.heads_of.get(document, ())))
