"""Entity tags compare weakly in lists, and a range is what RFC 9110 says it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.conditional import etag, matches, ranges
from app.api.faults import NoSuchRange

PARTS = st.lists(st.one_of(st.text(), st.binary(), st.integers()), max_size=4)
OPAQUE = st.text([chr(one) for one in (0x21, *range(0x23, 0x7F), *range(0x80, 0x100))], max_size=9)
TAGS = st.builds(lambda weak, text: f'{weak}"{text}"', st.sampled_from(["", "W/"]), OPAQUE)


@given(PARTS, PARTS)
def test_tags_are_equal_exactly_for_equal_parts(
    one: list[str | bytes | int], other: list[str | bytes | int]
) -> None:
    assert (etag(*one) == etag(*other)) == (one == other)
    assert matches(etag(*one), etag(*one))


@given(st.lists(TAGS, max_size=4), TAGS, st.sampled_from([",", ", ", " ,\t", ",,"]))
def test_a_list_matches_what_is_in_it(listed: list[str], tag: str, comma: str) -> None:
    known = {one.removeprefix("W/") for one in listed}
    assert matches(comma.join(listed), tag) == (tag.removeprefix("W/") in known)
    assert matches(comma.join([*listed, tag]), tag)
    assert matches(" * ", tag)


@pytest.mark.parametrize("header", [None, "", "a", '"a', 'a"a"', '"a" "b"', '*, "a"', 'w/"a"', '"a"b', "''"])
def test_a_header_that_is_none_matches_nothing(header: str | None) -> None:
    assert not matches(header, '"a"')


def test_a_long_header_takes_no_longer_than_it_is() -> None:
    assert not matches('"a",' * 4000 + "!", '"b"')
    assert not matches('"' * 9000, '"b"')
    assert not matches(", " * 9000 + "x", '"b"')


SIZES = st.integers(0, 40)
NUMBERS = st.integers(0, 60)


@given(SIZES, NUMBERS, NUMBERS)
def test_a_range_from_here_to_there(size: int, first: int, last: int) -> None:
    wanted = [one for one in range(size) if first <= one <= last]
    if last < first:
        assert ranges(f"bytes={first}-{last}", size) is None
    elif not wanted:
        with pytest.raises(NoSuchRange) as caught:
            ranges(f"bytes={first}-{last}", size)
        assert caught.value.headers == {"Content-Range": f"bytes */{size}"}
    else:
        assert list(map(list, ranges(f"bytes={first}-{last}", size) or [])) == [wanted]


@given(SIZES, NUMBERS)
def test_a_range_from_here_on_and_the_last_bytes(size: int, number: int) -> None:
    everything = list(range(size))
    for header, wanted in (
        (f"bytes={number}-", everything[number:]),
        (f"bytes=-{number}", everything[-number:]),
    ):
        if header == "bytes=-0" or (header.endswith("-") and not wanted):
            with pytest.raises(NoSuchRange):
                ranges(header, size)
        else:
            found = ranges(header, size)
            assert found is None if not size else list(map(list, found or [])) == [wanted]


@given(st.text("bytes=0123456789-, \t", max_size=14), SIZES)
def test_no_header_asks_for_what_is_not_there(header: str, size: int) -> None:
    try:
        found = ranges(header, size)
    except NoSuchRange:
        return
    assert found is None or (len(found) == 1 and len(found[0]) > 0 and found[0][-1] < size)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=1-2,4-5",
        "lines=1-2",
        "bytes=a-b",
        "bytes=٣-",
        "bytes=+1-",
    ],
)
def test_other_ranges_get_the_whole(header: str | None) -> None:
    assert ranges(header, 10) is None


def test_numbers_may_be_of_any_length() -> None:
    assert ranges("bytes=0-" + "9" * 5000, 10) == [range(10)]
    assert ranges("bytes=-" + "9" * 5000, 10) == [range(10)]
    assert ranges("bytes=" + "0" * 5000 + "1-1", 10) == [range(1, 2)]
    with pytest.raises(NoSuchRange):
        ranges("bytes=" + "9" * 5000 + "-", 10)


def test_a_range_only_of_what_the_caller_has_begun() -> None:
    assert ranges("bytes=1-2", 10, if_range='"a"', tag='"a"') == [range(1, 3)]
    for if_range, tag in (
        ('"b"', '"a"'),
        ('W/"a"', 'W/"a"'),
        ("Sun, 22 Nov 2026 12:00:00 GMT", '"a"'),
        ("", ""),
    ):
        assert ranges("bytes=1-2", 10, if_range=if_range, tag=tag) is None
    assert ranges("bytes=99-", 10, if_range='"b"', tag='"a"') is None
