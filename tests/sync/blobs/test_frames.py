"""Frames: what was written is read, and nothing else is."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe import FileDigest
from sync.blobs import frames
from sync.blobs.frames import Broken, Kind

digests = st.binary(min_size=32, max_size=32).map(lambda one: FileDigest(one.hex()))


def read(data: bytes, *kinds: Kind) -> tuple[Kind, bytes]:
    async def reading() -> tuple[Kind, bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await frames.read_frame(reader, *kinds)

    return asyncio.run(reading())


@given(named=st.lists(digests, max_size=20), size=st.integers(0, 2**64 - 2))
def test_questions_and_answers_come_back_as_they_were(named: list[FileDigest], size: int) -> None:
    assert frames.named(read(frames.has(named), Kind.HAS)[1]) == named
    found = [size if number % 2 else None for number in range(len(named))]
    assert frames.read_sizes(read(frames.sizes(found), Kind.SIZES)[1], len(named)) == found
    for one in named:
        assert frames.asked(read(frames.get(one, size // 2, size), Kind.GET)[1]) == (one, size // 2, size)


@given(data=st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    try:
        kind, body = read(data, Kind.HAS, Kind.GET)
        frames.named(body) if kind is Kind.HAS else frames.asked(body)
    except (Broken, EOFError):
        return
    assert data.startswith(frames.frame(kind, body))


@pytest.mark.parametrize("kind", list(Kind))
def test_no_frame_is_longer_than_its_kind_may_be(kind: Kind) -> None:
    with pytest.raises(Broken):
        read((2**24).to_bytes(4, "big") + bytes([kind]), kind)


def test_an_answer_to_another_question_is_refused() -> None:
    with pytest.raises(Broken):
        frames.read_sizes(bytes(8), 2)
