"""Bundles from elsewhere: each is believed only after its signature, its chain and its effect have been checked.

The order of the checks: it can be read · its log is its author's (id from key and nonce) and of this project · the
author may write · it is signed · it follows the one before · its changes name the log as actor, belong in a log of this
kind, hold nothing but new texts under new keys (`sync.guard`), and their numbers and dependencies are right · a copy of
each document takes them and survives saving (`sync.document.shadow`, for what peers send in a child: `sync.verifier`).
What is bad is set aside with the reason; what lacks something waits for it; the rest goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.faults import Damaged
from sync import guard, log, schema, withdrawal
from sync.change import Header, header
from sync.ledger import Ledger
from sync.log import Bundle, Intro
from sync.membership import Members
from sync.past import Past
from sync.records import DocumentId, LogId, Time
from sync.schema import Fact
from sync.scrutiny import Scrutiny
from sync.store import Finding

Contents = Mapping[tuple[str, str], str]
Shadow = Callable[[Sequence[bytes], Sequence[bytes], Sequence[bytes]], Contents]
"""Tries fresh changes after a genesis and what is known; the new facts, or all of them. Raises `Damaged`."""
Asked = tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes]]
"""What a `Shadow` is asked."""
Knows = Callable[[Sequence[bytes], Sequence[bytes], Sequence[bytes]], bool]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a delivery: bundles taken in, those that wait for others, and what is wrong with the rest.

    `unsound` are those findings that no honest device passes on. With `again` some of what was here was taken back (see
    `sync.withdrawal`), and all that came waits: take once more, in another transaction.
    """

    bundles: int
    waiting: int
    documents: tuple[DocumentId, ...]
    findings: tuple[Finding, ...]
    unsound: tuple[Finding, ...] = ()
    again: bool = False


class Unfit(Damaged):
    """A bundle that is not taken in, which its carrier could not know: it holds other bundles or other entries."""

    code = "unfit"


class Discarded(Unfit):
    """A bundle that an owner discarded: it is not kept, whoever brings it."""

    code = "discarded"


class Withheld(Unfit):
    """A bundle that its author had no right to any more; it waits until an owner adopts it."""

    code = "withheld"


@dataclass
class _Grown:
    """A document's past with what was accepted since: the last number of each actor, and where changes end."""

    past: Past
    seqs: dict[bytes, int]
    ends: dict[bytes, int]

    def __contains__(self, digest: object) -> bool:
        return digest in self.ends or digest in self.past.ends

    def end(self, digest: bytes) -> int:
        """Where the operations of a change end."""
        return self.ends[digest] if digest in self.ends else self.past.ends[digest]


@dataclass
class _State:
    """What the store would hold if everything accepted so far were kept."""

    tails: dict[LogId, tuple[int, bytes, Intro]]
    accepted: list[Bundle] = field(default_factory=list)
    fresh: dict[DocumentId, list[bytes]] = field(default_factory=dict)
    pasts: dict[DocumentId, _Grown] = field(default_factory=dict)
    findings: list[tuple[Finding, bytes]] = field(default_factory=list)
    unsound: list[Finding] = field(default_factory=list)
    stuck: dict[LogId, bytes] = field(default_factory=dict)
    ends: dict[LogId, tuple[int, bytes]] = field(default_factory=dict)


MOST_WAITING: Final = 1000
WAITING_BYTES: Final = 4 << 20
"""Of what peers bring no more is kept than this until what it depends on comes; the rest is asked for again."""


def here(genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes]) -> Contents:
    """Try changes in this process: for the files that a person merges."""
    from sync.document import shadow

    return shadow(genesis, known, fresh, schema.CONTENDED)


def take(
    ledger: Ledger,
    members: Members,
    delivery: Iterable[bytes],
    time: Time,
    shadow: Shadow = here,
    *,
    bounded: bool = False,
    scrutiny: Scrutiny | None = None,
) -> Taken:
    """Take in a delivery of stored bundles in any order; inside `Ledger.writing`. For peers' it is `bounded`."""
    found = _Delivery(ledger, members, shadow, scrutiny or Scrutiny(), bounded=bounded)
    return found.take(delivery, time)


def rehearse(
    ledger: Ledger,
    members: Members,
    delivery: Iterable[bytes],
    shadow: Shadow,
    knows: Knows,
    scrutiny: Scrutiny,
) -> list[Asked]:
    """What `take` would ask `shadow` that it does not know yet; nothing is taken in.

    Once it knows that, there may be more to ask, for what one document refuses is looked for bundle by bundle.
    """
    return _Rehearsal(ledger, members, shadow, scrutiny, bounded=True).of(delivery, knows)


class _Delivery:
    def __init__(
        self, ledger: Ledger, members: Members, shadow: Shadow, scrutiny: Scrutiny, *, bounded: bool
    ) -> None:
        self.ledger = ledger
        self.bounded = bounded
        self.shadow = shadow
        self.scrutiny = scrutiny
        self.members = members
        self.unread: list[tuple[Finding, bytes]] = []
        self.queues: dict[LogId, dict[int, list[tuple[Bundle, bytes]]]] = {}

    def take(self, delivery: Iterable[bytes], time: Time) -> Taken:
        waited = self.ledger.store.waiting()
        for data in dict.fromkeys([*waited, *delivery]):
            self._sort(data)
        if withdrawal.settle(self.ledger, self.members, self.queues):
            return self._put_off(waited, time)
        state = self._sift(checked=False)
        contents = self._contents(state)
        if contents is None:  # some change is bad: find out which, one bundle at a time
            state = self._sift(checked=True)
            contents = self._contents(state) or {}
        documents = self._keep(state, contents)
        waiting = self._leave(state, waited, time)
        findings = tuple(one for one, _ in (*self.unread, *state.findings))
        unsound = (*(one for one, _ in self.unread), *state.unsound)
        return Taken(len(state.accepted), waiting, documents, findings, unsound)

    def _put_off(self, waited: list[bytes], time: Time) -> Taken:
        """Let everything wait for the index to be built anew."""
        for queue in self.queues.values():
            for found in queue.values():
                for bundle, _ in found:
                    self.ledger.store.wait(bundle.log, bundle.n, bundle.encode())
        for finding, data in self.unread:
            self.ledger.store.set_aside(finding, data, time)
        findings = tuple(one for one, _ in self.unread)
        return Taken(0, len(self.ledger.store.waiting()), (), findings, findings, again=True)

    def _sort(self, data: bytes) -> None:
        try:
            bundle = self.scrutiny.read(data)
        except Damaged as error:
            self.unread.append((Finding("bundle", "unreadable", error.message, error.hint), data))
            return
        self.queues.setdefault(bundle.log, {}).setdefault(bundle.n, []).append((bundle, data))

    def _sift(self, *, checked: bool) -> _State:
        """Accept what follows from what is there, until nothing more does."""
        logs = self.ledger.store.logs()
        tails = {one.id: (one.last, one.hash, one.intro) for one in logs.values()}
        state = _State(tails, ends=self.ledger.store.ends())
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
            except (Withheld, Discarded):
                return False
            except Damaged as error:
                self._refuse(state, bundle, data, error.message, unsound=not isinstance(error, Unfit))
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
        public = intro.public
        if public not in self.members.devices and public not in self.members.removed:
            raise Unfit(
                "its author is no member who may write", "it was set aside; admit the device and merge again"
            )
        if not bundle.signed_by(intro.public):
            raise Damaged("its signature is wrong", "it was set aside")
        if bundle.n != last + 1 or bundle.previous != previous:
            raise Unfit("it does not follow the bundle before it", "it was set aside")
        self._check_end(bundle, state)
        if self.members.discards(bundle.log, bundle.n):
            raise Discarded("an owner discarded it", "nothing to do")
        headers = self.scrutiny.headers(bundle, lambda: self._headers(bundle, intro))
        self._check_role(bundle, intro)
        return headers

    def _check_end(self, bundle: Bundle, state: _State) -> None:
        """A log of which there is evidence goes no further than everybody can agree on."""
        end = state.ends.get(bundle.log)
        if end is not None and (bundle.n > end[0] or (bundle.n == end[0] and bundle.hash != end[1])):
            raise Unfit(
                f"its log ends with number {end[0]}, which its device signed twice", "it was set aside"
            )

    def _check_role(self, bundle: Bundle, intro: Intro) -> None:
        if withdrawal.may(self.ledger, self.members, intro.public, bundle):
            return
        if intro.public in self.members.removed or self.members.lowered(intro.public):
            raise Withheld("its author had no right to it any more", "it waits; restrike adopt lets it count")
        raise Unfit("its author is no member who may write that", "it was set aside")

    def _headers(self, bundle: Bundle, intro: Intro) -> list[Header]:
        return [self._check_change(bundle, intro, document, raw) for document, raw in bundle.changes]

    def _check_change(self, bundle: Bundle, intro: Intro, document: DocumentId, raw: bytes) -> Header:
        if schema.log_kind(document) != intro.kind:
            raise Damaged(f"{document} does not belong in a {intro.kind} log", "it was set aside")
        found = header(raw)
        if found.actor != bytes.fromhex(bundle.log):
            raise Damaged("a change in it has another author", "it was set aside")
        guard.check(raw, guard.allowed(schema.genesis(document, self.ledger.steps)))
        return found

    def _complete(self, bundle: Bundle, headers: list[Header], state: _State) -> bool:
        """Whether everything that the bundle depends on is here."""
        inside: dict[DocumentId, set[bytes]] = {}
        for (document, _), one in zip(bundle.changes, headers, strict=True):
            known = self._past(document, state)
            own = inside.setdefault(document, set())
            if any(need not in own and need not in known for need in one.dependencies):
                return False
            own.add(one.hash)
        return True

    def _count(self, bundle: Bundle, headers: list[Header], state: _State) -> None:
        """Each actor numbers its changes of a document from 1 without gaps."""
        counted: dict[DocumentId, int] = {}
        ends: dict[DocumentId, dict[bytes, int]] = {}
        for (document, raw), one in zip(bundle.changes, headers, strict=True):
            past = self._past(document, state)
            before = counted.get(document, past.seqs.get(one.actor, 0))
            if one.seq != before + 1 or one.hash in past:
                raise Damaged(
                    f"a change of {document} in it is numbered {one.seq} after {before}", "it was set aside"
                )
            counted[document] = one.seq
            inside = ends.setdefault(document, {})
            needs = {need: inside[need] if need in inside else past.end(need) for need in one.dependencies}
            guard.check_place(one, needs)
            inside[one.hash] = self.scrutiny.end(raw, one)

    def _past(self, document: DocumentId, state: _State) -> _Grown:
        if document not in state.pasts:
            past = self.ledger.shelf.past(document)
            state.pasts[document] = _Grown(past, dict(past.seqs), {})
        return state.pasts[document]

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
            past = self._past(document, state)
            past.seqs[one.actor] = one.seq
            past.ends[one.hash] = self.scrutiny.end(raw, one)

    def _refuse(self, state: _State, bundle: Bundle, data: bytes, why: str, *, unsound: bool = False) -> None:
        name = f"{bundle.log}/{bundle.n}"
        fix = "its device sends it again at the next exchange, or sends a sound one"
        finding = Finding("bundle", name, why, fix)
        state.findings.append((finding, data))
        if unsound:
            state.unsound.append(finding)

    def _contents(self, state: _State) -> dict[DocumentId, Contents] | None:
        """The contents of every changed document, None when one refuses what it was given."""
        try:
            return {document: self._shadow(document, fresh) for document, fresh in state.fresh.items()}
        except Damaged:
            return None

    def _shadow(self, document: DocumentId, fresh: list[bytes]) -> Contents:
        return self.shadow(*self._asked(document, fresh))

    def _asked(self, document: DocumentId, fresh: list[bytes]) -> Asked:
        genesis = schema.genesis(document, self.ledger.steps)
        return genesis, self.ledger.shelf.past(document).changes, fresh

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
        before = set(waited)
        waiting, size = 0, sum(map(len, waited))
        for log_id, queue in self.queues.items():
            last = state.tails.get(log_id, (0, b"", None))[0]
            end = state.ends.get(log_id, (math.inf, b""))[0]
            for n, found in queue.items():
                for bundle, data in found:
                    if n <= last or data in bad or self.members.discards(log_id, n):
                        continue
                    if n > end:
                        store.set_aside(_beyond(bundle, int(end)), data, time)
                    elif data in before or self._fits(waiting, size + len(data)):
                        store.wait(log_id, n, data)
                        size += 0 if data in before else len(data)
                        waiting += 1
        return waiting

    def _fits(self, waiting: int, size: int) -> bool:
        return not self.bounded or (waiting < MOST_WAITING and size <= WAITING_BYTES)


class _Rehearsal(_Delivery):
    def of(self, delivery: Iterable[bytes], knows: Knows) -> list[Asked]:
        for data in dict.fromkeys([*self.ledger.store.waiting(), *delivery]):
            self._sort(data)
        state = self._sift(checked=False)
        unknown = self._unknown(state, knows)
        if unknown or self._contents(state) is not None:
            return unknown
        known, self.shadow = self.shadow, _Only(self.shadow, knows)
        try:
            state = self._sift(checked=True)
        except _Unasked as one:
            return [one.asked]
        finally:
            self.shadow = known
        return self._unknown(state, knows)

    def _unknown(self, state: _State, knows: Knows) -> list[Asked]:
        asked = (self._asked(document, fresh) for document, fresh in state.fresh.items())
        return [one for one in asked if not knows(*one)]


@dataclass(frozen=True, slots=True)
class _Only:
    """A shadow that answers what it knows."""

    shadow: Shadow
    knows: Knows

    def __call__(self, genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes]) -> Contents:
        if not self.knows(genesis, known, fresh):
            raise _Unasked((genesis, known, fresh))
        return self.shadow(genesis, known, fresh)


class _Unasked(Exception):
    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self.asked = asked


def _beyond(bundle: Bundle, end: int) -> Finding:
    why = f"its log ends with number {end}, which its device signed twice"
    return Finding(
        "bundle", f"{bundle.log}/{bundle.n}", why, "nothing to do; its device goes on in another log"
    )
