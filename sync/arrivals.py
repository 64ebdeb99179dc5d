"""Bundles from elsewhere: each is believed only after its signature, its chain and its effect have been checked.

The order of the checks: it can be read · its log is its author's (id from key and nonce) and of this project · the
author may write · it is signed · it follows the one before · its changes name the log as actor, belong in a log of this
kind, and their numbers and dependencies are right · a copy of each document takes them and survives saving (`shadow`).
What is bad is set aside with the reason; what lacks something waits for it; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.faults import Damaged
from sync import log, schema
from sync.change import Header, header
from sync.ledger import Ledger
from sync.log import Bundle, Intro
from sync.membership import Members
from sync.records import DocumentId, LogId, Time
from sync.schema import Fact
from sync.store import Finding

Contents = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a delivery: bundles taken in, those that wait for others, and what is wrong with the rest."""

    bundles: int
    waiting: int
    documents: tuple[DocumentId, ...]
    findings: tuple[Finding, ...]


@dataclass
class _State:
    """What the store would hold if everything accepted so far were kept."""

    tails: dict[LogId, tuple[int, bytes, Intro]]
    accepted: list[Bundle] = field(default_factory=list)
    fresh: dict[DocumentId, list[bytes]] = field(default_factory=dict)
    known: dict[DocumentId, set[bytes]] = field(default_factory=dict)
    seqs: dict[DocumentId, dict[bytes, int]] = field(default_factory=dict)
    findings: list[tuple[Finding, bytes]] = field(default_factory=list)
    stuck: dict[LogId, bytes] = field(default_factory=dict)


def take(ledger: Ledger, members: Members, delivery: Iterable[bytes], time: Time) -> Taken:
    """Take in a delivery of stored bundles in any order; inside `Ledger.writing`."""
    return _Delivery(ledger, members).take(delivery, time)


class _Delivery:
    def __init__(self, ledger: Ledger, members: Members) -> None:
        self.ledger = ledger
        self.members = members
        self.unread: list[tuple[Finding, bytes]] = []
        self.queues: dict[LogId, dict[int, list[tuple[Bundle, bytes]]]] = {}

    def take(self, delivery: Iterable[bytes], time: Time) -> Taken:
        waited = self.ledger.store.waiting()
        for data in dict.fromkeys([*waited, *delivery]):
            self._sort(data)
        state = self._sift(checked=False)
        contents = self._contents(state)
        if contents is None:  # some change is bad: find out which, one bundle at a time
            state = self._sift(checked=True)
            contents = self._contents(state) or {}
        documents = self._keep(state, contents)
        waiting = self._leave(state, waited, time)
        findings = tuple(one for one, _ in (*self.unread, *state.findings))
        return Taken(len(state.accepted), waiting, documents, findings)

    def _sort(self, data: bytes) -> None:
        try:
            bundle = log.decode(data)
        except Damaged as error:
            self.unread.append((Finding("bundle", "unreadable", error.message, error.hint), data))
            return
        self.queues.setdefault(bundle.log, {}).setdefault(bundle.n, []).append((bundle, data))

    def _sift(self, *, checked: bool) -> _State:
        """Accept what follows from what is there, until nothing more does."""
        logs = self.ledger.store.logs()
        state = _State({one.id: (one.last, one.hash, one.intro) for one in logs.values()})
        for log_id, queue in self.queues.items():
            self._twins(log_id, queue, state)
        moved = True
        while moved:
            moved = False
            for log_id, queue in self.queues.items():
                while log_id not in state.stuck and self._next(log_id, queue, state, checked=checked):
                    moved = True
        return state

    def _twins(self, log_id: LogId, queue: Mapping[int, list[tuple[Bundle, bytes]]], state: _State) -> None:
        """Of bundles that are here already, name those that say something else under the same number."""
        last = state.tails.get(log_id, (0, b"", None))[0]
        for n in [one for one in queue if one <= last]:
            for bundle, data in queue[n]:
                kept = self.ledger.store.at(log_id, n)
                if kept is None or kept.hash != bundle.hash:
                    self._refuse(state, bundle, data, "another bundle of this number is here already")

    def _next(
        self, log_id: LogId, queue: Mapping[int, list[tuple[Bundle, bytes]]], state: _State, *, checked: bool
    ) -> bool:
        """Accept the bundle that continues a log, if it is here, good, and lacks nothing."""
        last = state.tails.get(log_id, (0, b"", None))[0]
        candidates = sorted(queue.get(last + 1, ()), key=lambda one: one[0].hash)
        for bundle, data in candidates:
            try:
                headers = self._check(bundle, state)
                if not self._complete(bundle, headers, state):
                    return False
                self._count(bundle, headers, state)
                if checked:
                    self._try(bundle, state)
            except Damaged as error:
                self._refuse(state, bundle, data, error.message)
                continue
            self._accept(bundle, headers, state)
            return True
        if candidates:
            state.stuck[log_id] = b""
        return False

    def _check(self, bundle: Bundle, state: _State) -> list[Header]:
        last, previous, intro = state.tails.get(bundle.log, (0, log.NOTHING, bundle.intro))
        if intro is None or intro.log != bundle.log:
            raise Damaged("its log is not its author's", "it was set aside")
        if intro.project != self.members.project:
            raise Damaged("it belongs to another project", "it was set aside")
        if not self.members.may_write(intro.public):
            raise Damaged(
                "its author is no member who may write", "it was set aside; admit the device and merge again"
            )
        if not bundle.signed_by(intro.public):
            raise Damaged("its signature is wrong", "it was set aside")
        if bundle.n != last + 1 or bundle.previous != previous:
            raise Damaged("it does not follow the bundle before it", "it was set aside")
        return [self._check_change(bundle, intro, document, raw) for document, raw in bundle.changes]

    def _check_change(self, bundle: Bundle, intro: Intro, document: DocumentId, raw: bytes) -> Header:
        if schema.log_kind(document) != intro.kind:
            raise Damaged(f"{document} does not belong in a {intro.kind} log", "it was set aside")
        found = header(raw)
        if found.actor != bytes.fromhex(bundle.log):
            raise Damaged("a change in it has another author", "it was set aside")
        return found

    def _complete(self, bundle: Bundle, headers: list[Header], state: _State) -> bool:
        """Whether everything that the bundle depends on is here."""
        inside: dict[DocumentId, set[bytes]] = {}
        for (document, _), one in zip(bundle.changes, headers, strict=True):
            if document not in state.known:
                state.known[document] = self.ledger.file.known_changes(document)
            own = inside.setdefault(document, set())
            if any(need not in own and need not in state.known[document] for need in one.dependencies):
                return False
            own.add(one.hash)
        return True

    def _count(self, bundle: Bundle, headers: list[Header], state: _State) -> None:
        """Each actor numbers its changes of a document from 1 without gaps."""
        counted: dict[DocumentId, int] = {}
        for (document, _), one in zip(bundle.changes, headers, strict=True):
            before = counted.get(document, self._seqs(document, state).get(one.actor, 0))
            if one.seq != before + 1 or one.hash in state.known[document]:
                raise Damaged(
                    f"a change of {document} in it is numbered {one.seq} after {before}", "it was set aside"
                )
            counted[document] = one.seq

    def _seqs(self, document: DocumentId, state: _State) -> dict[bytes, int]:
        if document not in state.seqs:
            found: dict[bytes, int] = {}
            for raw in self.ledger.shelf.changes(document):
                one = header(raw)
                found[one.actor] = max(found.get(one.actor, 0), one.seq)
            state.seqs[document] = found
        return state.seqs[document]

    def _try(self, bundle: Bundle, state: _State) -> None:
        for document in dict.fromkeys(document for document, _ in bundle.changes):
            fresh = [raw for name, raw in bundle.changes if name == document]
            self._shadow(document, [*state.fresh.get(document, ()), *fresh])

    def _accept(self, bundle: Bundle, headers: list[Header], state: _State) -> None:
        intro = state.tails[bundle.log][2] if bundle.log in state.tails else bundle.intro
        assert intro is not None
        state.tails[bundle.log] = (bundle.n, bundle.hash, intro)
        state.accepted.append(bundle)
        for (document, raw), one in zip(bundle.changes, headers, strict=True):
            state.fresh.setdefault(document, []).append(raw)
            state.known[document].add(one.hash)
            self._seqs(document, state)[one.actor] = one.seq

    def _refuse(self, state: _State, bundle: Bundle, data: bytes, why: str) -> None:
        name = f"{bundle.log}/{bundle.n}"
        fix = "its device sends it again at the next exchange, or sends a sound one"
        state.findings.append((Finding("bundle", name, why, fix), data))

    def _contents(self, state: _State) -> dict[DocumentId, Contents] | None:
        """The contents of every changed document, None when one refuses what it was given."""
        try:
            return {document: self._shadow(document, fresh) for document, fresh in state.fresh.items()}
        except Damaged:
            return None

    def _shadow(self, document: DocumentId, fresh: list[bytes]) -> Contents:
        from sync.document import shadow

        genesis = schema.genesis(document, self.ledger.steps)
        return shadow(genesis, self.ledger.shelf.changes(document), fresh, schema.CONTENDED)

    def _keep(self, state: _State, contents: Mapping[DocumentId, Contents]) -> tuple[DocumentId, ...]:
        at: dict[DocumentId, int] = {}
        for bundle in state.accepted:
            position = self.ledger.store.append(bundle)
            at.update(dict.fromkeys(self.ledger.file.note(position, bundle), position))
        facts = (
            Fact(document, collection, key, text)
            for document, found in contents.items()
            for (collection, key), text in found.items()
        )
        self.ledger.file.add(facts, at)
        self.ledger.store.pack()
        return tuple(contents)

    def _leave(self, state: _State, waited: list[bytes], time: Time) -> int:
        """Keep aside what is bad and what waits; returns how many wait."""
        store = self.ledger.store
        bad = {data for _, data in (*self.unread, *state.findings)}
        for finding, data in (*self.unread, *state.findings):
            store.set_aside(finding, data, time)
        store.waited(waited)
        waiting = 0
        for log_id, queue in self.queues.items():
            last = state.tails.get(log_id, (0, b"", None))[0]
            for n, found in queue.items():
                for _, data in found:
                    if n > last and data not in bad:
                        store.wait(log_id, n, data)
                        waiting += 1
        return waiting
