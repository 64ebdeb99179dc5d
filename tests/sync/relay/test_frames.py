"""Frames are read exactly, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.relay import frames
from sync.relay.frames import Malformed
from tests.sync.relay.corpus import FRAMES, broken


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_a_frame_is_read_as_it_was_written(frame: frames.Frame) -> None:
    assert frames.decode(frames.encode(frame)) == frame


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_no_part_of_a_frame_is_one(frame: frames.Frame) -> None:
    data = frames.encode(frame)
    for size in range(len(data)):
        with pytest.raises(Malformed):
            frames.decode(data[:size])
    with pytest.raises(Malformed, match="something follows"):
        frames.decode(data + b"\0")


@given(st.binary(max_size=200))
def test_anything_is_a_frame_or_malformed(data: bytes) -> None:
    try:
        found = frames.decode(data)
    except Malformed:
        return
    assert frames.encode(found) == data


@pytest.mark.parametrize(("name", "data"), broken())
def test_crafted_bytes_are_refused(name: str, data: bytes) -> None:
    with pytest.raises(Malformed):
        frames.decode(data)
