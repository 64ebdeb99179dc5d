"""One peer as a source: what it is asked, how fast it was, and how it is reached."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.faults import Fault
from sync.blobs import spoken
from sync.blobs.budget import seconds
from sync.blobs.frames import PART, Broken
from sync.blobs.peer import Gone
from sync.blobs.source import LONGEST, Source
from sync.blobs.spoken import Ask, Here, Large, NotHere, Part
from sync.blobs.store import digest_of
from tests.sync.blobs.mates import BLOB, Mate, mates

SMALL, LARGE, ABSENT = digest_of(b"small"), digest_of(BLOB), digest_of(b"absent")


def talking(mate: Mate, said: list[spoken.Message]) -> Source:
    """A source that is spoken with alone; what was said to it is kept."""

    def say(data: bytes) -> None:
        said.append(spoken.decode(data))

    return Source(b"peer", (), say, mate.caller, seconds)


async def test_answers_in_the_conversation_belong_to_questions(tmp_path: Path) -> None:
    [mate] = mates(tmp_path, 1)
    said: list[spoken.Message] = []
    source = talking(mate, said)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(source.sizes([SMALL, LARGE, ABSENT]))
        await asyncio.sleep(0)
        assert said == [Ask((SMALL, LARGE, ABSENT))]
        source.heard(Here(digest_of(b"unasked"), 7, 0, b"unasked"))
        source.heard(Here(SMALL, 99, 4, b"all"))
        source.heard(Here(SMALL, 5, 0, b"small"))
        source.heard(Here(SMALL, 5, 0, b"again"))
        source.heard(Large({LARGE: len(BLOB)}))
        source.heard(NotHere((ABSENT,)))
    assert asking.result() == {SMALL: b"small", LARGE: len(BLOB), ABSENT: None}


async def test_a_range_is_asked_for_in_messages(tmp_path: Path) -> None:
    [mate] = mates(tmp_path, 1)
    said: list[spoken.Message] = []
    source = talking(mate, said)
    assert source.length == spoken.SMALL
    got = bytearray()
    stop = 2 * spoken.SMALL + 5
    async with asyncio.TaskGroup() as group:
        group.create_task(source.read(LARGE, 0, stop, got.extend))
        for _ in range(3):
            await asyncio.sleep(0)
            part = said[-1]
            assert isinstance(part, Part)
            source.heard(Here(LARGE, len(BLOB), part.start, BLOB[part.start : part.stop]))
            await asyncio.sleep(0)
    assert got == BLOB[:stop]
    assert [one.stop - one.start for one in said if isinstance(one, Part)] == [spoken.SMALL] * 2 + [5]


async def test_what_is_gone_is_said(tmp_path: Path) -> None:
    [mate] = mates(tmp_path, 1)
    source = talking(mate, [])

    async def reading() -> None:
        with pytest.raises(Gone):
            await source.read(LARGE, 0, 5, bytearray().extend)

    async with asyncio.TaskGroup() as group:
        group.create_task(reading())
        await asyncio.sleep(0)
        source.heard(NotHere((LARGE,)))


async def test_a_conversation_that_takes_nothing_is_no_way(tmp_path: Path) -> None:
    [mate] = mates(tmp_path, 1)

    def say(data: bytes) -> None:
        raise Fault("it is closed", "wait")

    source = Source(b"peer", (), say, mate.caller, seconds)
    with pytest.raises(Broken):
        await source.sizes([SMALL])
    with pytest.raises(Broken):
        await Source(b"peer", (), None, mate.caller, seconds).sizes([SMALL])
    with pytest.raises(Broken):
        await Source(b"peer", (), None, mate.caller, seconds).read(SMALL, 0, 1, lambda data: None)


async def test_one_line_serves_and_is_dialled_again_when_it_ended(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(BLOB)
    async with ann.serving() as where:
        source = Source(ann.device.public, (where,), None, ben.caller, seconds)
        assert await source.sizes([digest]) == {digest: len(BLOB)}
        got = bytearray()
        await source.read(digest, 0, len(BLOB), got.extend)
        assert bytes(got) == BLOB
        assert source.attempt == 1
        source.close()
        await source.read(digest, 0, 10, got.extend)
        assert source.attempt == 2
        source.close()


async def test_fast_ones_are_asked_for_more_at_once(tmp_path: Path) -> None:
    [mate] = mates(tmp_path, 1)
    source = Source(b"peer", ("127.0.0.1:1",), None, mate.caller, seconds)
    source.rate = 10.0
    assert source.length == PART
    slow = source.takes(10**6)
    source.rate = 1e9
    assert source.length == LONGEST
    assert source.takes(10**6) < slow
