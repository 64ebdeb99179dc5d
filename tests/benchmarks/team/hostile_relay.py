"""A relay that does what it likes: what it got to read of a team's work, and what it could make a device believe.

Two devices have sessions and a mailbox at one relay and at first nothing else. While they work the relay meddles in one
way of `WAYS`; then it turns honest, and both must hold the same: what they made themselves, all of it, and nothing
more. What the relay saw is searched for words that were in the work, and for the signatures of its bundles.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from app.place import Place
from app.post import Post
from sync import arrivals, log
from sync.far import Far
from sync.links.relayed import ACCEPT, FRAME, OPEN
from sync.meeting import Meeting, meetings
from sync.project import Project
from sync.relay.mailboxes import Mailboxes
from sync.relay.sealing import LINK_BYTES, Envelope, Ephemeral, Tunnel
from sync.relay.server import Relay
from sync.replica import ProjectReplica
from sync.session import Session
from sync.words import DICTIONARY
from tests.app.test_post import agreed
from tests.benchmarks.figure import Figure
from tests.sync.relay.hostile import Meddler, Passed
from tests.sync.relay.stage import at
from tests.sync.stage import Ticks, add_asset, names
from tests.sync.test_session import team

WAYS = ("drop", "delay", "replay", "swap", "truncate", "inject", "insider")
STORIES = 42
WORKS = 6
"""Assets that each device adds while the relay meddles."""
PATIENCE = 60.0
DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda\x20\x7d\xbb\xf9]")
CANARY = "CANARY-OF-THE-TEAM"


@dataclass
class Found:
    """What came out of all stories."""

    stories: int = 0
    leaks: int = 0
    forged: int = 0
    lost: int = 0
    meddled: int = 0
    opened: int = 0
    slowest: float = 0.0


def measure(share: float) -> list[Figure]:
    """Stories in turn of every way, at least one of each."""
    count = max(len(WAYS), round(STORIES * share))
    found = Found()
    began = time.process_time()
    for seed in range(count):
        asyncio.run(story(WAYS[seed % len(WAYS)], seed, found))
    note = (
        f"{found.stories} stories, each two devices with sessions and mailbox; {', '.join(WAYS)}; "
        f"{found.meddled:,} messages and objects meddled with, {found.opened:,} frames opened by an insider; "
        f"equal {found.slowest:.1f} s after it turned honest at "
        f"most; {time.process_time() - began:.0f} s of CPU, load {os.getloadavg()[0]:.1f}"
    )
    return [
        Figure(what="hostile relay: what it read of the work", unit="leaks", at_most=0, value=found.leaks,
               note=note),
        Figure(what="hostile relay: forgeries accepted", unit="facts", at_most=0, value=found.forged),
        Figure(what="hostile relay: work lost once it is honest again", unit="assets", at_most=0,
               value=found.lost),
    ]  # fmt: skip


async def story(way: str, seed: int, found: Found) -> None:
    """One relay that meddles in one way."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        async with Relay.listening(folder / "relay", clock=Ticks()) as relay, team(folder, "a", "b") as both:
            await agreed(*both)
            meddling = Meddling(way, random.Random(seed))
            meddling.settle(relay)
            async with _online(both[0], relay) as one, _online(both[1], relay) as other:
                meddling.fars = (one, other)
                made = await _work(both, meddling)
                meddling.way = "honest"
                found.slowest = max(found.slowest, await _agree(both, made, found))
            found.stories += 1
            found.meddled += meddling.count
            found.opened += len(meddling.read)
            wanted = [CANARY.encode(), *_signatures(both)]
            seen = meddling.everything(folder / "relay")
            found.leaks += sum(_holds(data, wanted) for data in seen)
            for project in both:
                found.forged += len(set(names(project)) - made)


async def _work(both: Sequence[Project], meddling: Meddling) -> set[str]:
    """Both work while the relay meddles, until it has had its hands on something several times."""
    made: set[str] = set()
    for number in range(WORKS):
        for who, project in enumerate(both):
            name = f"{CANARY}-{who}-{number}"
            add_asset(project, name)
            made.add(name)
        before = meddling.count
        try:
            async with asyncio.timeout(0.5):
                while meddling.count < before + 5:
                    meddling.stirred.clear()
                    await meddling.stirred.wait()
        except TimeoutError:
            continue
    return made


async def _agree(both: Sequence[Project], made: set[str], found: Found) -> float:
    """How long it took until both hold everything."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            with ExitStack() as stack:
                changed = asyncio.Event()
                for one in both:
                    stack.enter_context(one.subscribe(lambda change: changed.set()))
                while any(set(names(one)) != made for one in both):
                    changed.clear()
                    await changed.wait()
    except TimeoutError:
        found.lost += sum(len(made - set(names(one))) for one in both)
    return time.monotonic() - began


def _signatures(both: Sequence[Project]) -> list[bytes]:
    """A part of every bundle that cannot be squeezed: whoever reads a bundle has that."""
    found: set[bytes] = set()
    for project in both:
        replica = ProjectReplica(project, arrivals.here, project._clock)
        for name, (last, _) in replica.have().items():
            found |= {log.decode(data).signature for data in replica.bundles(name, 1, last)}
    return sorted(found)


def _holds(data: bytes, wanted: Sequence[bytes]) -> bool:
    """Whether bytes hold one of the words, plainly or deflated."""
    texts = [data, *(_inflated(data[one.start() :]) for one in DEFLATED.finditer(data))]
    return any(word in text for text in texts for word in wanted)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(15, DICTIONARY).decompress(data, 1 << 22)
    except zlib.error:
        return b""


class Indirect(Far):
    """A relay's network of devices between which nothing but the relay goes."""

    def _places(self) -> Any:
        found = super()._places()
        for one in found.values():
            one.direct.clear()
        return found


@asynccontextmanager
async def _online(project: Project, relay: Relay) -> AsyncIterator[Far]:
    def where() -> list[Meeting]:
        return meetings(project.device, project.team.members, project._clock())

    far = Indirect(at(relay), project.device, where, random=os.urandom)
    replica = ProjectReplica(project, arrivals.here, project._clock)
    place = Place(folder=project.folder, home=project.folder.parent, clock=project._clock)
    private = project.folder / ".restrike"
    async with (
        Session(project, replica, [far], now=time.monotonic, random=os.urandom) as session,
        Post(project, replica, session, private, place, far=far),
    ):
        yield far


@dataclass
class Spied:
    """A link that an insider has put himself into: his keys towards both ends, and what they lead to."""

    keys: tuple[Ephemeral, Ephemeral]
    tunnels: dict[bytes, Tunnel] = field(default_factory=dict)

    @classmethod
    def fresh(cls) -> Self:
        """Keys for one link."""
        return cls((Ephemeral.fresh(os.urandom), Ephemeral.fresh(os.urandom)))


@dataclass
class Meddling:
    """What the relay does to what passes, and to what it keeps."""

    way: str
    draw: random.Random
    count: int = 0
    fars: tuple[Far, ...] = ()
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    _rooms: Meddler | None = None
    _held: list[Passed] = field(default_factory=list)
    read: list[bytes] = field(default_factory=list)
    _spied: dict[bytes, Spied] = field(default_factory=dict)

    def _one_more(self) -> None:
        self.count += 1
        self.stirred.set()

    def settle(self, relay: Relay) -> None:
        """Take the relay over."""
        relay.rooms = self._rooms = Meddler(256, meddle=self.meddle)
        relay.keeper.mailboxes = _Kept(relay.keeper.mailboxes, self)  # type: ignore[assignment]

    def everything(self, folder: Path) -> list[bytes]:
        """All that the relay saw: every message, everything that it keeps, and what an insider could open."""
        assert self._rooms is not None
        files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        return [*(data for _, _, data in self._rooms.seen), *files, *self.read]

    def object(self, data: bytes, others: Sequence[bytes]) -> bytes:
        """An object as it is given out."""
        if self.way in ("honest", "delay", "insider") or self.draw.random() < 0.3:
            return data
        self._one_more()
        if self.way == "truncate":
            return data[: self.draw.randrange(len(data))]
        if self.way in ("swap", "replay"):
            return self.draw.choice(others)
        return _flipped(data, self.draw) if self.way == "inject" else b""

    def meddle(self, message: Passed) -> Sequence[Passed]:
        """What is passed on in place of a message."""
        if self.way == "insider":
            return self._between(message)
        if self.way == "honest":
            held, self._held = self._held, []
            return [*held, message]
        if self.draw.random() < 0.6:
            return [message]
        self._one_more()
        return self._changed(message)

    def _changed(self, message: Passed) -> Sequence[Passed]:
        sender, receiver, data = message
        self._held = [*self._held[-50:], message]
        if self.way == "drop":
            self._held.clear()
            return []
        if self.way == "delay":
            return [self._held.pop(self.draw.randrange(len(self._held)))] if len(self._held) > 5 else []
        if self.way == "replay":
            return [message, self.draw.choice(self._held), message]
        if self.way == "swap":
            other = self.draw.choice(self._held)
            return [(sender, receiver, other[2]), (other[0], other[1], data), (receiver, sender, data)]
        if self.way == "truncate":
            return [(sender, receiver, data[: self.draw.randrange(len(data))])]
        return [
            (sender, receiver, _flipped(data, self.draw)),
            (sender, receiver, os.urandom(len(data))),
            message,
        ]

    # --- with somebody who knows the room ---

    def _between(self, message: Passed) -> Sequence[Passed]:
        """Open links as the other side, towards both: what an insider does who was in the room and sold its key."""
        sender, receiver, data = message
        if data[0] in (OPEN, ACCEPT):
            return self._keys_swapped(message)
        if data[0] != FRAME:
            return [message]
        link, frame = data[1 : 1 + LINK_BYTES], data[1 + LINK_BYTES :]
        spied = self._spied.get(link)
        if spied is None or not {sender, receiver} <= spied.tunnels.keys():
            return [message]
        text = spied.tunnels[sender].open(frame)
        if text is None:
            return []
        self._one_more()
        self.read.append(text)
        return [(sender, receiver, bytes((FRAME,)) + link + spied.tunnels[receiver].seal(text))]

    def _keys_swapped(self, message: Passed) -> Sequence[Passed]:
        sender, receiver, data = message
        visits = {
            visit.client.address: (visit.client.card.visit, visit.meeting.room)
            for far in self.fars
            for visit in far.visits.values()
            if visit.client is not None
        }
        if sender not in visits or receiver not in visits:
            return [message]
        room, purpose = visits[sender][1], "open" if data[0] == OPEN else "accept"
        mine, theirs = visits[receiver][0], visits[sender][0]
        text = Envelope(room, mine, theirs).open(purpose, data[1:])
        if text is None:
            return [message]
        link, public = text[:LINK_BYTES], text[LINK_BYTES:]
        spied = self._spied.setdefault(link, Spied.fresh())
        near, away = spied.keys if data[0] == OPEN else spied.keys[::-1]
        tunnel = near.agree(public, room, link)
        if tunnel is not None:
            spied.tunnels[sender] = tunnel
        self._one_more()
        sealed = Envelope(room, theirs, mine).seal(purpose, link + away.public, os.urandom)
        return [(sender, receiver, bytes(data[:1]) + sealed)]


@dataclass
class _Kept:
    """Mailboxes that give out what a meddler wants."""

    inner: Mailboxes
    meddling: Meddling
    got: list[bytes] = field(default_factory=list)

    def get(self, room: bytes, name: bytes, now: float) -> bytes:
        """An object, or something else."""
        found = self.inner.get(room, name, now)
        self.got.append(found)
        return self.meddling.object(found, self.got)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def _flipped(data: bytes, draw: random.Random) -> bytes:
    at_byte = draw.randrange(len(data))
    return data[:at_byte] + bytes((data[at_byte] ^ (1 << draw.randrange(8)),)) + data[at_byte + 1 :]
