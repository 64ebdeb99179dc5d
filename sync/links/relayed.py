"""Links through a relay: sealed from end to end with keys of their own, for devices that reach each other no other way.

A link begins with two keys that are exchanged through the relay (`sync.relay.sealing`). Its `binding` is the SHA-256 of
both in sorted order, so that a conversation over it finds out who else had a hand in them. What a relay does to frames
ends in one of two ways: it is ignored (forged, repeated, meant for another), or the link ends (something is missing).
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from engine.faults import Fault
from sync.identity import Random
from sync.links.frames import SMALL_FRAME
from sync.links.line import Line
from sync.links.link import Channel
from sync.relay.client import RelayClient, RelayUnreachable
from sync.relay.sealing import LINK_BYTES, Ephemeral, Gap, Tunnel

OPEN: Final = 1
ACCEPT: Final = 2
FRAME: Final = 3
ASK: Final = 4
ANSWER: Final = 5
PURPOSES: Final = {OPEN: "open", ACCEPT: "accept", ASK: "ask", ANSWER: "answer"}
CHANNELS: Final = tuple(Channel)
SECONDS: Final = 5.0
MOST_EACH: Final = 8
MOST_FORGED: Final = 1_000
MOST_WAITING: Final = 64
HIGH_WATER: Final = 128 * 1024
"""How much of each channel is handed to the connection before the network has taken it."""

Key = tuple[bytes, bytes]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """Something that another device asks through the relay, such as a session description; `answer` at most once."""

    address: bytes
    data: bytes
    _id: bytes
    _links: RelayedLinks = field(repr=False)

    def answer(self, data: bytes) -> None:
        """Answer it; whoever asked may have gone."""
        self._links.tell(ANSWER, self.address, self._id + data)


class RelayedLinks:
    """Everything that goes from device to device over one visit to a relay."""

    def __init__(self, client: RelayClient, random: Random) -> None:
        self.ignored: Counter[str] = Counter()
        self._client = client
        self._random = random
        self._ends: OrderedDict[Key, _End] = OrderedDict()
        self._keys: dict[Key, Ephemeral] = {}
        self._asking: dict[Key, asyncio.Future[bytes]] = {}
        self._seen: OrderedDict[Key, None] = OrderedDict()
        self._accepted: asyncio.Queue[Line | Fault] = asyncio.Queue()
        self._questions: asyncio.Queue[Question | Fault] = asyncio.Queue()
        client.listener = self

    @asynccontextmanager
    async def dial(self, address: bytes, seconds: float = SECONDS) -> AsyncIterator[Line]:
        """A link to the device at an address; raises `RelayUnreachable` where nobody answers."""
        link, own = self._random(LINK_BYTES), Ephemeral.fresh(self._random)
        self._keys[address, link] = own
        try:
            await self._answered(OPEN, address, link, own.public, seconds)
            end = self._ends.get((address, link))
            if end is None:
                raise _silent()
            yield end.line
        finally:
            self._keys.pop((address, link), None)
            begun = self._ends.get((address, link))
            if begun is not None:
                await begun.line.close()

    async def accept(self) -> Line:
        """The next link that another device has opened; whoever takes it closes it. Raises when the visit is over."""
        return _or_raise(await self._accepted.get(), self._accepted)

    async def ask(self, address: bytes, data: bytes, seconds: float = SECONDS) -> bytes:
        """The answer of a device to one message; raises `RelayUnreachable` where there is none."""
        return await self._answered(ASK, address, self._random(LINK_BYTES), data, seconds)

    async def question(self) -> Question:
        """The next message that waits for an answer. Raises when the visit is over."""
        return _or_raise(await self._questions.get(), self._questions)

    def tell(self, kind: int, address: bytes, data: bytes) -> bool:
        """Send one sealed message; False where nobody is at the address."""
        envelope = self._client.envelope(address)
        if envelope is None:
            return False
        self._client.post(address, bytes((kind,)) + envelope.seal(PURPOSES[kind], data, self._random))
        return True

    # --- what the relay brings ---

    def passed(self, address: bytes, data: bytes) -> None:
        """A message came from an address."""
        kind = data[0] if data else 0
        if kind == FRAME:
            end = self._ends.get((address, data[1 : 1 + LINK_BYTES]))
            if end is None:
                self.ignored["no link"] += 1
            else:
                end.arrived(data[1 + LINK_BYTES :])
            return
        envelope = self._client.envelope(address)
        purpose = PURPOSES.get(kind)
        text = envelope.open(purpose, data[1:]) if envelope is not None and purpose is not None else None
        if text is None or len(text) < LINK_BYTES:
            self.ignored["forged"] += 1
            return
        self._read(kind, (address, text[:LINK_BYTES]), text[LINK_BYTES:])

    def gone(self, address: bytes, why: str) -> None:
        """Nothing goes to an address any more."""
        for (other, _), end in tuple(self._ends.items()):
            if other == address:
                end.line.ended(why)
        for (other, _), answer in self._asking.items():
            if other == address and not answer.done():
                answer.set_exception(_silent())

    def over(self, why: str) -> None:
        """The visit has ended, and everything with it."""
        for address in {one for one, _ in (*self._ends, *self._asking)}:
            self.gone(address, why)
        fault = RelayUnreachable(why, "the relay is visited again by itself")
        self._accepted.put_nowait(fault)
        self._questions.put_nowait(fault)

    # --- inside ---

    async def _answered(self, kind: int, address: bytes, link: bytes, data: bytes, seconds: float) -> bytes:
        """Send a message and wait for what answers it."""
        answer = self._asking[address, link] = asyncio.get_running_loop().create_future()
        try:
            if not self.tell(kind, address, link + data):
                raise _silent()
            async with asyncio.timeout(seconds):
                found: bytes = await answer
                return found
        except TimeoutError as error:
            raise _silent() from error
        finally:
            del self._asking[address, link]

    def _read(self, kind: int, key: Key, data: bytes) -> None:
        if kind in (OPEN, ASK):
            if key in self._seen:
                self.ignored["repeated"] += 1
                return
            self._seen[key] = None
            if len(self._seen) > MOST_FORGED:
                self._seen.popitem(last=False)
            if kind == OPEN:
                self._opened(key, data)
            elif self._questions.qsize() < MOST_WAITING:
                self._questions.put_nowait(Question(key[0], data, key[1], self))
            return
        answer, own = self._asking.get(key), self._keys.get(key)
        if answer is None or answer.done() or (kind == ACCEPT) != (own is not None):
            self.ignored["repeated"] += 1
            return
        self._keys.pop(key, None)
        if own is not None and (tunnel := own.agree(data, self._client.room, key[1])) is not None:
            self._begun(key, tunnel).line.pump()
        answer.set_result(data)

    def _opened(self, key: Key, theirs: bytes) -> None:
        """Another device opens a link; it is handed on once its first frame has come."""
        own = Ephemeral.fresh(self._random)
        tunnel = own.agree(theirs, self._client.room, key[1])
        if tunnel is None or not self._room_for(key[0]):
            self.ignored["refused"] += 1
            return
        end = self._begun(key, tunnel)
        end.confirmed = lambda: self._accepted.put_nowait(end.line)
        self.tell(ACCEPT, key[0], key[1] + own.public)
        end.line.pump()

    def _room_for(self, address: bytes) -> bool:
        """Whether one more link may come from an address; those that never began make room."""
        there = [key for key in self._ends if key[0] == address]
        if len(there) < MOST_EACH:
            return True
        stale = next((key for key in there if self._ends[key].confirmed is not None), None)
        if stale is not None:
            self._ends.pop(stale).line.ended("it never began")
        return stale is not None

    def _begun(self, key: Key, tunnel: Tunnel) -> _End:
        async def finish() -> None:
            self._ends.pop(key, None)

        way = _Way(self._client, key, tunnel)
        line = Line(
            way, finish, kind="relay", binding=tunnel.binding, remote=self._client.relay, largest=SMALL_FRAME
        )
        way.line = line
        end = self._ends[key] = _End(line, tunnel)
        return end


class _Way:
    """Carries the frames of one end to the relay, sealed."""

    def __init__(self, client: RelayClient, key: Key, tunnel: Tunnel) -> None:
        self.line: Line | None = None
        self._client = client
        self._address, self._link = key
        self._tunnel = tunnel
        self._held = dict.fromkeys(Channel, 0)

    def room(self, channel: Channel) -> bool:
        """Whether the connection should be given more."""
        return self._held[channel] < HIGH_WATER

    def held(self, channel: Channel) -> int:
        """How much waits for the network."""
        return self._held[channel]

    def carry(self, channel: Channel, frame: bytes) -> None:
        """Seal a frame and hand it over."""

        def sent() -> None:
            self._held[channel] -= len(frame)
            if self.line is not None:
                self.line.pump()

        self._held[channel] += len(frame)
        inside = bytes((CHANNELS.index(channel),)) + frame
        self._client.post(self._address, bytes((FRAME,)) + self._link + self._tunnel.seal(inside), sent)


@dataclass(slots=True)
class _End:
    """One end of a link, with what the relay brings for it; `confirmed` is called by the first true frame."""

    line: Line
    tunnel: Tunnel
    confirmed: Callable[[], None] | None = None
    forged: int = 0

    def arrived(self, data: bytes) -> None:
        """A frame came for this link, or is said to have."""
        try:
            inside = self.tunnel.open(data)
        except Gap:
            self.line.ended("frames were lost on the way")
            return
        if inside is None:
            self.forged += 1
            if self.forged > MOST_FORGED:
                self.line.ended("the relay sends too much that is forged")
            return
        if not inside or inside[0] >= len(CHANNELS):
            self.line.ended("the other side does not keep to the rules of frames")
            return
        if self.confirmed is not None:
            self.confirmed()
            self.confirmed = None
        self.line.arrived(CHANNELS[inside[0]], inside[1:])


def _silent() -> RelayUnreachable:
    return RelayUnreachable(
        "the other side does not answer through the relay", "it may just have left; it is tried again"
    )


def _or_raise(found: T | Fault, queue: asyncio.Queue[T | Fault]) -> T:
    """What came out of a queue; a fault goes back, for whoever asks next."""
    if isinstance(found, Fault):
        queue.put_nowait(found)
        raise found
    return found
