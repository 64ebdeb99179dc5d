"""A project: a folder of documents, typed. One way in, `commit`; one way out, `Change`.

Facts go in as records, are durable before `commit` returns, and come out as records and as rows of `Project.index`.
Several processes may have one project open, and several devices hold it, exchanging files (`export`, `merge`).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from engine.faults import Conflict, Fault, NotFound
from sync import database, derive, exchange, identity, membership, process, salvage, schema, verification
from sync.edit import Edit, asset_facts, job_facts
from sync.exchange import Merged
from sync.feed import Change, Feed, Mark
from sync.identity import Clock, Device, Random, utc_now
from sync.incarnation import Incarnations
from sync.index import Index
from sync.ledger import Ledger
from sync.membership import Members
from sync.records import (
    AssetFacts,
    AssetId,
    DeviceId,
    FactId,
    JobFacts,
    JobId,
    LogId,
    MemberId,
    Model,
    Profile,
    ProjectId,
    SessionId,
    Setting,
    Superseded,
    Time,
)
from sync.schema import PROJECT_DOCUMENT, Fact, Step, asset_document, queue_document
from sync.store import Finding
from sync.team import Team
from sync.tickets import Ticket
from sync.writer import Writer

PRIVATE: Final = ".restrike"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    """A commit that is durable: what `build` returned, what others had added before, and how far each log went.

    `position` is the log's, and `mark` how far the index goes with it.
    """

    result: T
    foreign: list[Fact]
    own: list[Fact]
    written: dict[LogId, int]
    position: int
    mark: Mark


class Project:
    """One open project; to be entered with `async with Project.open(…)`. One thread at a time."""

    def __init__(
        self, folder: Path, ledger: Ledger, device: Device, *, home: Path, clock: Clock, random: Random
    ) -> None:
        self.folder = folder
        self.device = device
        self.session = SessionId(identity.new_id(random))
        self.found: tuple[Finding, ...] = ()
        self.index = Index(lambda: self._ledger.file, self._repair)
        self._clock = clock
        self._random = random
        self._ledger = ledger
        self.team = Team(lambda: self._ledger, device, clock, random, self._heard)
        self.id: ProjectId = self.team.members.project
        self._incarnations = Incarnations(home, device, lambda: self._ledger.store, self.id, random)
        self._pulse: tuple[int, int, int] | None = None
        self._adopt(ledger)
        self._feed = Feed()
        self._present = False

    # --- opening ---

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        folder: Path,
        *,
        home: Path,
        clock: Clock = utc_now,
        random: Random = os.urandom,
        keyring: bool = False,
        steps: Sequence[Step] = schema.STEPS,
        busy: float = database.BUSY_SECONDS,
    ) -> AsyncIterator[Project]:
        """The project in `folder`, as the device whose key is in `home`.

        What a damaged file still holds is kept; `found` then names what was not as it should be. Raises `NotFound`
        where there is no project, `Refused` where a newer release made it, `Damaged` where nothing can be read.
        """
        private = folder / PRIVATE
        if not salvage.there(private):
            raise NotFound(
                f"there is no project in {folder}", f"start one: restrike init {folder} --name NAME"
            )
        device = identity.load_or_create(home, keyring=keyring, random=random)
        rescued = salvage.open_ledger(private, steps, identity.now(clock), busy=busy)
        project = cls(folder, rescued.ledger, device, home=home, clock=clock, random=random)
        with project._closing():
            project._settle(rescued)
            yield project

    @classmethod
    @asynccontextmanager
    async def create(
        cls,
        folder: Path,
        name: str,
        *,
        home: Path,
        clock: Clock = utc_now,
        random: Random = os.urandom,
        keyring: bool = False,
        steps: Sequence[Step] = schema.STEPS,
        busy: float = database.BUSY_SECONDS,
    ) -> AsyncIterator[Project]:
        """A new project called `name` in `folder`, owned by this device's member; raises `Conflict` if one is there."""
        private = folder / PRIVATE
        device = identity.load_or_create(home, keyring=keyring, random=random)
        entry = membership.create(device, device.name or "owner", identity.now(clock), random)
        private.mkdir(parents=True, exist_ok=True)
        ledger = Ledger(private, steps, busy=busy)
        try:
            _first_entry(ledger, [entry], first=True)
        except BaseException:
            ledger.close()
            raise
        project = cls(folder, ledger, device, home=home, clock=clock, random=random)
        with project._closing():
            project.commit(lambda edit: _found(edit, name, schema.version(steps)))
            yield project

    @classmethod
    @asynccontextmanager
    async def join(cls, export: Path, folder: Path, *, home: Path, **given: Any) -> AsyncIterator[Project]:
        """The project of an export, begun in `folder`; this device may write once it is admitted. As in `begin`."""
        async with cls.begin(folder, exchange.entries_in(export), home=home, **given) as project:
            project.merge(export)
            yield project

    @classmethod
    @asynccontextmanager
    async def begin(
        cls,
        folder: Path,
        entries: Sequence[membership.Entry],
        ticket: Ticket | None = None,
        *,
        home: Path,
        clock: Clock = utc_now,
        random: Random = os.urandom,
        keyring: bool = False,
        steps: Sequence[Step] = schema.STEPS,
        busy: float = database.BUSY_SECONDS,
    ) -> AsyncIterator[Project]:
        """A newcomer's folder of the project that membership entries tell of; with a ticket this device joins by it."""
        private = folder / PRIVATE
        if (private / "log.db").exists():
            raise Conflict(
                f"there is a project in {folder} already", "merge into it, or choose another folder"
            )
        device = identity.load_or_create(home, keyring=keyring, random=random)
        membership.view(entries)
        private.mkdir(parents=True, exist_ok=True)
        ledger = Ledger(private, steps, busy=busy)
        _first_entry(ledger, entries)
        project = cls(folder, ledger, device, home=home, clock=clock, random=random)
        with project._closing():
            if ticket is not None:
                project.team.join_by(ticket)
            yield project

    # --- who and what ---

    @property
    def name(self) -> str:
        """What the film is called."""
        return str(self.setting("name", self.folder.name))

    @property
    def member(self) -> MemberId:
        """The member that this device speaks for; raises `Refused` while it is not admitted."""
        return self.team.own

    @property
    def members(self) -> Members:
        """Everybody with their devices."""
        return self.team.members

    def admit(
        self, public: bytes, member: MemberId | None = None, *, role: str | None = None, name: str = ""
    ) -> DeviceId:
        """Add a device to a member (oneself when none is named), or with `role` as a new one, durably."""
        return self.team.admit(public, member, role=role, name=name)

    # --- one way in ---

    def commit(self, build: Callable[[Edit], T]) -> T:
        """Call `build` with the newest facts, and keep what it adds: durable on return, nothing of it on an exception.

        `build` runs under the write lock of all processes, so what it reads cannot change before its facts are kept;
        it is called again should the index have to be built anew. Raises `Refused` for a device that is no member,
        `Conflict`, `BadField`, `NoSpace`, `Busy`, `Damaged`.
        """
        made = self._again(lambda: self._commit(build))
        self._present = self._present or bool(made.written)
        with suppress(Fault, OSError):  # it is durable all the same; the next commit notes how far it went
            for log_id, n in made.written.items():
                self._incarnations.note(log_id, n)
        self._feed.pending += made.foreign
        self._again(lambda: self._mark(made))
        self._feed.tell([*made.foreign, *made.own])
        return made.result

    def _commit(self, build: Callable[[Edit], T]) -> _Made[T]:
        written: dict[LogId, int] = {}
        with self._ledger.writing() as keep:
            self.team.refresh()
            member = self.member
            foreign = self._feed.news(self._ledger.file)
            now = identity.now(self._clock)
            edit = Edit(self._ledger, self.index, now, self.device, member, self.session, self._random)
            result = build(edit)
            if edit.facts:
                written = self._write(edit.facts)
            position, mark = self._ledger.file.position, Mark.of(self._ledger.file)
            keep()
        own = list(dict.fromkeys(edit.facts)) if written else []
        return _Made(result, foreign, own, written, position, mark)

    def _mark(self, made: _Made[Any]) -> None:
        """Note that the commit is told of; not if the index could not take it, which then is behind the log."""
        self._pulse = None
        if self._ledger.file.position >= made.position:
            self._feed.mark(made.mark)

    def _write(self, facts: list[Fact]) -> dict[LogId, int]:
        if not self._present:
            self._ledger.store.begin_session(self.session, *process.own())
        wall = int(self._clock().timestamp() * 1000)
        return self._writer.write(facts, self.team.members.heads, wall)

    # --- reading ---

    def asset(self, asset: AssetId) -> AssetFacts:
        """All that is known of an asset; raises `NotFound`."""
        return self._read(lambda: asset_facts(self._ledger, asset))

    def job(self, job: JobId) -> JobFacts:
        """All that is known of a job; empty when nobody spoke of it."""
        return self._read(lambda: job_facts(self._ledger, job))

    def assets(self, assets: Iterable[AssetId]) -> dict[AssetId, AssetFacts]:
        """All that is known of several assets; those that are not known here are left out."""
        wanted = list(assets)
        found = self._read(lambda: self._ledger.file.facts_of_many(wanted))
        facts = {asset: derive.asset_facts(found[asset]) for asset in wanted}
        return {asset: one for asset, one in facts.items() if one is not None}

    def jobs(self, jobs: Iterable[JobId]) -> dict[JobId, JobFacts]:
        """All that is known of several jobs; empty of one that nobody spoke of."""
        wanted = list(jobs)
        found = self._read(lambda: self._ledger.file.facts_of_many(wanted))
        return {job: derive.job_facts(job, found[job]) for job in wanted}

    def models(self) -> list[Model]:
        """The models that the project knows, oldest first."""
        found: list[Model] = self._of_project("models")
        return sorted(found, key=lambda one: (one.time, one.id))

    def superseded(self) -> list[Superseded]:
        """Which model replaces which, oldest first."""
        found: list[Superseded] = self._of_project("superseded")
        return sorted(found, key=lambda one: (one.time, one.id))

    def setting(self, key: str, default: Any = None) -> Any:
        """A project-wide choice: the newest counts, of several at one time the one with the largest id."""
        found: list[Setting] = [one for one in self._of_project("settings") if one.key == key]
        return max(found, key=lambda one: (one.time, one.id)).value if found else default

    def profile(self, profile: str) -> Mapping[str, Any]:
        """The fingerprint of that digest as JSON; raises `NotFound`."""
        found: list[Profile] = [one for one in self._of_project("profiles") if one.id == profile]
        if not found:
            raise NotFound(f"there is no profile {profile!r:.80}", "restrike verify says what is missing")
        return found[0].fingerprint

    def sessions(self) -> dict[SessionId, bool]:
        """Every session that ever wrote here on this machine, and whether it still runs."""
        return {
            session: session == self.session or (not ended and process.alive(pid, start))
            for session, pid, start, ended in self._read(self._ledger.store.sessions)
        }

    @property
    def version(self) -> int:
        """A number of this device that grows with everything that is added, and never goes down.

        Asked before the index is, it says what the answers hold at least; `Index.changed_since` tells what is newer.
        """
        return self._read(self._ledger.version)

    # --- one way out ---

    def subscribe(self, told: Callable[[Change], None]) -> AbstractContextManager[None]:
        """Call `told` after every change, own or others', as long as the context is entered."""
        return self._feed.subscribe(told)

    def poll(self) -> Change | None:
        """What other processes added since this was asked last, None when nothing; subscribers are told as well."""
        news = self._again(self._poll)
        if news:
            self.team.refresh()
            self._feed.tell(news)
        return self._feed.take(news)

    def _poll(self) -> list[Fact]:
        pulse = self._ledger.pulse
        if pulse == self._pulse:
            return []
        self._ledger.catch_up()
        news = self._feed.fresh(self._ledger.file)
        self._pulse = pulse
        return news

    def _mark_all(self) -> None:
        self._feed.mark(Mark.of(self._ledger.file))

    # --- other devices, integrity ---

    def have(self) -> dict[LogId, int]:
        """How far every log is known here: what `export(since=…)` of another device leaves out."""
        return {one.id: one.last for one in self._read(self._ledger.store.logs).values()}

    def export(self, path: Path, since: Mapping[LogId, int] | None = None) -> int:
        """Write membership and bundles to a file that `merge` reads anywhere; returns the number of bundles."""
        return self._again(lambda: exchange.export(self._ledger.store, path, since or {}))

    def merge(self, path: Path) -> Merged:
        """Take in what another device exported: verified bundle by bundle, what is bad set aside and named."""
        return self.ask(lambda ledger: exchange.merge(ledger, path, identity.now(self._clock)), news=True)

    def ask(self, act: Callable[[Ledger], T], *, news: bool = False) -> T:
        """What other devices ask for or, with `news`, bring, done on the ledger; subscribers hear of what is new."""
        done = self._again(lambda: act(self._ledger))
        if news:
            self._heard()
        return done

    def told_wrong(self, facts: Sequence[Fact]) -> None:
        """Tell subscribers of facts that were read otherwise until now."""
        self._feed.tell(facts)

    def verify(self, *, rebuild: bool = False) -> list[Finding]:
        """Check every stored bundle, document and fact, and say what is wrong; `rebuild` derives the index anew."""
        if rebuild:
            self._repair()
        findings = [*verification.verify(self._ledger), *self.team.findings()]
        if any(one.fix == verification.SALVAGE for one in findings):
            self._ledger.suspect()
        return findings

    # --- inside ---

    def _heard(self) -> None:
        """Tell what came from other devices."""
        self.team.refresh()
        self._feed.tell(self._again(lambda: self._feed.fresh(self._ledger.file)))

    def _settle(self, rescued: salvage.Rescued) -> None:
        """Finish an opening: write again what was lost, bring the schema up to date, start counting changes."""
        self.found += rescued.findings
        if rescued.lost and self.team.members.may_write(self.device.public):
            self.commit(lambda edit: edit.facts.extend(rescued.lost))
        salvage.finish(self._ledger.folder)
        self._again(self._mark_all)
        known = schema.version(self._ledger.steps)
        if self._ledger.store.schema < known and self.team.members.may_write(self.device.public):
            with self._ledger.store.writing():
                self._ledger.store.set_schema(known)
            self.commit(lambda edit: _set(edit, "schema", known))
            self._again(lambda: exchange.retry(self._ledger, identity.now(self._clock)))

    def _of_project(self, collection: str) -> list[Any]:
        def read() -> list[Any]:
            facts = self._ledger.file.facts_of(PROJECT_DOCUMENT, collection)
            return derive.records_of(facts).get(collection, [])

        return self._read(read)

    def _read(self, question: Callable[[], T]) -> T:
        return self._again(question)

    def _again(self, act: Callable[[], T]) -> T:
        """Act; where the index or the log turns out to be damaged, build it anew or salvage it, and act again."""
        try:
            return act()
        except database.Broken as error:
            if self._ledger.locked:
                raise
            if error.path == self._ledger.file.path:
                self._repair()
            elif error.path == self._ledger.store.path:
                self._salvage()
            else:
                raise
            return act()

    def _salvage(self) -> None:
        self._ledger.suspect()
        self._ledger.close()
        now = identity.now(self._clock)
        rescued = salvage.open_ledger(self._ledger.folder, self._ledger.steps, now, busy=self._ledger.busy)
        self._adopt(rescued.ledger)
        self._settle(rescued)

    def _adopt(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pulse = None
        self._writer = Writer(ledger, self.device, self._incarnations)

    def _repair(self) -> None:
        """Derive the index anew; inside a commit the whole commit has to be begun again instead."""
        if self._ledger.locked:
            raise database.Broken(
                "the index is damaged", "try again: it is built anew", self._ledger.file.path
            )
        self._ledger.rebuild()
        self._pulse = None
        self._mark_all()

    @contextmanager
    def _closing(self) -> Iterator[None]:
        try:
            yield
        finally:
            try:
                if self._present:  # where this fails its process id will tell that it ended
                    with suppress(Fault), self._ledger.store.writing():
                        self._ledger.store.end_session(self.session)
            finally:
                self._ledger.close()


def _first_entry(ledger: Ledger, entries: Sequence[membership.Entry], *, first: bool = False) -> None:
    """Keep entries; with `first` only where there is none, else `Conflict`: of several makers one makes the project."""
    with ledger.writing() as keep:
        if first and ledger.store.entry_count():
            raise Conflict(
                f"there is a project in {ledger.folder.parent} already", "open it, or choose another folder"
            )
        ledger.store.set_schema(schema.version(ledger.steps))
        for one in entries:
            ledger.store.add_entry(one)
        ledger.file.keep_entries(entries)
        keep()


def _found(edit: Edit, name: str, version: int) -> None:
    _set(edit, "name", name)
    _set(edit, "schema", version)


def _set(edit: Edit, key: str, value: Any) -> None:
    fact_id = FactId(edit.new_id())
    edit.add(PROJECT_DOCUMENT, Setting(id=fact_id, key=key, value=value, author=edit.member, time=edit.now))


__all__ = [
    "PRIVATE",
    "PROJECT_DOCUMENT",
    "Change",
    "Edit",
    "Finding",
    "Merged",
    "Project",
    "Time",
    "asset_document",
    "queue_document",
]
