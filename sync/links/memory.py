"""Two ends of a link inside one process, with the weather of a real network when a test wants it."""

from __future__ import annotations

import asyncio
import hashlib
import random as rnd
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from sync.links.line import Line
from sync.links.link import LOW_WATER, Channel

Later = Callable[[float, Callable[[], None]], object]
"""Calls something so many seconds from now: `loop.call_later`, or the clock of a test."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What a network does: `delay` and up to `jitter` more in seconds, the shares of frames that are lost and doubled.

    A frame of sync or bulk that is lost is sent again after `resend` seconds and holds up those behind it.
    """

    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    doubled: float = 0.0
    resend: float = 0.2


FINE: Final = Weather()


class Way:
    """One direction: takes frames from one line and brings them to the other."""

    def __init__(
        self, weather: Weather, random: rnd.Random, later: Later, clock: Callable[[], float]
    ) -> None:
        self.weather = weather
        self.cut = False
        self.far: Line | None = None
        self.near: Line | None = None
        self._random, self._later, self._clock = random, later, clock
        self._flying: dict[Channel, deque[bytes]] = {channel: deque() for channel in Channel}
        self._held: deque[Channel] = deque()  # arrivals that a cut holds up
        self._bytes = dict.fromkeys(Channel, 0)
        self._latest = dict.fromkeys(Channel, 0.0)

    def room(self, channel: Channel) -> bool:
        """Whether less than the low-water mark is on its way."""
        return self._bytes[channel] < LOW_WATER

    def held(self, _channel: Channel) -> int:
        """Nothing: what is on its way is on the network."""
        return 0

    def carry(self, channel: Channel, frame: bytes) -> None:
        """Send a frame off."""
        if channel is Channel.PRESENCE:
            lost = self.cut or self._random.random() < self.weather.loss
            copies = 0 if lost else 2 if self._random.random() < self.weather.doubled else 1
            for _ in range(copies):
                self._later(self._trip(), lambda: self._glimpse(frame))
            return
        self._flying[channel].append(frame)
        self._bytes[channel] += len(frame)
        arrival = self._clock() + self._trip()
        while self._random.random() < self.weather.loss:
            arrival += self.weather.resend
        self._latest[channel] = max(self._latest[channel], arrival)
        self._later(max(0.0, self._latest[channel] - self._clock()), lambda: self._arrive(channel))

    def _trip(self) -> float:
        return self.weather.delay + self.weather.jitter * self._random.random()

    def _glimpse(self, frame: bytes) -> None:
        if self.far is not None and not self.cut:
            self.far.arrived(Channel.PRESENCE, frame)

    def _arrive(self, channel: Channel) -> None:
        if self.cut:
            self._held.append(channel)
            return
        if not self._flying[channel]:
            return
        frame = self._flying[channel].popleft()
        self._bytes[channel] -= len(frame)
        if self.far is not None:
            self.far.arrived(channel, frame)
        if self.near is not None:
            self.near.pump()

    def mend(self) -> None:
        """What a cut held up goes on; presence that was sent meanwhile is lost."""
        self.cut = False
        held, self._held = self._held, deque()
        for channel in held:
            self._arrive(channel)


@dataclass(slots=True)
class Wire:
    """Both ends of a link in memory, and what can be done to it: `cut`, `mend`, `change` the weather."""

    dialler: Line
    answerer: Line
    _ways: tuple[Way, Way] = field(repr=False)

    def cut(self) -> None:
        """Nothing passes any more, and neither side is told; as a cable that was pulled."""
        for way in self._ways:
            way.cut = True

    def mend(self) -> None:
        """The cable is back: sync and bulk go on where they stood."""
        for way in self._ways:
            way.mend()

    def change(self, weather: Weather) -> None:
        """Another weather from now on, both ways."""
        for way in self._ways:
            way.weather = weather


def wire(
    random: rnd.Random,
    weather: Weather = FINE,
    *,
    later: Later | None = None,
    clock: Callable[[], float] | None = None,
) -> Wire:
    """A link in memory; whoever makes it closes both ends. Equal seeds give equal bindings and equal losses."""
    loop = asyncio.get_running_loop()
    binding = hashlib.sha256(b"restrike memory link\0" + random.randbytes(32)).digest()
    ways = [
        Way(weather, rnd.Random(random.random()), later or loop.call_later, clock or loop.time) for _ in "ab"
    ]
    there, back = ways

    dialler = Line(there, _nothing, kind="memory", binding=binding, remote="memory", linger=0)
    answerer = Line(back, _nothing, kind="memory", binding=binding, remote="memory", linger=0)
    there.near, there.far, back.near, back.far = dialler, answerer, answerer, dialler
    dialler.pump()
    answerer.pump()
    return Wire(dialler, answerer, (there, back))


async def _nothing() -> None:
    """There is nothing to close: the last frame tells the other end."""


@asynccontextmanager
async def memory_link(
    random: rnd.Random,
    weather: Weather = FINE,
    *,
    later: Later | None = None,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[Wire]:
    """A link in memory, both ends closed at the end."""
    made = wire(random, weather, later=later, clock=clock)
    try:
        yield made
    finally:
        await made.dialler.close()
        await made.answerer.close()
