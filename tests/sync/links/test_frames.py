"""Cutting, joining and credit, without a network."""

from __future__ import annotations

import struct
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.links.frames import (
    BYE,
    GRANT,
    LARGE_FRAME,
    LAST,
    MOST_PRESENCE,
    OPEN,
    PART,
    PIECE,
    SMALL_FRAME,
    WINDOW,
    Broken,
    Frames,
)
from sync.links.link import LARGEST, MOST_QUEUED, Channel, Overfull

MESSAGES = st.lists(
    st.tuples(st.sampled_from([Channel.SYNC, Channel.BULK]), st.integers(0, 120_000)), min_size=1, max_size=12
)


def everywhere(_channel: Channel) -> bool:
    """A carrier with room for all."""
    return True


def pass_on(one: Frames, other: Frames) -> list[tuple[Channel, bytes]]:
    """Every frame that can leave `one` now, taken by `other`."""
    moved = []
    while (frame := one.next(everywhere)) is not None:
        other.take(*frame)
        moved.append(frame)
    return moved


def read_all(frames: Frames) -> list[tuple[Channel, bytes]]:
    """Every message that is there."""
    found = []
    while (message := frames.read()) is not None:
        found.append(message)
    return found


def fill(frames: Frames, channel: Channel, size: int) -> None:
    """Put messages in until no more are taken."""
    for _ in range(1000):
        try:
            frames.put(channel, bytes(size))
        except Overfull:
            return
    raise AssertionError("it takes everything")


def take_many(frames: Frames, channel: Channel, frame: bytes) -> None:
    """The same frame again and again."""
    for _ in range(WINDOW):
        frames.take(channel, frame)


@given(MESSAGES)
def test_every_message_comes_out_as_it_went_in(messages: list[tuple[Channel, int]]) -> None:
    one, other = Frames(), Frames()
    sent = [(channel, bytes([number]) * size) for number, (channel, size) in enumerate(messages)]
    for message in sent:
        one.put(*message)
    heard: list[tuple[Channel, bytes]] = []
    while len(heard) < len(sent):
        pass_on(one, other)
        heard += read_all(other)
        pass_on(other, one)
    for channel in (Channel.SYNC, Channel.BULK):
        assert [m for m in heard if m[0] is channel] == [m for m in sent if m[0] is channel]
        assert one.queued(channel) == 0


def test_frames_are_small_until_both_ends_take_large_ones() -> None:
    for largest, size in ((LARGE_FRAME, LARGE_FRAME), (SMALL_FRAME, SMALL_FRAME), (40_000, 40_000)):
        one, other = Frames(), Frames(largest)
        one.put(Channel.SYNC, bytes(200_000))
        assert max(len(frame) for _, frame in pass_on(one, other)) == SMALL_FRAME
        pass_on(other, one)
        one.put(Channel.SYNC, bytes(200_000))
        assert max(len(frame) for _, frame in pass_on(one, other)) == size


def test_without_a_reader_the_window_is_all_that_leaves() -> None:
    one, other = Frames(), Frames()
    fill(one, Channel.SYNC, 100_000)
    assert one.queued(Channel.SYNC) <= MOST_QUEUED
    moved = sum(len(frame) for _, frame in pass_on(one, other))
    assert moved <= WINDOW
    assert pass_on(one, other) == []
    while read_all(other):
        pass_on(other, one)
        pass_on(one, other)
    assert one.queued(Channel.SYNC) == 0


def test_bulk_leaves_room_for_sync() -> None:
    one = Frames()
    fill(one, Channel.BULK, 60_000)
    one.put(Channel.SYNC, bytes(LARGEST[Channel.SYNC]))


def test_presence_goes_first_and_sync_before_bulk() -> None:
    one, other = Frames(), Frames()
    pass_on(one, other)
    for channel in (Channel.BULK, Channel.SYNC, Channel.PRESENCE):
        one.put(channel, b"x")
    assert [channel for channel, _ in pass_on(one, other)] == [Channel.PRESENCE, Channel.SYNC, Channel.BULK]
    assert [channel for channel, _ in read_all(other)] == [Channel.PRESENCE, Channel.SYNC, Channel.BULK]


def test_bulk_is_not_starved_by_sync() -> None:
    one, other = Frames(), Frames()
    one.put(Channel.BULK, b"x")
    for _ in range(100):
        one.put(Channel.SYNC, b"x")
    pass_on(one, other)
    assert [channel for channel, _ in read_all(other)].index(Channel.BULK) < 20


@given(st.randoms(use_true_random=False), st.integers(1, 64_000))
def test_presence_survives_any_order_and_copies_and_is_whole_or_not_there(chance: object, size: int) -> None:
    one, other = Frames(), Frames()
    pass_on(one, Frames())
    sent = {bytes([number]) * size for number in range(3)}
    for data in sorted(sent):
        one.put(Channel.PRESENCE, data)
    frames: deque[tuple[Channel, bytes]] = deque()
    while (frame := one.next(everywhere)) is not None:
        frames.extend([frame] * chance.choice((0, 1, 1, 1, 2)))  # type: ignore[attr-defined]
    chance.shuffle(frames)  # type: ignore[attr-defined]
    for frame in frames:
        other.take(*frame)
    heard = [data for _, data in read_all(other)]
    assert len(heard) == len(set(heard))
    assert set(heard) <= sent


def test_presence_that_nobody_reads_is_forgotten() -> None:
    one, other = Frames(), Frames()
    for _ in range(50):
        for number in range(20):
            one.put(Channel.PRESENCE, bytes([number]) * 10_000)
        assert one.queued(Channel.PRESENCE) <= MOST_PRESENCE
        pass_on(one, other)
    assert sum(len(data) for _, data in read_all(other)) <= MOST_PRESENCE


BAD_FRAMES = {
    "empty": (Channel.SYNC, b""),
    "of no kind": (Channel.SYNC, b"\x63"),
    "too large": (Channel.SYNC, bytes(LARGE_FRAME + 1)),
    "an empty part": (Channel.SYNC, bytes((PART,))),
    "a grant that is short": (Channel.SYNC, bytes((GRANT, 1))),
    "a grant without end": (Channel.BULK, struct.pack(">BQ", GRANT, 2**64 - 1)),
    "a greeting on bulk": (Channel.BULK, struct.pack(">BI", OPEN, 65536)),
    "a goodbye on bulk": (Channel.BULK, bytes((BYE,))),
    "a piece on sync": (Channel.SYNC, struct.pack(">BIBB", PIECE, 0, 0, 1)),
    "a part on presence": (Channel.PRESENCE, bytes((LAST,)) + b"x"),
    "a piece that is short": (Channel.PRESENCE, bytes((PIECE, 0))),
    "piece 3 of 2": (Channel.PRESENCE, struct.pack(">BIBB", PIECE, 0, 2, 2)),
    "piece 1 of 0": (Channel.PRESENCE, struct.pack(">BIBB", PIECE, 0, 0, 0)),
    "a piece of very many": (Channel.PRESENCE, struct.pack(">BIBB", PIECE, 0, 0, 255)),
}


@pytest.mark.parametrize("name", sorted(BAD_FRAMES))
def test_frames_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(Broken):
        Frames().take(*BAD_FRAMES[name])


def test_a_message_without_end_is_refused() -> None:
    frames = Frames()
    with pytest.raises(Broken, match="above the limit"):
        take_many(frames, Channel.SYNC, bytes((PART,)) + bytes(16_000))


def test_whoever_sends_more_than_was_granted_is_refused() -> None:
    frames = Frames()
    with pytest.raises(Broken, match="granted"):
        take_many(frames, Channel.BULK, bytes((LAST,)))


def test_pieces_that_contradict_each_other_are_refused() -> None:
    frames = Frames()
    frames.take(Channel.PRESENCE, struct.pack(">BIBB", PIECE, 7, 0, 2))
    with pytest.raises(Broken, match="contradict"):
        frames.take(Channel.PRESENCE, struct.pack(">BIBB", PIECE, 7, 1, 3))


@given(st.lists(st.tuples(st.sampled_from(list(Channel)), st.binary(max_size=40)), max_size=30))
def test_any_bytes_are_taken_or_refused(received: list[tuple[Channel, bytes]]) -> None:
    frames = Frames()
    for channel, frame in received:
        try:
            frames.take(channel, frame)
        except Broken:
            return
    read_all(frames)
