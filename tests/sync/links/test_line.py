"""How a line ends: `tests/contracts/test_links.py` says what every link does, this what a carrier may rely on."""

from __future__ import annotations

import asyncio

import pytest

from sync.links.frames import BYE
from sync.links.line import CLOSED_HERE, CLOSED_THERE, Line
from sync.links.link import Channel, LinkClosed


class Shelf:
    """A carrier that keeps what it is given, and counts how often it was closed."""

    def __init__(self) -> None:
        self.kept: list[tuple[Channel, bytes]] = []
        self.open = True
        self.closed = 0

    def room(self, _channel: Channel) -> bool:
        return self.open

    def carry(self, channel: Channel, frame: bytes) -> None:
        self.kept.append((channel, frame))

    def held(self, _channel: Channel) -> int:
        return 0

    async def finish(self) -> None:
        await asyncio.sleep(0)
        self.closed += 1


def line_over(shelf: Shelf, linger: float = 0.0) -> Line:
    return Line(shelf, shelf.finish, kind="memory", binding=bytes(32), remote="shelf", linger=linger)


async def test_closing_says_goodbye_and_closes_the_carrier_once() -> None:
    shelf = Shelf()
    line = line_over(shelf)
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(line.close())
    assert shelf.closed == 1
    assert [frame for frame in shelf.kept if frame[1] == bytes((BYE,))] == [(Channel.SYNC, bytes((BYE,)))]
    await line.finished()
    with pytest.raises(LinkClosed, match=CLOSED_HERE):
        line.send(Channel.SYNC, b"late")


async def test_closing_goes_to_its_end_when_it_is_cancelled() -> None:
    shelf = Shelf()
    line = line_over(shelf)
    async with asyncio.TaskGroup() as group:
        closing = group.create_task(line.close())
        await asyncio.sleep(0)
        closing.cancel()
    assert closing.cancelled()
    assert shelf.closed == 1


async def test_closing_waits_until_the_other_side_heard_of_it() -> None:
    shelf = Shelf()
    line = line_over(shelf, linger=60)
    async with asyncio.TaskGroup() as group:
        closing = group.create_task(line.close())
        while (Channel.SYNC, bytes((BYE,))) not in shelf.kept:
            await asyncio.sleep(0)
        assert shelf.closed == 0
        line.arrived(Channel.SYNC, bytes((BYE,)))
        await closing
    assert shelf.closed == 1


async def test_a_goodbye_is_answered() -> None:
    shelf = Shelf()
    line = line_over(shelf)
    line.arrived(Channel.SYNC, bytes((BYE,)))
    assert shelf.kept[-1] == (Channel.SYNC, bytes((BYE,)))
    with pytest.raises(LinkClosed, match=CLOSED_THERE):
        await line.receive()
    await line.close()


async def test_a_frame_that_breaks_the_rules_ends_the_line_and_says_why() -> None:
    line = line_over(Shelf())
    line.arrived(Channel.SYNC, b"\x63")
    assert line.closed
    with pytest.raises(LinkClosed, match="no known kind"):
        await line.receive()
    line.arrived(Channel.SYNC, b"\x63")
    await line.close()


async def test_a_carrier_that_was_full_gets_the_rest_when_it_pumps() -> None:
    shelf = Shelf()
    shelf.open = False
    line = line_over(shelf)
    line.send(Channel.SYNC, b"message")
    assert shelf.kept == []
    assert line.queued(Channel.SYNC) == 7
    shelf.open = True
    line.pump()
    assert line.queued(Channel.SYNC) == 0
    assert shelf.kept[-1][1].endswith(b"message")
    await line.close()
