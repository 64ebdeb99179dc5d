"""Messages about blobs in the conversation."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe import FileDigest
from sync.blobs.folder import FolderStore
from sync.blobs.frames import Broken
from sync.blobs.spoken import (
    MOST,
    SMALL,
    Ask,
    Here,
    Large,
    Message,
    NotHere,
    Part,
    answers,
    decode,
    encode,
)
from sync.blobs.store import digest_of

digests = st.binary(min_size=32, max_size=32).map(lambda one: FileDigest(one.hex()))
several = st.lists(digests, min_size=1, max_size=MOST, unique=True).map(tuple)
places = st.integers(0, 2**63)
messages = st.one_of(
    st.builds(Ask, several),
    st.builds(NotHere, several),
    st.builds(Large, st.dictionaries(digests, places, min_size=1, max_size=MOST)),
    st.builds(Here, digests, places, places, st.binary(max_size=300)),
    st.builds(lambda one, at, length: Part(one, at, at + length), digests, places, st.integers(0, SMALL)),
)


@given(message=messages)
def test_what_is_said_is_understood(message: Message) -> None:
    assert decode(encode(message)) == message


@given(data=st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    try:
        message = decode(data)
    except Broken:
        return
    assert isinstance(message, Large) or encode(message) == data


@pytest.mark.parametrize(
    "message",
    [
        Ask(tuple(FileDigest(f"{number:064x}") for number in range(MOST + 1))),
        Ask(()),
        Here(FileDigest("0" * 64), 2**40, 0, bytes(SMALL + 1)),
        Part(FileDigest("0" * 64), 0, SMALL + 1),
        Part(FileDigest("0" * 64), 5, 4),
    ],
)
def test_nobody_says_too_much_at_once(message: Message) -> None:
    with pytest.raises(Broken):
        decode(encode(message))


def test_small_blobs_are_sent_at_once_and_large_ones_named(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "blobs")
    small, empty, large = store.put(bytes(SMALL)), store.put(b""), store.put(bytes(SMALL + 1))
    absent, rotten = digest_of(b"absent"), store.put(b"rotten")
    place = store.path(rotten)
    place.unlink()
    place.write_bytes(b"rottem")
    assert answers(store, Ask((small, absent, large, empty, rotten))) == [
        Here(small, SMALL, 0, bytes(SMALL)),
        Here(empty, 0, 0, b""),
        Large({large: SMALL + 1}),
        NotHere((absent, rotten)),
    ]


def test_parts_are_of_what_is_there(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "blobs")
    large = store.put(bytes(range(250)) * 200)
    assert answers(store, Part(large, 250, 253)) == [Here(large, 50_000, 250, b"\0\1\2")]
    assert answers(store, Part(large, 49_999, 50_001)) == [NotHere((large,))]
    assert answers(store, Part(digest_of(b"absent"), 0, 1)) == [NotHere((digest_of(b"absent"),))]
