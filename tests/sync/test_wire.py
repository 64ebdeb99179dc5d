"""Messages: what is written is read again the same, and of other bytes only one fault ever comes."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import wire
from sync.numbers import LARGEST_NUMBER, leb
from sync.records import LogId
from sync.wire import Malformed
from sync.words import DICTIONARY

numbers = st.integers(0, LARGEST_NUMBER)
logs = st.binary(min_size=16, max_size=16).map(lambda one: LogId(one.hex()))


def exactly(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


def several(one: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(one, max_size=5).map(tuple)


messages = st.one_of(
    st.builds(
        wire.Hello,
        st.integers(0, 255),
        st.integers(0, 255),
        exactly(32),
        exactly(32),
        numbers,
        st.integers(0, 2),
        st.text(max_size=20),
    ),
    st.builds(
        wire.Proof,
        *(exactly(32) for _ in range(5)),
        st.just(b"") | exactly(32),
        st.just(b"") | exactly(64),
        exactly(64),
    ),
    st.builds(wire.Roll, several(exactly(8))),
    st.builds(wire.Entries, st.booleans(), several(st.binary(max_size=90))),
    st.just(wire.Ready()),
    st.builds(wire.Close, st.text("abc_", max_size=40)),
    st.builds(wire.Digest, exactly(32), exactly(32), exactly(32)),
    st.builds(wire.Have, st.booleans(), several(st.builds(wire.Tail, logs, numbers, exactly(16)))),
    st.builds(wire.Want, numbers, several(st.builds(wire.Range, logs, numbers, numbers))),
    st.builds(wire.Bundles, numbers, st.booleans(), several(st.binary(max_size=200))),
    st.builds(wire.Check, st.integers(0, 255), exactly(32), exactly(32), exactly(32)),
    st.builds(
        wire.Detail,
        st.integers(0, 255),
        exactly(32),
        several(st.builds(wire.Row, st.text("ab/", max_size=80), exactly(8), exactly(8))),
    ),
    st.builds(wire.Ping, numbers),
    st.builds(wire.Pong, numbers),
    st.builds(wire.Present, st.binary(max_size=1024)),
    st.builds(wire.Preview, st.binary(max_size=2000)),
    st.builds(wire.Blob, st.binary(max_size=2000)),
)


@given(messages)
def test_what_is_written_is_read_again(message: wire.Message) -> None:
    assert wire.decode(wire.encode(message)) == message


@given(st.binary(max_size=300))
def test_random_bytes_are_malformed_or_mean_what_they_say(data: bytes) -> None:
    try:
        found = wire.decode(data)
    except Malformed:
        return
    assert wire.decode(wire.encode(found)) == found
    if not isinstance(found, wire.Bundles | wire.Detail):  # deflate has many forms of one text
        assert wire.encode(found) == data


@given(messages, st.data())
def test_altered_messages_are_malformed_or_mean_what_they_say(
    message: wire.Message, data: st.DataObject
) -> None:
    broken = bytearray(wire.encode(message))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(broken) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                broken[at] ^= 1 << data.draw(st.integers(0, 7))
            case 1:
                del broken[at:]
                broken += b"\0"
            case _:
                broken.insert(at, data.draw(st.integers(0, 255)))
    try:
        found = wire.decode(bytes(broken))
    except Malformed:
        return
    assert wire.decode(wire.encode(found)) == found


def test_lengths_are_checked_before_anything_is_taken() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    inflating = b"\x0d\x00\x01" + bomb.compress(bytes(50 << 20)) + bomb.flush()
    many = b"\x0b\x01" + leb(2**50)
    huge = b"\x04\x01\x01" + leb(2**40)
    for data in (b"", b"\xff", inflating, many, huge, b"\x05\x00", bytes([6, 2, 0xC3]), b"\x01" * 600):
        with pytest.raises(Malformed):
            wire.decode(data)
    with pytest.raises(ValueError, match="31 bytes"):
        wire.encode(wire.Digest(bytes(31), bytes(32), bytes(32)))


def test_versions_can_be_read_of_a_greeting_that_says_more() -> None:
    assert wire.versions(bytes([1, 2, 9]) + bytes(900)) == (2, 9)
    assert wire.versions(b"\x02\x01\x01") is None
    assert wire.versions(b"\x01") is None
