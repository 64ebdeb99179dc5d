"""A network that exists only here: seeded stories of devices that edit while their links fail in every way.

Time is a number, links are entries of a heap, devices are copies in memory with real documents and the real
conversation. `tests.sync.stories` says what happens in it.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sync import identity
from sync.actions import Action, Authenticated, Diverged, Drop, Send, Take
from sync.identity import Device
from sync.links.link import Channel
from sync.membership import Entry, statements
from sync.peer import Conversation
from sync.rates import Limits
from sync.records import DocumentId, LogId, Time
from tests.sync.replicas import MemoryReplica, Shelves

LIMITS = Limits(check=20.0, check_again=20.0)
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATENCY = (0.001, 0.08)
REDIAL = (0.5, 4.0)
DOCUMENTS = tuple(DocumentId(one) for one in ("asset/a1", "asset/b2", "asset/c3", "project", "queue/1"))
COLLECTION = {"asset": "renamed", "project": "settings", "queue": "q"}


@dataclass
class Weather:
    """How bad the links are just now: chances of a message to be lost, sent twice, or held back."""

    drop: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    latency: tuple[float, float] = LATENCY


@dataclass(eq=False)
class Box:
    """One device: its copy, the conversations that it holds, and its clock's error."""

    number: int
    replica: MemoryReplica
    lines: dict[int, Line] = field(default_factory=dict)
    up: bool = True
    skew: timedelta = timedelta(0)
    backup: Shelves | None = None
    noted: dict[LogId, int] = field(default_factory=dict)


@dataclass(eq=False)
class Line:
    """A link between two boxes while it stands; `deaf` are the ends that nothing reaches."""

    ends: tuple[Box, Box]
    talks: tuple[Conversation, Conversation]
    deaf: set[int] = field(default_factory=set)
    admitted: int = 0
    due: list[float] = field(default_factory=lambda: [0.0, 0.0])
    last: dict[tuple[int, Channel], float] = field(default_factory=dict)
    open: bool = True


class Network:
    """The heap of what is to happen, and the boxes it happens to."""

    def __init__(self, seed: int, devices: int, limits: Limits = LIMITS) -> None:
        self.draw = random.Random(seed)
        self.limits = limits
        self.now = 0.0
        self.weather = Weather()
        self.messages = 0
        self.edits = 0
        self.drops: list[str] = []
        self.removed: set[int] = set()
        self.restored: set[int] = set()
        self.lowered: set[int] = set()
        self.copied: set[int] = set()
        self.late: set[int] = set()
        self.written: dict[str, int] = {}
        self.cut: set[frozenset[int]] = set()
        self.lose_next_take: set[int] = set()
        self.die_after_take: set[int] = set()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.boxes: list[Box] = []
        self._found(devices)
        self.pairs = self._topology(devices)

    # --- what there is ---

    def _found(self, devices: int) -> None:
        for number in range(devices):
            device = Device.of_seed(hashlib.sha256(self.draw.randbytes(8)).digest(), f"device {number}")
            clock = self._clock(number)
            if number == 0:
                replica = MemoryReplica.founded(device, self.draw.randbytes, clock)
            else:
                replica = MemoryReplica(device, self.draw.randbytes, clock, self.boxes[0].replica.project)
            self.boxes.append(Box(number, replica))
        if devices > 3 and self.draw.random() < 0.15:
            self.late.add(self.draw.randrange(1, devices))
        for box in self.boxes[1:]:
            if box.number not in self.late:
                self.admit(box)
        for box in self.boxes[1:]:
            box.replica.take((), list(self.boxes[0].replica.entries().values()))

    def admit(self, box: Box) -> None:
        """The owner takes a device in."""
        owner = self.boxes[0]
        last = box.number == len(self.boxes) - 1 and len(self.boxes) > 3
        assert owner.replica.members is not None
        entry = statements.admit_new(
            owner.replica.device,
            owner.replica.members,
            box.replica.device.public,
            "worker" if last else "artist",
            f"m{box.number}",
            self._time(0),
            self.draw.randbytes,
        )
        self._say(entry)

    def _topology(self, devices: int) -> list[tuple[int, int]]:
        ring = {(k, (k + 1) % devices) for k in range(devices)} if devices > 2 else {(0, 1)}
        chords = {tuple(self.draw.sample(range(devices), 2)) for _ in range(devices // 2)}
        return sorted({(min(a, b), max(a, b)) for a, b in ring | chords})

    def _clock(self, number: int) -> Callable[[], Time]:
        return lambda: self._time(number)

    def _time(self, number: int) -> Time:
        skew = self.boxes[number].skew if number < len(self.boxes) else timedelta(0)
        return identity.now(lambda: START + timedelta(seconds=self.now) + skew)

    # --- time ---

    def at(self, time: float, act: Callable[[], None]) -> None:
        """Let something happen at a time."""
        heapq.heappush(self._heap, (max(time, self.now), next(self._order), act))

    def run(self, until: float) -> None:
        """Let time pass."""
        while self._heap and self._heap[0][0] <= until:
            self.now, _, act = heapq.heappop(self._heap)
            act()
        self.now = until

    # --- links ---

    def dial(self, one: int, other: int) -> None:
        """Try to connect two boxes, and go on trying."""
        left, right = self.boxes[one], self.boxes[other]
        if other in left.lines or not (left.up and right.up) or frozenset((one, other)) in self.cut:
            if other not in left.lines:
                self._redial(one, other)
            return
        binding = self.draw.randbytes(32)
        talks = tuple(
            Conversation(
                box.replica,
                device=box.replica.device,
                binding=binding,
                dialled=box is left,
                now=self.now,
                random=self.draw.randbytes,
                limits=self.limits,
            )
            for box in (left, right)
        )
        line = Line((left, right), (talks[0], talks[1]))
        left.lines[other] = right.lines[one] = line
        self._after(line, 0, talks[0].tick(self.now))
        self._after(line, 1, talks[1].tick(self.now))

    def _redial(self, one: int, other: int) -> None:
        if not (self._shuns(one, other) or self._shuns(other, one)):
            self.at(self.now + self.draw.uniform(*REDIAL), lambda: self.dial(one, other))

    def _shuns(self, one: int, other: int) -> bool:
        """Whether a box knows that another was removed."""
        members = self.boxes[one].replica.members
        return members is not None and self.boxes[other].replica.device.public in members.removed

    def hang_up(self, line: Line) -> None:
        """The link is gone, for both ends, without a word."""
        if line.open:
            line.open = False
            left, right = line.ends
            del left.lines[right.number], right.lines[left.number]
            self._redial(left.number, right.number)

    def _after(self, line: Line, end: int, actions: list[Action]) -> None:
        """Do what one end asks for."""
        box = line.ends[end]
        for one in actions:
            match one:
                case Send(channel, data):
                    self._send(line, 1 - end, channel, data)
                case Take(bundles, entries):
                    self._take(line, end, bundles, entries)
                case Authenticated():
                    line.admitted += 1
                case Diverged(documents):
                    box.replica.mend(documents)
                case Drop(reason):
                    self.drops.append(f"{reason.code}{' (theirs)' if reason.theirs else ''} {reason.detail}")
                    self.at(self.now + self.draw.uniform(*self.weather.latency), lambda: self.hang_up(line))
                case _:
                    pass
        self._schedule(line, end)

    def _schedule(self, line: Line, end: int) -> None:
        due = line.talks[end].next
        if line.open and due < 1e9 and not self.now <= line.due[end] <= due:
            line.due[end] = due
            self.at(due, lambda: self._tick(line, end, due))

    def _tick(self, line: Line, end: int, due: float) -> None:
        if line.open and line.ends[end].up and line.due[end] == due:
            line.due[end] = -1.0
            self._after(line, end, line.talks[end].tick(self.now))

    def _send(self, line: Line, end: int, channel: Channel, data: bytes) -> None:
        self.messages += 1
        copies = 1
        delay = self.draw.uniform(*self.weather.latency)
        if line.admitted == 2:
            if self.draw.random() < self.weather.drop:
                return
            copies += self.draw.random() < self.weather.duplicate
        for _ in range(copies):
            at = self.now + delay
            if line.admitted == 2 and self.draw.random() < self.weather.late:
                at += self.draw.uniform(0.0, 0.5)
            else:
                at = line.last[end, channel] = max(at, line.last.get((end, channel), 0.0))
            self.at(at, lambda: self._arrive(line, end, channel, data))

    def _arrive(self, line: Line, end: int, channel: Channel, data: bytes) -> None:
        pair = frozenset(one.number for one in line.ends)
        if line.open and line.ends[end].up and end not in line.deaf and pair not in self.cut:
            self._after(line, end, line.talks[end].receive(channel, data, self.now))

    def _take(self, line: Line, end: int, bundles: tuple[bytes, ...], entries: tuple[bytes, ...]) -> None:
        box = line.ends[end]
        if box.number in self.lose_next_take:  # it dies before anything is durable
            self.lose_next_take.discard(box.number)
            self.crash(box)
            return
        taken = box.replica.take(bundles, entries)
        if box.number in self.die_after_take:  # it dies when all is durable and nobody was told
            self.die_after_take.discard(box.number)
            self.crash(box)
            return
        self._after(line, end, line.talks[end].took(taken, self.now))
        self.stored(box)

    def stored(self, box: Box) -> None:
        """Tell all conversations of a box that there is something new."""
        for line in list(box.lines.values()):
            end = line.ends.index(box)
            self._after(line, end, line.talks[end].stored(self.now))

    # --- what happens to boxes ---

    def edit(self, box: Box) -> None:
        """A device writes something, if it may and is there."""
        members = box.replica.members
        role = members.role_of(box.replica.device.public) if members is not None else None
        if not box.up or role not in ("owner", "artist", "worker"):
            return
        chosen = [one for one in DOCUMENTS if role != "worker" or one.startswith("queue")]
        for _ in range(self.draw.randrange(1, 4)):
            document = self.draw.choice(chosen)
            key = f"k{self.edits}.{self.draw.randrange(10**9)}"
            box.replica.commit(
                (document, COLLECTION[document.partition("/")[0]], key, f'{{"n":{self.edits}}}')
            )
            self.edits += 1
            self.written[key] = box.number
        if self.draw.random() < 0.9:  # else it dies after what it wrote was durable, and before it was told
            self.stored(box)
        else:
            self.crash(box)

    def crash(self, box: Box) -> None:
        """A device dies, forgets its conversations, and comes back."""
        box.up = False
        for line in list(box.lines.values()):
            self.hang_up(line)
        self.at(self.now + self.draw.uniform(0.2, 6.0), lambda: self._rise(box))

    def _rise(self, box: Box) -> None:
        box.up = True

    def restore(self, box: Box, *, whole: bool = False) -> None:
        """A device dies and comes back with a backup of its copy, or of the `whole` machine with what it noted."""
        if box.backup is not None and box.up:
            self.crash(box)
            if whole:
                box.replica.noted = dict(box.noted)
                self.copied.add(box.number)
            box.replica.restore(box.backup)
            self.restored.add(box.number)

    def rot(self, box: Box) -> None:
        """What a device has read from its log becomes something else, and it does not know."""
        facts = box.replica.shelves.facts_of
        if facts:
            document = self.draw.choice(sorted(facts))
            facts[document] = {key: text + " " for key, text in facts[document].items()}

    def carry(self, one: Box, other: Box) -> None:
        """Somebody carries everything that a device holds to another, which may long have let it go."""
        if one.up and other.up:
            held = one.replica
            bundles = [data for name, (n, _) in held.have().items() for data in held.bundles(name, 1, n)]
            bundles += [*held.evidence().values(), *held.shelves.orphans]
            other.replica.take(bundles, list(held.entries().values()))
            self.stored(other)

    # --- what the owner says ---

    def revoke(self, box: Box) -> None:
        """The owner removes a device, which may be writing just now."""
        owner, members = self.boxes[0], self.boxes[0].replica.members
        public = box.replica.device.public
        if members is None or not owner.up or owner is box or public not in members.devices:
            return
        entry = statements.remove_device(
            owner.replica.device, members, public, self._seen(public), self._time(0), self.draw.randbytes
        )
        self._say(entry)
        self.removed.add(box.number)

    def lower(self, box: Box, role: str) -> None:
        """The owner gives a member another role."""
        owner, members = self.boxes[0], self.boxes[0].replica.members
        public = box.replica.device.public
        if members is None or not owner.up or owner is box or public not in members.devices:
            return
        seen, member = self._seen(public), members.devices[public]
        entry = statements.set_role(
            owner.replica.device, members, member, role, seen, self._time(0), self.draw.randbytes
        )
        self._say(entry)
        self.lowered.add(box.number)

    def adopt(self) -> None:
        """The owner lets everything count that waits at his device for want of a right."""
        owner = self.boxes[0]
        last: dict[LogId, int] = {}
        for name, n in owner.replica.shelves.orphans.values():
            last[name] = max(last.get(name, 0), n)
        for name, n in sorted(last.items()):
            members = owner.replica.members
            if owner.up and members is not None:
                entry = statements.adopt(
                    owner.replica.device, members, name, n, self._time(0), self.draw.randbytes
                )
                self._say(entry)

    def _say(self, entry: Entry) -> None:
        self.boxes[0].replica.add_entry(entry)
        self.stored(self.boxes[0])

    def _seen(self, public: bytes) -> dict[LogId, int]:
        logs = self.boxes[0].replica.shelves.logs()
        return {name: one.last for name, one in logs.items() if one.intro.public == public}
