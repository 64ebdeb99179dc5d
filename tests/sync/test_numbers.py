"""Numbers and lengths that others wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.numbers import LARGEST_NUMBER, Reader, leb, sleb


@given(st.integers(0, LARGEST_NUMBER), st.integers(-LARGEST_NUMBER, LARGEST_NUMBER))
def test_numbers_come_back(number: int, signed: int) -> None:
    reader = Reader(leb(number) + sleb(signed))
    assert (reader.number(), reader.signed(), reader.left) == (number, signed, 0)
    reader.end()


@given(st.binary(max_size=12))
def test_only_the_shortest_form_is_read(data: bytes) -> None:
    for read, write in ((Reader.number, leb), (Reader.signed, sleb)):
        reader = Reader(data)
        try:
            found = read(reader)
        except ValueError:
            continue
        assert write(found) == data[: reader.at]


def test_bounds_are_kept() -> None:
    for act in (
        lambda: Reader(b"ab").take(3),
        lambda: Reader(b"\x80\x00").number(),
        lambda: Reader(b"\x05").number(4),
        lambda: Reader(b"\xff" * 12).number(),
        lambda: Reader(b"abc").rest(2),
        lambda: Reader(b"abc", 1, 2).take(2),
        lambda: Reader(b"a").end(),
    ):
        with pytest.raises(ValueError, match=r"it|number|left"):
            act()
