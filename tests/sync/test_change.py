"""Reading the header of a change that nobody has vouched for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import Damaged
from sync import change
from sync.document import Document, first_change
from sync.records import DocumentId
from sync.schema import GENESIS, genesis

ACTOR = bytes(range(16))


def raw(*texts: str) -> bytes:
    document = Document.load(genesis(DocumentId("project")), [], ACTOR)
    return document.put([("settings", f"k{n}", text) for n, text in enumerate(texts)])


def test_the_header_says_what_the_binding_says() -> None:
    start = change.header(GENESIS["project"])
    assert (start.actor, start.seq, start.start_op, start.dependencies) == (bytes(16), 1, 1, ())
    document = Document.load([GENESIS["project"]], [], ACTOR)
    assert document.heads == (start.hash,)
    one = change.header(document.put([("settings", "a", "x" * 5000)]))
    two = change.header(document.put([("settings", "b", "y")]))
    assert document.heads == (two.hash,)
    assert (one.actor, one.seq, one.dependencies) == (ACTOR, 1, (start.hash,))
    assert (two.seq, two.start_op, two.dependencies) == (2, one.start_op + 1, (one.hash,))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_never_passes(at: int, flip: int) -> None:
    good = bytearray(raw("some text", "more text"))
    good[at % len(good)] ^= flip
    with pytest.raises(Damaged):
        change.header(bytes(good))


@given(st.binary(max_size=200))
def test_anything_else_is_refused_in_the_same_way(data: bytes) -> None:
    with pytest.raises(Damaged):
        change.header(data)
    with pytest.raises(Damaged):
        change.header(change.MAGIC + data)


def test_what_is_too_large_is_not_read() -> None:
    with pytest.raises(Damaged, match="bytes"):
        change.header(raw("x") + bytes(change.LARGEST))


def test_two_changes_in_one_are_refused() -> None:
    maps = first_change(("a",), ACTOR)
    with pytest.raises(Damaged):
        change.header(maps + maps)
