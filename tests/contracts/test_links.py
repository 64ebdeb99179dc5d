"""What every link must do; a new kind joins by one more line in `LINKS`."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from sync.links.link import LARGEST, MOST_QUEUED, Channel, Link, LinkClosed, Overfull
from sync.links.memory import Weather
from tests.sync.links.pairs import Ends, Maker, in_memory, over_webrtc
from tests.sync.relay.stage import over_relay

LINKS: dict[str, Maker] = {
    "memory": in_memory,
    "memory in bad weather": lambda: in_memory(Weather(0.001, 0.003, loss=0.05, doubled=0.2, resend=0.005)),
    "webrtc": over_webrtc,
    "relay": over_relay,
}
SIZES = (0, 1, 300, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537)
PATIENCE = 60.0
"""A link that hangs ends the test after so many seconds; none comes near."""


@pytest.fixture(params=sorted(LINKS))
def make(request: pytest.FixtureRequest) -> Maker:
    return LINKS[request.param]


@asynccontextmanager
async def opened(make: Maker) -> AsyncIterator[Ends]:
    """A link for a test, that ends when it hangs."""
    async with asyncio.timeout(PATIENCE), make() as ends:
        yield ends


async def read(link: Link, channel: Channel, count: int) -> list[bytes]:
    """The next messages of one channel; those of others are left out."""
    found: list[bytes] = []
    while len(found) < count:
        where, data = await link.receive()
        if where is channel:
            found.append(data)
    return found


async def read_all(link: Link) -> list[tuple[Channel, bytes]]:
    """Whatever comes until the link is closed."""
    found = []
    try:
        while True:
            found.append(await link.receive())
    except LinkClosed:
        return found


def fill(link: Link, channel: Channel, data: bytes) -> int:
    """Send until no more is taken; how many messages that were."""
    for count in range(100_000):
        try:
            link.send(channel, data)
        except Overfull:
            return count
    raise AssertionError("a link that takes everything holds everything")


@pytest.mark.parametrize("channel", [Channel.SYNC, Channel.BULK])
async def test_messages_come_whole_and_in_order(make: Maker, channel: Channel) -> None:
    async with opened(make) as ends:
        sent = [random.Random(size).randbytes(size) for size in (*SIZES, LARGEST[channel])]
        for data in sent:
            ends[0].send(channel, data)
        assert await read(ends[1], channel, len(sent)) == sent


async def test_both_ends_speak_on_all_channels_at_once(make: Maker) -> None:
    async with opened(make) as ends:
        chance = random.Random(5)
        said = [
            [
                (chance.choice((Channel.SYNC, Channel.BULK)), chance.randbytes(chance.randrange(40_000)))
                for _ in range(60)
            ]
            for _ in ends
        ]

        async def speak(link: Link, messages: list[tuple[Channel, bytes]]) -> None:
            for channel, data in messages:
                await link.drained(channel)
                link.send(channel, data)

        async def listen(link: Link, messages: list[tuple[Channel, bytes]]) -> None:
            heard = [await link.receive() for _ in messages]
            for channel in (Channel.SYNC, Channel.BULK):
                assert [one for one in heard if one[0] is channel] == [
                    one for one in messages if one[0] is channel
                ]

        async with asyncio.TaskGroup() as group:
            for link, other, messages in ((*ends, said[0]), (*ends[::-1], said[1])):
                group.create_task(speak(link, messages))
                group.create_task(listen(other, messages))


async def test_the_binding_is_of_this_link_alone(make: Maker) -> None:
    bindings = []
    for _ in range(2):
        async with make() as (one, other):
            assert one.binding == other.binding
            assert len(one.binding) == 32
            bindings.append(one.binding)
        if make is LINKS["webrtc"]:
            assert len(set(bindings)) == len(bindings)


async def test_a_link_says_what_it_is(make: Maker) -> None:
    async with opened(make) as ends:
        for link in ends:
            assert link.kind in ("memory", "webrtc", "relay")
            assert link.remote


@pytest.mark.parametrize("channel", list(Channel))
async def test_a_message_above_the_limit_is_refused_and_harms_nothing(make: Maker, channel: Channel) -> None:
    async with opened(make) as ends:
        with pytest.raises(ValueError, match="too large"):
            ends[0].send(channel, bytes(LARGEST[channel] + 1))
        ends[0].send(Channel.SYNC, b"after")
        assert await read(ends[1], Channel.SYNC, 1) == [b"after"]


@pytest.mark.parametrize("channel", [Channel.SYNC, Channel.BULK])
async def test_a_reader_that_stands_still_stops_the_sender(make: Maker, channel: Channel) -> None:
    async with opened(make) as ends:
        one, other = ends
        size = 60_000
        sent = fill(one, channel, bytes(size))
        most = 0
        for _ in range(2000):  # whatever the carrier still takes, it is the window and no more
            await asyncio.sleep(0)
            try:
                one.send(channel, bytes(size))
                sent += 1
            except Overfull:
                pass
            most = max(most, one.queued(channel))
        assert most <= MOST_QUEUED
        assert sent * size <= 2 * MOST_QUEUED
        assert [len(data) for data in await read(other, channel, sent)] == [size] * sent
        await one.drained(channel, 0)
        one.send(channel, b"again")
        assert await read(other, channel, 1) == [b"again"]


async def test_drained_waits_for_the_reader(make: Maker) -> None:
    async with opened(make) as ends:
        one, other = ends
        sent = fill(one, Channel.SYNC, bytes(100_000))
        drained = []

        async def wait() -> None:
            await one.drained(Channel.SYNC, 1000)
            drained.append(one.queued(Channel.SYNC))

        async with asyncio.TaskGroup() as group:
            group.create_task(wait())
            await asyncio.sleep(0)
            assert not drained
            await read(other, Channel.SYNC, sent)
        assert drained[0] <= 1000


async def test_presence_and_sync_are_not_held_up_by_bulk(make: Maker) -> None:
    async with opened(make) as ends:
        one, other = ends
        sent = fill(one, Channel.BULK, bytes(60_000))
        one.send(Channel.SYNC, b"an edit")
        seen: list[Channel] = []
        while not {Channel.SYNC, Channel.PRESENCE} <= set(seen):
            one.send(Channel.PRESENCE, b"here")  # may be lost, so it is said again
            seen.append((await other.receive())[0])
        assert seen.count(Channel.BULK) < sent


async def test_too_much_presence_is_forgotten_and_never_refused(make: Maker) -> None:
    async with opened(make) as ends:
        one, other = ends
        for number in range(5000):
            one.send(Channel.PRESENCE, number.to_bytes(4, "big") + bytes(996))
        assert one.queued(Channel.PRESENCE) <= 1 << 20
        one.send(Channel.SYNC, b"end")
        seen = []
        while (message := await other.receive())[0] is Channel.PRESENCE:
            seen.append(message[1])
        assert len(seen) == len(set(seen))
        assert all(len(data) == 1000 for data in seen)


async def test_presence_of_many_frames_comes_whole(make: Maker) -> None:
    async with opened(make) as ends:
        one, other = ends
        data = random.Random(1).randbytes(LARGEST[Channel.PRESENCE])
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read(other, Channel.PRESENCE, 1))
            while not reading.done():
                one.send(Channel.PRESENCE, data)
                one.send(Channel.SYNC, b"")
                await asyncio.wait([reading], timeout=0.05)
        assert reading.result() == [data]


@pytest.mark.parametrize("closer", [0, 1])
async def test_what_was_said_before_closing_arrives(make: Maker, closer: int) -> None:
    async with opened(make) as ends:
        one, other = ends[closer], ends[1 - closer]
        sent = [(Channel.SYNC, bytes([number]) * 1000) for number in range(20)]
        for channel, data in sent:
            one.send(channel, data)
        async with asyncio.TaskGroup() as group:
            heard = group.create_task(read_all(other))
            await one.close()
        assert heard.result() == sent
        with pytest.raises(LinkClosed):
            other.send(Channel.SYNC, b"")


@pytest.mark.parametrize("closer", [0, 1])
async def test_whoever_waits_learns_that_it_is_closed(make: Maker, closer: int) -> None:
    async with opened(make) as ends:
        fill(ends[0], Channel.SYNC, bytes(100_000))

        async def wait_to_read(link: Link) -> None:
            while True:
                await link.receive()

        async def wait_to_send(link: Link) -> None:
            while True:
                await link.drained(Channel.SYNC, 0)
                fill(link, Channel.SYNC, bytes(100_000))

        async with asyncio.TaskGroup() as group:
            waiting = [
                group.create_task(_closed(wait_to_send(ends[0]))),
                group.create_task(_closed(wait_to_read(ends[0]))),
                group.create_task(_closed(wait_to_read(ends[1]))),
            ]
            await asyncio.wait(waiting, timeout=0.02)
            await ends[closer].close()
        assert all(task.done() for task in waiting)


async def _closed(work: object) -> None:
    with pytest.raises(LinkClosed):
        await work  # type: ignore[misc]


async def test_a_closed_link_stays_closed(make: Maker) -> None:
    async with opened(make) as ends:
        one, other = ends
        async with asyncio.TaskGroup() as group:
            for link in (one, other, one):
                group.create_task(link.close())
        await one.close()
        for link in ends:
            for channel in Channel:
                with pytest.raises(LinkClosed):
                    link.send(channel, b"late")
            with pytest.raises(LinkClosed):
                await link.receive()


async def test_a_reader_that_is_cancelled_loses_nothing(make: Maker) -> None:
    async with opened(make) as (one, other):
        heard = []
        async with asyncio.TaskGroup() as group:
            for number in range(30):
                reading = group.create_task(other.receive())
                await asyncio.sleep(0)
                one.send(Channel.SYNC, bytes([number]))
                reading.cancel()
                await asyncio.wait([reading])
                if not reading.cancelled():
                    heard.append(reading.result()[1])
        heard += await read(other, Channel.SYNC, 30 - len(heard))
        assert heard == [bytes([number]) for number in range(30)]


async def test_nothing_is_left_of_fifty_links(make: Maker) -> None:
    async with make():
        pass  # what is made once and kept
    descriptors, tasks = psutil.Process().num_fds(), len(asyncio.all_tasks())
    for seed in range(50):
        await _opened_and_broken_off(make, random.Random(seed))
    gc.collect()
    assert psutil.Process().num_fds() <= descriptors
    assert len(asyncio.all_tasks()) == tasks


async def _opened_and_broken_off(make: Maker, chance: random.Random) -> None:
    """Open a link and close it at some moment: while it comes about, while it is full, from one end or both."""

    async def live() -> None:
        async with make() as ends:
            for link in ends:
                link.send(chance.choice(list(Channel)), chance.randbytes(chance.randrange(60_000)))
            if chance.random() < 0.5:
                fill(ends[0], Channel.BULK, bytes(60_000))
            if chance.random() < 0.5:
                await chance.choice(ends).close()

    moment = chance.choice((0.0, 0.01, 0.03, 0.06, PATIENCE))
    try:
        async with asyncio.timeout(moment):
            await live()
    except TimeoutError:
        assert moment < PATIENCE
