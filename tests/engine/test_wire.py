"""Frames survive any cutting up of the bytes, and damage is noticed."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import wire
from engine.wire import BadFrame, Decoder, Frame, encode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HEADERS = st.dictionaries(st.text(max_size=8).filter(lambda name: name != "parts"), VALUES, max_size=4)
FRAMES = st.lists(st.tuples(HEADERS, st.lists(st.binary(max_size=40), max_size=3)), max_size=4)


@given(FRAMES, st.lists(st.integers(0, 400), max_size=8))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[tuple[dict[str, Any], list[bytes]]], cuts: list[int]
) -> None:
    data = b"".join(encode(header, parts) for header, parts in frames)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    decoder = Decoder()
    found: list[Frame] = []
    for start, stop in pairwise(places):
        found += decoder.feed(data[start:stop])
    assert [(dict(one.header), list(one.parts)) for one in found] == frames
    assert decoder.empty


def test_half_a_frame_is_not_given_out() -> None:
    decoder = Decoder()
    data = encode({"is": "progress"}, [b"picture"])
    assert list(decoder.feed(data[:-1])) == []
    assert not decoder.empty
    assert len(list(decoder.feed(data[-1:]))) == 1


def _framed(header: bytes) -> bytes:
    return wire.MAGIC + len(header).to_bytes(4, "big") + header


@pytest.mark.parametrize(
    "data",
    [
        b"Traceback (most recent call last)",
        b"RSK2\0\0\0\2{}",
        wire.MAGIC + (wire.LARGEST_HEADER + 1).to_bytes(4, "big"),
        _framed(b"no json"),
        _framed(b"\xff\xfe"),
        _framed(b"[" * 100_000),
        _framed(b"[1]"),
        _framed(b"{}"),
        _framed(json.dumps({"parts": 3}).encode()),
        _framed(json.dumps({"parts": [-1]}).encode()),
        _framed(json.dumps({"parts": [True]}).encode()),
        _framed(json.dumps({"parts": [1.5]}).encode()),
        _framed(json.dumps({"parts": [wire.LARGEST_BODY, 1]}).encode()),
    ],
)
def test_damage_is_noticed(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(Decoder().feed(data))


@given(st.binary(min_size=1, max_size=100))
def test_any_bytes_are_frames_or_damage_or_not_yet_enough(data: bytes) -> None:
    decoder = Decoder()
    try:
        found = list(decoder.feed(data))
    except BadFrame:
        return
    assert found == []


def test_what_a_receiver_would_refuse_is_not_sent() -> None:
    with pytest.raises(BadFrame, match="too large"):
        encode({"text": "x" * (wire.LARGEST_HEADER + 1)})
