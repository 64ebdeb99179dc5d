"""A farm on virtual time: real job facts, the real view, the real claimer; only rendering and the network are acted.

Workers render for as long as their speed says, words and facts take their time, cuts and kills come when told. What is
counted: makespan, results, starts that overlap, GPU-seconds spent twice, how long an orphan waits.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from engine.recipe import FileDigest
from sync.farm.claimer import AHEAD, Claimer
from sync.farm.hands import Hand, Load
from sync.records import (
    AssetId,
    Claim,
    Ended,
    Finished,
    JobFacts,
    JobId,
    MemberId,
    SessionId,
    TakeId,
    Tier,
    Time,
    VersionId,
    Wish,
)
from sync.rules import jobs as rules
from sync.rules.jobs import State, View

MEMBER = MemberId("m" * 32)
NEVER = Time("2026-01-01T00:00:00.000Z")
HEARTBEAT = 2.0
REST = 0.25
MODEL = "model"
JobFact = Wish | Claim | Ended | Finished


@dataclass(frozen=True, slots=True)
class Cut:
    """From one time to another the two groups hear nothing of each other."""

    begin: float
    end: float
    group: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens: how many, how fast, what goes wrong. `speeds` are seconds a unit; `kills` are (time, worker)."""

    speeds: tuple[float, ...]
    jobs: int = 200
    units: float = 20.0
    spread: float = 0.5
    delay: float = 0.01
    noise: float = 0.05
    cuts: tuple[Cut, ...] = ()
    kills: tuple[tuple[float, int], ...] = ()
    again: float | None = None
    """Seconds after which a killed worker comes back, as a new session."""
    lock: bool = False
    """Whether a bucket refuses a second claim of a job, also across a cut."""
    store: bool = False
    """Whether results are seen in a common store, also across a cut."""
    stalls: tuple[float, ...] = ()
    """How many times slower than it says each worker is."""
    seed: int = 0
    limit: float = 1e6


@dataclass(slots=True)
class Count:
    """What came of it; times in seconds, `spent` is GPU-seconds."""

    makespan: float = 0.0
    bound: float = 0.0
    finished: int = 0
    spent: float = 0.0
    duplicated: float = 0.0
    overlapping: int = 0
    different: int = 0
    claims: int = 0
    hedged: int = 0
    superseded: int = 0
    orphaned: list[float] = field(default_factory=list)
    """For each job of a killed worker, the seconds from the kill until another one started it."""


@dataclass(slots=True)
class Running:
    """A render under way."""

    job: JobId
    epoch: int
    began: float
    ends: float


@dataclass(slots=True)
class Held:
    """A claim that is not started yet."""

    job: JobId
    epoch: int
    settled: float


class Replica:
    """One peer's facts, with the views they add up to."""

    def __init__(self) -> None:
        self.facts: dict[JobId, set[JobFact]] = {}
        self._views: dict[JobId, View] = {}
        self.live: set[JobId] = set()

    def add(self, fact: JobFact) -> bool:
        """Merge a fact; whether it is new."""
        facts = self.facts.setdefault(fact.job, set())
        if fact in facts:
            return False
        facts.add(fact)
        self._views.pop(fact.job, None)
        if self.view(fact.job).state.terminal:
            self.live.discard(fact.job)
        else:
            self.live.add(fact.job)
        return True

    def view(self, job: JobId) -> View:
        """What the facts of a job mean."""
        if job not in self._views:
            facts = self.facts.get(job, set())
            self._views[job] = rules.view(
                JobFacts(
                    job=job,
                    wishes=tuple(one for one in facts if isinstance(one, Wish)),
                    claims=tuple(one for one in facts if isinstance(one, Claim)),
                    ended=tuple(one for one in facts if isinstance(one, Ended)),
                    finished=tuple(one for one in facts if isinstance(one, Finished)),
                )
            )
        return self._views[job]


class Peer:
    """One worker."""

    def __init__(self, farm: Farm, number: int, life: int, speed: float) -> None:
        self.farm = farm
        self.number = number
        self.session = SessionId(f"{number:03d}-{life}")
        self.speed = speed
        self.replica = Replica()
        self.claimer = Claimer(self.session)
        self.dead = False
        self.running: Running | None = None
        self.held: Held | None = None
        self.hedges: set[JobId] = set()
        self._poked: float | None = None

    # --- what it says ---

    def hand(self) -> Hand:
        left = 0.0
        if self.running is not None:
            left = max(0.0, self.running.ends - self.farm.now)
        if self.held is not None:
            left += self.farm.units[self.held.job] * self.speed
        return Hand(
            session=self.session, slot=f"{self.number}", free=left, rate=self.speed, warm=MODEL, switch=0.0
        )

    def beat(self) -> None:
        if self.dead:
            return
        self.farm.tell(self, self.hand())
        self.farm.later(HEARTBEAT, self.beat)

    def say(self, fact: JobFact) -> None:
        self.replica.add(fact)
        self.farm.spread(self, fact)

    # --- what it does ---

    def poke(self) -> None:
        """Look at everything again, now."""
        if self.dead:
            return
        self._look_at_running()
        self._start()
        self._claim()
        soon = self.held is None and (self.running is None or self.running.ends - self.farm.now <= AHEAD)
        if soon and self._poked is None and not self.farm.over():
            self._poked = self.farm.now
            self.farm.later(REST, self._again)

    def _again(self) -> None:
        self._poked = None
        self.poke()

    def _look_at_running(self) -> None:
        run = self.running
        if run is None:
            return
        view = self.replica.view(run.job)
        if view.owner == self.session and view.epoch == run.epoch:
            return
        if view.state is State.OWNED and view.owner is not None:
            theirs = next(
                (one for one in self.claimer.others(self.farm.now) if one.session == view.owner), None
            )
            left = run.ends - self.farm.now
            if theirs is None or left <= theirs.free:
                return  # it goes on: nobody else would be sooner
        self.farm.stopped(self, run)
        self.running = None

    def _start(self) -> None:
        held = self.held
        if held is None or self.running is not None or self.farm.now < held.settled:
            return
        self.held = None
        view = self.replica.view(held.job)
        if view.owner != self.session or view.epoch != held.epoch:
            return
        if self.farm.stored(held.job):
            self._publish(held.job, 0.0)
            return
        seconds = self.farm.seconds(self, held.job)
        self.running = Running(held.job, held.epoch, self.farm.now, self.farm.now + seconds)
        self.farm.started(self, self.running)
        self.farm.later(seconds, lambda run=self.running: self._finish(run))  # type: ignore[misc]
        self.farm.later(max(0.0, seconds - AHEAD), self.poke)
        self.farm.tell(self, self.hand())

    def _finish(self, run: Running) -> None:
        if self.dead or self.running is not run:
            return
        self.running = None
        self.farm.stopped(self, run, finished=True)
        self._publish(run.job, self.farm.now - run.began)
        self.poke()

    def _publish(self, job: JobId, seconds: float) -> None:
        self.farm.store.add(job)
        digest = FileDigest(f"{job}")
        self.say(
            Finished(
                job=job, session=self.session, take=TakeId(job), sha256=digest, seconds=seconds, time=NEVER
            )
        )

    def _claim(self) -> None:
        if self.held is not None or (self.running is not None and self.running.ends - self.farm.now > AHEAD):
            return
        now = self.farm.now
        me = self.hand()
        load = self.claimer.choose(self._claimable(now), me, now)
        if load is None and self.running is None:
            load = self._hedge(me, now)
        if load is None:
            return
        epoch = self.replica.view(load.job).epoch + 1
        if not self.farm.locks(self, load.job):
            return
        self.farm.count.claims += 1
        settle = self.claimer.settle()
        self.held = Held(load.job, epoch, now + settle)
        self.say(Claim(job=load.job, session=self.session, epoch=epoch, member=MEMBER, time=NEVER))
        self.farm.later(settle, self.poke)

    def _hedge(self, me: Hand, now: float) -> Load | None:
        running = []
        for job in self.replica.live:
            view = self.replica.view(job)
            if view.state is State.OWNED and view.owner is not None and view.epoch == 1:
                running.append((self._load(view), view.owner))
        load = self.claimer.hedge(running, me, now)
        if load is not None:
            self.farm.count.hedged += 1
        return load

    def _claimable(self, now: float) -> Iterable[Load]:
        for job in self.replica.live:
            view = self.replica.view(job)
            if view.state is State.PENDING:
                yield self._load(view)
            elif view.owner is not None and view.owner != self.session and self.claimer.gone(view.owner, now):
                yield self._load(view, owner=view.owner)

    def _load(self, view: View, *, owner: SessionId | None = None) -> Load:
        return Load(
            job=view.job,
            model=MODEL,
            units=self.farm.units[view.job],
            tier=view.tier,
            key=rules.key(view),
            failed=frozenset(one.session for one in view.attempts),
            owner=owner,
        )


class Farm:
    """The stage: time, network, store, and what is counted."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.now = 0.0
        self.count = Count()
        self.random = random.Random(story.seed)
        self.store: set[JobId] = set()
        self._locked: dict[JobId, tuple[Peer, float]] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self.units: dict[JobId, float] = {}
        self._busy: dict[JobId, list[Peer]] = {}
        self._killed: dict[JobId, float] = {}
        self._spent: dict[JobId, float] = {}
        self.peers = [Peer(self, number, 0, speed) for number, speed in enumerate(story.speeds)]
        self._past: list[Peer] = []
        self._ended: dict[JobId, float] = {}

    # --- running ---

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (self.now + seconds, self._number, act))

    def run(self) -> Count:
        """Play the story to its end."""
        story = self.story
        wishes = [self._wish(n) for n in range(story.jobs)]
        for peer in self.peers:
            for wish in wishes:
                peer.replica.add(wish)
            self._enter(peer)
        for cut in story.cuts:
            self.later(cut.end + 1e-6, lambda: self._heal())
        for time, number in story.kills:
            self.later(time, lambda number=number: self._kill(number))  # type: ignore[misc]
        while self._events and self.now < story.limit:
            self.now, _, act = heapq.heappop(self._events)
            act()
            if self.over():
                break
        return self._counted()

    def over(self) -> bool:
        return len(self._ended) == self.story.jobs

    def _enter(self, peer: Peer) -> None:
        for other in self.peers:
            if other is not peer and self._linked(peer, other):
                peer.claimer.heard(other.hand(), self.now)
                other.claimer.heard(peer.hand(), self.now)
        peer.claimer.trips({other.session: 2 * self.story.delay for other in self.peers})
        self.later(self.random.uniform(0, 0.01), peer.poke)
        self.later(self.random.uniform(0, HEARTBEAT), peer.beat)

    def _wish(self, number: int) -> Wish:
        job = JobId(f"{self.random.getrandbits(128):032x}{number:032x}.0")
        low, high = self.story.units * (1 - self.story.spread), self.story.units * (1 + self.story.spread)
        self.units[job] = self.random.uniform(low, high)
        return Wish(
            job=job,
            session=SessionId("asker"),
            asset=AssetId("a"),
            version=VersionId("v"),
            item=0,
            tier=Tier.STANDARD,
            vt=float(number),
            member=MEMBER,
            time=NEVER,
        )

    def _kill(self, number: int) -> None:
        peer = self.peers[number]
        if peer.dead:
            return
        peer.dead = True
        for run in filter(None, [peer.running]):
            self._killed[run.job] = self.now
            self._leave(peer, run)
        if peer.held is not None:
            self._killed.setdefault(peer.held.job, self.now)
        self._past.append(peer)
        if self.story.again is not None:
            life = len(self._past)
            self.later(self.story.again, lambda: self._back(number, life))

    def _back(self, number: int, life: int) -> None:
        old = self.peers[number]
        fresh = Peer(self, number, life, old.speed)
        fresh.replica = old.replica
        self.peers[number] = fresh
        for other in self.peers:
            if other is not fresh and self._linked(fresh, other):
                self._equal(other, fresh)
        self._enter(fresh)

    # --- the network ---

    def _linked(self, one: Peer, other: Peer) -> bool:
        cuts = (cut for cut in self.story.cuts if cut.begin <= self.now < cut.end)
        return not any((one.number in cut.group) != (other.number in cut.group) for cut in cuts)

    def _others(self, peer: Peer) -> Iterable[Peer]:
        return (one for one in self.peers if one is not peer and not one.dead and self._linked(peer, one))

    def spread(self, peer: Peer, fact: JobFact) -> None:
        if isinstance(fact, Finished):
            self._ended.setdefault(fact.job, self.now)
        for other in self._others(peer):
            delay = self.story.delay * self.random.uniform(0.5, 1.5)
            self.later(delay, lambda other=other: self._arrive(other, fact))  # type: ignore[misc]

    def _arrive(self, peer: Peer, fact: JobFact) -> None:
        if not peer.dead and peer.replica.add(fact):
            peer.poke()

    def tell(self, peer: Peer, hand: Hand) -> None:
        for other in self._others(peer):
            self.later(
                self.story.delay,
                lambda other=other: other.claimer.heard(hand, self.now),  # type: ignore[misc]
            )

    def _heal(self) -> None:
        for one in self.peers:
            for other in self.peers:
                if one is not other and not one.dead and not other.dead and self._linked(one, other):
                    self._equal(one, other)
        for one in self.peers:
            self.tell(one, one.hand())
            one.poke()

    def _equal(self, source: Peer, target: Peer) -> None:
        for facts in list(source.replica.facts.values()):
            for fact in list(facts):
                target.replica.add(fact)

    # --- the store, the lock, rendering ---

    def stored(self, job: JobId) -> bool:
        return self.story.store and job in self.store

    def locks(self, peer: Peer, job: JobId) -> bool:
        if not self.story.lock:
            return True
        held = self._locked.get(job)
        if held is not None and held[0] is not peer and not held[0].dead and job not in self.store:
            return False
        self._locked[job] = peer, self.now
        return True

    def seconds(self, peer: Peer, job: JobId) -> float:
        noise = self.random.uniform(1 - self.story.noise, 1 + self.story.noise)
        stall = self.story.stalls[peer.number] if self.story.stalls else 1.0
        return self.units[job] * peer.speed * noise * stall

    def started(self, peer: Peer, run: Running) -> None:
        there = self._busy.setdefault(run.job, [])
        if any(self._linked(peer, other) for other in there):
            self.count.overlapping += 1
        there.append(peer)
        if run.job in self._killed:
            self.count.orphaned.append(self.now - self._killed.pop(run.job))

    def stopped(self, peer: Peer, run: Running, *, finished: bool = False) -> None:
        self._leave(peer, run)
        if not finished:
            self.count.superseded += 1

    def _leave(self, peer: Peer, run: Running) -> None:
        self._busy[run.job].remove(peer)
        spent = self.now - run.began
        self.count.spent += spent
        self._spent[run.job] = self._spent.get(run.job, 0.0) + spent

    # --- counting ---

    def _counted(self) -> Count:
        count, story = self.count, self.story
        count.makespan = max(self._ended.values(), default=0.0)
        count.finished = len(self._ended)
        count.bound = sum(self.units.values()) / sum(1 / one for one in story.speeds)
        runs: dict[JobId, list[float]] = {}
        for peer in {*self.peers, *self._past}:
            for job, facts in peer.replica.facts.items():
                own = [one for one in facts if isinstance(one, Finished) and one.session == peer.session]
                runs.setdefault(job, []).extend(one.seconds for one in own)
        count.duplicated = sum(sum(times) - min(times) for times in runs.values() if len(times) > 1)
        return count
