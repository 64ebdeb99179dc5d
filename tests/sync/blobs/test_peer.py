"""A line to a peer: many questions at once, and what ends it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.blobs import frames
from sync.blobs.frames import Broken, Kind
from sync.blobs.peer import Gone, Line, address
from sync.blobs.store import digest_of
from tests.sync.blobs.mates import BLOB, mates, rogue


async def test_questions_go_out_at_once_and_each_gets_its_own_answer(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    pictures = [bytes([number]) * 1000 for number in range(50)]
    digests = [ann.store.put(one) for one in pictures]
    async with ann.serving() as where:
        line = await ben.dial(where, ann)

        async def got(number: int) -> bytes:
            found = bytearray()
            await line.read(digests[number], 0, 1000, found.extend)
            return bytes(found)

        async def refused() -> bool:
            with pytest.raises(Gone):
                await line.read(digest_of(b"absent"), 0, 1, bytearray().extend)
            return True

        answers = await asyncio.gather(*(got(number) for number in range(50)), refused())
        assert answers == [*pictures, True]
        line.close()


async def test_who_gives_up_ends_the_line_for_all(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await frames.read_frame(reader, Kind.GET)
        asked.set()
        await reader.read()

    async with rogue(ann.device, silent) as where, asyncio.TaskGroup() as group:
        line = await ben.dial(where, ann)
        first = group.create_task(line.read(digest_of(b""), 0, 1, lambda data: None))
        await asked.wait()
        first.cancel()
        with pytest.raises(Broken):
            await line.sizes([digest_of(b"")])
        assert line.closed


async def test_the_right_device_must_answer(tmp_path: Path) -> None:
    ann, ben, cyd = mates(tmp_path, 3)
    async with cyd.serving() as where:
        with pytest.raises((OSError, EOFError)):
            await ben.dial(where, ann)


async def test_the_first_address_that_leads_there_is_taken(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(BLOB)
    async with ann.serving() as where:
        line = await Line.dial(["[::1]:1", "nonsense", "127.0.0.1:1", where], ann.device.public, ben.caller)
        assert await line.sizes([digest]) == {digest: len(BLOB)}
        line.close()
    with pytest.raises(Broken):
        await Line.dial([], ann.device.public, ben.caller)


def test_addresses_are_numbers() -> None:
    assert address("192.0.2.1:4711") == ("192.0.2.1", 4711)
    assert address("[2001:db8::1]:4711") == ("2001:db8::1", 4711)


@pytest.mark.parametrize("text", ["", "127.0.0.1", "example.org:80", "127.0.0.1:0", "127.0.0.1:70000", ":80"])
def test_names_are_not_looked_up(text: str) -> None:
    with pytest.raises(Broken):
        address(text)


@given(text=st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        host, port = address(text)
    except Broken:
        return
    assert host
    assert 0 < port < 65536
