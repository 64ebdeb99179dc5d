"""What a link in memory does beside the contract: weather, cuts, and the same again for the same seed."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

from sync.links.link import Channel
from sync.links.memory import Weather, wire

STORM = Weather(delay=0.05, jitter=0.1, loss=0.3, doubled=0.3)


class Hours:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (self.now + seconds, self._number, what))

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            self.now, _, what = heapq.heappop(self._due)
            what()
        self.now = end


async def story(seed: int) -> tuple[bytes, list[tuple[Channel, bytes]]]:
    """What one end hears in a storm."""
    hours = Hours()
    made = wire(random.Random(seed), STORM, later=hours.later, clock=lambda: hours.now)
    for number in range(50):
        made.dialler.send(Channel.SYNC, bytes([number]) * 1000)
        made.dialler.send(Channel.PRESENCE, bytes([number]))
        hours.run(0.01)
    hours.run(60)
    heard = []
    for _ in range(200):
        made.dialler.send(Channel.SYNC, b"end")
        hours.run(60)
        heard.append(await made.answerer.receive())
        if heard[-1][1] == b"end":
            break
    await made.dialler.close()
    await made.answerer.close()
    return made.dialler.binding, heard


async def test_in_a_storm_sync_arrives_in_order_and_presence_as_it_can() -> None:
    _, heard = await story(1)
    sync = [data[0] for channel, data in heard if channel is Channel.SYNC and data != b"end"]
    glimpses = [data[0] for channel, data in heard if channel is Channel.PRESENCE]
    assert sync == list(range(50))
    assert 10 < len(glimpses) < 50
    assert len(set(glimpses)) == len(glimpses)
    assert glimpses != sorted(glimpses)


async def test_a_seed_tells_one_story() -> None:
    assert await story(3) == await story(3)
    assert await story(3) != await story(4)


async def test_a_cut_is_silent_and_sync_goes_on_when_it_is_mended() -> None:
    hours = Hours()
    made = wire(random.Random(1), later=hours.later, clock=lambda: hours.now)
    hours.run(1)
    made.cut()
    made.dialler.send(Channel.SYNC, b"held up")
    made.dialler.send(Channel.PRESENCE, b"lost")
    hours.run(100)
    assert not made.answerer.closed
    made.mend()
    hours.run(1)
    assert await made.answerer.receive() == (Channel.SYNC, b"held up")
    made.cut()
    await made.dialler.close()
    hours.run(100)
    assert not made.answerer.closed
    await made.answerer.close()


async def test_the_weather_can_change() -> None:
    hours = Hours()
    made = wire(random.Random(1), later=hours.later, clock=lambda: hours.now)
    made.change(Weather(delay=5.0))
    made.dialler.send(Channel.SYNC, b"slow")
    hours.run(4.9)
    made.change(Weather())
    hours.run(0.2)
    assert await made.answerer.receive() == (Channel.SYNC, b"slow")
    await made.dialler.close()
    await made.answerer.close()
