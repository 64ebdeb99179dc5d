"""A network that exists only here: seeded stories of devices that edit while their links fail in every way.

Time is a number, links are entries of a heap, devices are copies in memory with real documents and the real
conversation. `story` plays one and says how it ended; `campaign` plays many.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sync import identity
from sync.actions import Action, Authenticated, Diverged, Drop, Send, Take
from sync.identity import Device
from sync.links.link import Channel
from sync.membership import statements
from sync.peer import Conversation
from sync.rates import Limits
from sync.records import DocumentId, Time
from tests.sync.replicas import MemoryReplica, Shelves

T = TypeVar("T")
LIMITS = Limits(check=20.0, check_again=20.0)
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATENCY = (0.001, 0.08)
REDIAL = (0.5, 4.0)
DOCUMENTS = tuple(DocumentId(one) for one in ("asset/a1", "asset/b2", "asset/c3", "project", "queue/1"))
COLLECTION = {"asset": "renamed", "project": "settings", "queue": "q"}


@dataclass(frozen=True)
class Outcome:
    """How a story ended."""

    seed: int
    equal: bool
    devices: int
    edits: int
    messages: int
    seconds: float
    why: str = ""
    drops: tuple[str, ...] = ()


@dataclass
class Weather:
    """How bad the links are just now: chances of a message to be lost, sent twice, or held back."""

    drop: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0


@dataclass(eq=False)
class Box:
    """One device: its copy, the conversations that it holds, and its clock's error."""

    number: int
    replica: MemoryReplica
    lines: dict[int, Line] = field(default_factory=dict)
    up: bool = True
    skew: timedelta = timedelta(0)
    backup: Shelves | None = None


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

    def __init__(self, seed: int, devices: int) -> None:
        self.draw = random.Random(seed)
        self.now = 0.0
        self.weather = Weather()
        self.messages = 0
        self.edits = 0
        self.drops: list[str] = []
        self.removed: set[int] = set()
        self.restored: set[int] = set()
        self.written: dict[str, int] = {}
        self.cut: set[frozenset[int]] = set()
        self.lose_next_take: set[int] = set()
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
        owner = self.boxes[0].replica
        for box in self.boxes[1:]:
            role = "worker" if box.number == devices - 1 and devices > 3 else "artist"
            assert owner.members is not None
            entry = statements.admit_new(
                owner.device,
                owner.members,
                box.replica.device.public,
                role,
                f"m{box.number}",
                self._time(0),
                self.draw.randbytes,
            )
            owner.add_entry(entry)
        for box in self.boxes[1:]:
            box.replica.take((), list(owner.entries().values()))

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
                limits=LIMITS,
            )
            for box in (left, right)
        )
        line = Line((left, right), (talks[0], talks[1]))
        left.lines[other] = right.lines[one] = line
        self._after(line, 0, talks[0].tick(self.now))
        self._after(line, 1, talks[1].tick(self.now))

    def _redial(self, one: int, other: int) -> None:
        if not {one, other} & self.removed:
            self.at(self.now + self.draw.uniform(*REDIAL), lambda: self.dial(one, other))

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
                    self.at(self.now + self.draw.uniform(*LATENCY), lambda: self.hang_up(line))
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
        delay = self.draw.uniform(*LATENCY)
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

    def restore(self, box: Box) -> None:
        """A device dies and comes back with an old backup of its copy."""
        if box.backup is not None and box.up:
            self.crash(box)
            box.replica.restore(box.backup)
            self.restored.add(box.number)

    def revoke(self, box: Box) -> None:
        """The owner removes a device, which may be writing just now."""
        owner = self.boxes[0]
        members = owner.replica.members
        if (
            members is None
            or not owner.up
            or box.number == 0
            or box.replica.device.public not in members.devices
        ):
            return
        public = box.replica.device.public
        seen = {
            name: one.last for name, one in owner.replica.shelves.logs().items() if one.intro.public == public
        }
        entry = statements.remove_device(
            owner.replica.device, members, public, seen, self._time(0), self.draw.randbytes
        )
        owner.replica.add_entry(entry)
        self.removed.add(box.number)
        self.stored(owner)


# --- stories ---


def story(seed: int, devices: int = 8, *, revocations: bool = True) -> Outcome:
    """One story: half a minute of edits and trouble, then peace until all hold the same, or do not."""
    net = Network(seed, devices)
    for one, other in net.pairs:
        net.at(net.draw.uniform(0.0, 2.0), _dialling(net, one, other))
    net.weather = Weather(*(net.draw.choice((0.0, 0.05, 0.25)) for _ in range(3)))
    for time, act in _troubles(net, revocations=revocations):
        net.at(time, act)
    net.run(30.0)
    net.weather = Weather()
    net.cut.clear()
    net.lose_next_take.clear()
    for box in net.boxes:
        for line in box.lines.values():
            line.deaf.clear()
    while net.now < 400.0 and not _agree(net):
        net.run(net.now + 3.0)
    why = difference(net)
    return Outcome(seed, not why, devices, net.edits, net.messages, net.now, why, tuple(net.drops))


def campaign(first: int, count: int, devices: int = 8) -> Iterator[Outcome]:
    """Stories of consecutive seeds."""
    for seed in range(first, first + count):
        yield story(seed, devices)


def _dialling(net: Network, one: int, other: int) -> Callable[[], None]:
    return lambda: net.dial(one, other)


def _troubles(net: Network, *, revocations: bool) -> Iterator[tuple[float, Callable[[], None]]]:
    draw = net.draw
    for _ in range(draw.randrange(6, 20)):
        box = draw.choice(net.boxes)
        yield draw.uniform(0.0, 30.0), _bound(net.edit, box)
    for _ in range(draw.randrange(0, 4)):
        yield draw.uniform(1.0, 29.0), _bound(net.crash, draw.choice(net.boxes))
    for _ in range(draw.randrange(0, 2)):
        victim = draw.choice(net.boxes)
        yield draw.uniform(1.0, 29.0), _bound(net.lose_next_take.add, victim.number)
    for _ in range(draw.randrange(0, 3)):
        yield from _partition(net)
    for _ in range(draw.randrange(0, 3)):
        yield draw.uniform(1.0, 20.0), _bound(_deafen, net)
    for _ in range(draw.randrange(0, 2)):
        box = draw.choice(net.boxes)
        yield draw.uniform(0.0, 10.0), _bound(_back_up, box)
        yield draw.uniform(11.0, 29.0), _bound(net.restore, box)
    for _ in range(draw.randrange(0, 3)):
        box, days = draw.choice(net.boxes), draw.uniform(-40, 40)
        yield draw.uniform(0.0, 30.0), _bound(_skew, (box, days))
    if revocations and draw.random() < 0.3:
        yield draw.uniform(3.0, 27.0), _bound(net.revoke, draw.choice(net.boxes[1:]))


def _bound(act: Callable[[T], None], what: T) -> Callable[[], None]:
    return lambda: act(what)


def _partition(net: Network) -> Iterator[tuple[float, Callable[[], None]]]:
    half = set(net.draw.sample(range(len(net.boxes)), len(net.boxes) // 2))
    apart = {frozenset(pair) for pair in net.pairs if (pair[0] in half) != (pair[1] in half)}
    start = net.draw.uniform(1.0, 20.0)
    yield start, lambda: net.cut.update(apart)
    yield start + net.draw.uniform(0.5, 15.0), lambda: net.cut.difference_update(apart)


def _deafen(net: Network) -> None:
    """One end of a link hears nothing any more, and the other does."""
    lines = [line for box in net.boxes for line in box.lines.values()]
    if lines:
        net.draw.choice(lines).deaf.add(net.draw.randrange(2))


def _back_up(box: Box) -> None:
    box.backup = box.replica.shelves.copy()


def _skew(what: tuple[Box, float]) -> None:
    box, days = what
    box.skew = timedelta(days=days)


def _agree(net: Network) -> bool:
    """Whether all that still belong hold the same logs and entries."""
    here = [box.replica for box in net.boxes if box.number not in net.removed]
    return all(box.up for box in net.boxes) and all(
        one.have() == here[0].have() and one.entries().keys() == here[0].entries().keys() for one in here
    )


def difference(net: Network) -> str:
    """What differs between the devices that belong to the project, nothing when they are equal."""
    here = [box for box in net.boxes if box.number not in net.removed]
    wanted = here[0].replica.contents()
    for box in here:
        if box.replica.contents() != wanted:
            return f"contents of {box.number} and {here[0].number}"
        if box.replica.heads() != here[0].replica.heads():
            return f"heads of {box.number} and {here[0].number}"
        if any(box.replica.shelves.facts_of[name] != found for name, found in wanted.items()):
            return f"index of {box.number}"
        if not net.removed and box.replica.shelves.orphans:
            return f"{len(box.replica.shelves.orphans)} bundles wait at {box.number}"
    kept = {key for found in wanted.values() for _, key in found}
    lost = [key for key, number in net.written.items() if key not in kept and number not in net.restored]
    return f"{len(lost)} edits are lost" if lost and not net.removed else ""
