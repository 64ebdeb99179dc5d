"""What a conversation asks of a project: how far its logs go, its membership, its bundles, and to take what comes.

`ProjectReplica` answers for an open project; what it takes goes through the guard (`sync.guard`) and whatever `shadow`
it is given, for peers a `Verifier`. `Newcomer` answers for a device that has no folder of the project yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from engine.faults import Damaged
from sync import database, exchange, identity, log, membership
from sync.arrivals import Asked, Contents, Shadow, Taken
from sync.identity import Clock, Device, utc_now
from sync.indexfile import IndexFile
from sync.ledger import Ledger
from sync.membership import Entry, Members
from sync.project import Project
from sync.records import DocumentId, LogId, ProjectId, Time
from sync.schema import Fact
from sync.scrutiny import Scrutiny
from sync.store import Finding

if TYPE_CHECKING:
    from sync.tickets import Ticket

SHARES: Final = 64
"""Documents are compared in so many portions, one at a time."""

Holdings = Mapping[LogId, tuple[int, bytes]]


class Replica(Protocol):
    """A copy of the project on this device; without entries it is one that has yet to join."""

    @property
    def project(self) -> ProjectId | None:
        """The project, None while a knocking device does not know it."""

    @property
    def members(self) -> Members | None:
        """Who may do what, None where there is no entry yet."""

    def entries(self) -> Mapping[bytes, bytes]:
        """Every membership entry by its hash."""

    def have(self) -> Holdings:
        """How far each log goes: number and hash of its last bundle."""

    def time(self) -> Time:
        """The wall clock, for what expires."""

    def mine_public(self) -> bytes:
        """The key of this device."""

    def mine(self) -> frozenset[LogId]:
        """The logs that this device writes."""

    def bundles(self, log: LogId, first: int, last: int) -> Iterator[bytes]:
        """The bundles of a part of a log in their plain form, as many as are here without a gap."""

    def evidence(self) -> Mapping[bytes, bytes]:
        """Plain bundles, by their hashes, that their author signed under a number that he had given already."""

    def take(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> Taken:
        """Take in what came, entries first; what is bad is set aside and named in the answer."""

    def join(self, ticket: Ticket) -> None:
        """Add the entry by which this device joins with a ticket; the entries that it needs are here."""

    def heads(self) -> str:
        """One digest over the heads of all documents."""

    def share(self, number: int) -> Mapping[DocumentId, tuple[bytes, bytes]]:
        """The documents of one portion, each with a digest of its heads and one of its facts."""

    def mend(self, documents: Iterable[DocumentId]) -> None:
        """Read documents again from the log, because another device makes something else of the same changes."""


@runtime_checkable
class Preparing(Protocol):
    """A replica that can find out beforehand what `take` needs to know, so that taking lasts only a moment."""

    def rehearse(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> Sequence[Asked]:
        """What `take` would ask that is not known yet; again until it is nothing."""

    def beforehand(self, asked: Sequence[Asked]) -> None:
        """Find it out; in a thread."""


@runtime_checkable
class Foreseeing(Protocol):
    """A shadow that can be asked beforehand, as `sync.verifier` can."""

    def __call__(self, genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes]) -> Contents:
        """Try fresh changes."""

    def knows(self, genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes]) -> bool:
        """Whether this was asked beforehand."""

    def beforehand(self, asked: Sequence[Asked]) -> None:
        """Find out about all of these; in a thread."""

    def forget(self) -> None:
        """Let go of what was asked beforehand."""


def portion(document: DocumentId) -> int:
    """Which of the `SHARES` portions a document is compared in."""
    return hashlib.sha256(document.encode()).digest()[0] % SHARES


def digest_of_facts(facts: Iterable[tuple[str, str, str]]) -> bytes:
    """A digest of a document's facts (collection, key, text) in whatever order they come."""
    total = hashlib.sha256(b"restrike facts/1\0")
    for fact in sorted(facts):
        for part in fact:
            data = part.encode()
            total.update(len(data).to_bytes(4, "big") + data)
    return total.digest()


def read_entries(data: Iterable[bytes]) -> tuple[list[Entry], tuple[Finding, ...]]:
    """The membership entries among bytes that came from elsewhere, and what is wrong with the rest."""
    found: list[Entry] = []
    bad: list[Finding] = []
    for one in data:
        try:
            found.append(membership.decode(one))
        except Damaged as error:
            bad.append(Finding("entry", hashlib.sha256(one).hexdigest()[:16], error.message, error.hint))
    return found, tuple(bad)


class ProjectReplica:
    """An open project as conversations see it."""

    def __init__(self, project: Project, shadow: Shadow, clock: Clock = utc_now) -> None:
        self._project = project
        self._shadow = shadow
        self._clock = clock
        self._entries: dict[bytes, bytes] = {}
        self._scrutiny = Scrutiny()
        self._shares = _Shares()

    @property
    def project(self) -> ProjectId:
        """The project."""
        return self._project.id

    @property
    def members(self) -> Members:
        """Who may do what, by the newest entries."""
        return self._project.team.refresh()

    def entries(self) -> Mapping[bytes, bytes]:
        """Every membership entry by its hash."""
        return self._project.ask(self._read_entries)

    def _read_entries(self, ledger: Ledger) -> Mapping[bytes, bytes]:
        if ledger.store.entry_count() != len(self._entries):
            self._entries = {one.hash: one.data for one in ledger.store.entries()}
        return self._entries

    def time(self) -> Time:
        """The wall clock."""
        return identity.now(self._clock)

    def mine_public(self) -> bytes:
        """The key of this device."""
        return self._project.device.public

    def have(self) -> Holdings:
        """How far each log goes."""
        logs = self._project.ask(lambda ledger: ledger.store.logs())
        return {name: (one.last, one.hash) for name, one in logs.items()}

    def mine(self) -> frozenset[LogId]:
        """The logs that this device writes."""
        logs = self._project.ask(lambda ledger: ledger.store.logs())
        return frozenset(name for name, one in logs.items() if one.intro.public == self.mine_public())

    def bundles(self, name: LogId, first: int, last: int) -> Iterator[bytes]:
        """The bundles of a part of a log in their plain form."""
        for n in range(max(first, 1), last + 1):
            found = self._project.ask(lambda ledger, n=n: ledger.store.at(name, n))  # type: ignore[misc]
            if found is None:
                return
            yield found.plain()

    def evidence(self) -> Mapping[bytes, bytes]:
        """Bundles that contradict others of their author."""
        found = self._project.ask(lambda ledger: ledger.store.evidence())
        return {one.hash: one.plain() for one in map(log.decode, found)}

    def rehearse(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> Sequence[Asked]:
        """What `take` would ask of the shadow that is not known yet; again until it is nothing."""
        shadow = self._shadow
        if not isinstance(shadow, Foreseeing):
            return ()
        knows, (fresh, _) = shadow.knows, read_entries(entries)
        try:
            return self._project.ask(
                lambda ledger: exchange.rehearse(ledger, fresh, bundles, shadow, knows, self._scrutiny)
            )
        except database.Broken:
            raise
        except Damaged:  # another project's entries: `take` says so
            return ()

    def beforehand(self, asked: Sequence[Asked]) -> None:
        """Try documents, which takes its time: in a thread."""
        if isinstance(self._shadow, Foreseeing):
            self._shadow.beforehand(asked)

    def take(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> Taken:
        """Take in what came; raises `Busy` and `NoSpace` as writing does, and nothing is lost by it."""
        fresh, bad = read_entries(entries)
        try:
            taken, _ = self._project.ask(
                lambda ledger: exchange.deliver(
                    ledger, fresh, bundles, self.time(), self._shadow, bounded=True, scrutiny=self._scrutiny
                ),
                news=True,
            )
        except (database.Busy, database.Broken):
            raise
        except Damaged as error:
            wrong = Finding("entry", "delivery", error.message, error.hint)
            return Taken(0, 0, (), (*bad, wrong), (*bad, wrong))
        finally:
            self._scrutiny.forget()
            if isinstance(self._shadow, Foreseeing):
                self._shadow.forget()
        return replace(taken, findings=(*bad, *taken.findings), unsound=(*bad, *taken.unsound))

    def join(self, ticket: Ticket) -> None:
        """Become a member."""
        self._project.team.join_by(ticket)

    def heads(self) -> str:
        """One digest over the heads of all documents."""
        return self._project.ask(lambda ledger: ledger.file.all_heads)

    def share(self, number: int) -> Mapping[DocumentId, tuple[bytes, bytes]]:
        """The documents of one portion."""
        return self._project.ask(lambda ledger: self._shares.of(ledger.file, number))

    def mend(self, documents: Iterable[DocumentId]) -> None:
        """Build the index anew where it says something else of these documents than the log."""
        wanted = list(documents)
        before = self._project.ask(lambda ledger: ledger.file.generation)
        self._project.ask(lambda ledger: _compare(ledger, wanted), news=True)
        if self._project.ask(lambda ledger: ledger.file.generation) != before:
            self._project.told_wrong(self._project.ask(lambda ledger: _facts(ledger, wanted)))


class Newcomer:
    """A device that joins: it holds nothing until its first entries have come and `became` is set.

    Whoever runs its conversation answers the first `Take` by `Project.begin` with the entries (and the ticket) and sets
    `became` to the new project's replica.
    """

    def __init__(self, device: Device, project: ProjectId | None, clock: Clock = utc_now) -> None:
        self.became: Replica | None = None
        self._device = device
        self._named = project
        self._clock = clock

    @property
    def project(self) -> ProjectId | None:
        """The project of the ticket, None for who knocks."""
        return self.became.project if self.became is not None else self._named

    @property
    def members(self) -> Members | None:
        """Nobody is known at first."""
        return self.became.members if self.became is not None else None

    def entries(self) -> Mapping[bytes, bytes]:
        """None at first."""
        return self.became.entries() if self.became is not None else {}

    def time(self) -> Time:
        """The wall clock."""
        return identity.now(self._clock)

    def mine_public(self) -> bytes:
        """The key of this device."""
        return self._device.public

    def have(self) -> Holdings:
        """Nothing at first."""
        return self.became.have() if self.became is not None else {}

    def mine(self) -> frozenset[LogId]:
        """None at first."""
        return self.became.mine() if self.became is not None else frozenset()

    def bundles(self, name: LogId, first: int, last: int) -> Iterator[bytes]:
        """None at first."""
        return self.became.bundles(name, first, last) if self.became is not None else iter(())

    def evidence(self) -> Mapping[bytes, bytes]:
        """None at first."""
        return self.became.evidence() if self.became is not None else {}

    def take(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> Taken:
        """Only once there is a project."""
        if self.became is None:
            return Taken(0, 0, (), ())
        return self.became.take(bundles, entries)

    def join(self, ticket: Ticket) -> None:
        """Become a member."""
        if self.became is not None:
            self.became.join(ticket)

    def heads(self) -> str:
        """One digest over the heads of all documents."""
        return self.became.heads() if self.became is not None else bytes(32).hex()

    def share(self, number: int) -> Mapping[DocumentId, tuple[bytes, bytes]]:
        """The documents of one portion."""
        return self.became.share(number) if self.became is not None else {}

    def mend(self, documents: Iterable[DocumentId]) -> None:
        """Nothing to mend at first."""
        if self.became is not None:
            self.became.mend(documents)


class _Shares:
    """The portions as they are compared; while nothing changes none is read twice, however many ask."""

    def __init__(self) -> None:
        self._state: tuple[int, int, int] | None = None
        self._documents: dict[int, dict[DocumentId, bytes]] = {}
        self._found: dict[int, Mapping[DocumentId, tuple[bytes, bytes]]] = {}

    def of(self, file: IndexFile, number: int) -> Mapping[DocumentId, tuple[bytes, bytes]]:
        """The documents of one portion, each with a digest of its heads and one of its facts."""
        state = file.state
        if state != self._state:
            self._state, self._found = state, {}
            self._documents = {one: {} for one in range(SHARES)}
            for document, heads in file.documents():
                self._documents[portion(document)][document] = heads
        if number not in self._found:
            held = self._documents.get(number, {})
            self._found[number] = {
                document: (hashlib.sha256(held[document]).digest(), digest_of_facts(facts))
                for document, facts in file.facts_in(held).items()
            }
        return self._found[number]


def _facts(ledger: Ledger, documents: Iterable[DocumentId]) -> list[Fact]:
    found = ledger.file.facts_in(documents)
    return [Fact(one, *fact) for one, facts in found.items() for fact in facts]


def _compare(ledger: Ledger, documents: Iterable[DocumentId]) -> None:
    for document, facts in ledger.file.facts_in(documents).items():
        told = digest_of_facts(facts)
        held = digest_of_facts((*place, text) for place, text in ledger.shelf.reread(document).items())
        if told != held:
            raise database.Broken(
                f"the index says something else of {document} than the log",
                "it is built anew",
                ledger.file.path,
            )
