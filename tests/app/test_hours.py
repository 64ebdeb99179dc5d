"""A worker's hours: over midnight, on some days, and when they begin again."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hours import parse
from engine.faults import BadField

MONDAY, SATURDAY = 5, 10  # of January 2026


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute)


@pytest.mark.parametrize(
    ("text", "when", "open_"),
    [
        ("19-07", at(MONDAY, 19), True),
        ("19-07", at(MONDAY, 6, 59), True),
        ("19-07", at(MONDAY, 7), False),
        ("19-07", at(MONDAY, 18, 59), False),
        ("08:30-17:15", at(MONDAY, 8, 29), False),
        ("08:30-17:15", at(MONDAY, 8, 30), True),
        ("08:30-17:15", at(MONDAY, 17, 15), False),
        ("sat,sun:00-24", at(SATURDAY, 12), True),
        ("sat,sun:00-24", at(MONDAY, 12), False),
        ("SAT:22-04", at(SATURDAY + 1, 3), True),
        ("sat:22-04", at(SATURDAY, 3), False),
        ("19-07 sat,sun:00-24", at(SATURDAY, 12), True),
        ("07-07", at(MONDAY, 3), True),
    ],
)
def test_what_lies_in_them(text: str, when: datetime, open_: bool) -> None:
    assert parse(text).open(when) is open_


@pytest.mark.parametrize(
    "text", ["", "19", "25-07", "19-25", "19:60-20", "19-07,20-21", "day:19-07", "19–07", "-7", "19-07:75"]
)
def test_what_are_no_hours(text: str) -> None:
    with pytest.raises(BadField, match="hours"):
        parse(text)


def test_when_they_begin_again() -> None:
    assert parse("19-07").opens(at(MONDAY, 12, 30)) == at(MONDAY, 19)
    assert parse("19-07").opens(at(MONDAY, 20, 30)) == at(MONDAY, 20, 30)
    assert parse("sat:08-10").opens(at(MONDAY, 12)) == at(SATURDAY, 8)
    assert parse("mon:08-10").opens(at(MONDAY, 12)) == at(MONDAY + 7, 8)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.integers(0, 23), st.integers(0, 24))
def test_the_next_beginning_is_open_and_not_past(when: datetime, begin: int, end: int) -> None:
    hours = parse(f"{begin}-{end}")
    found = hours.opens(when)
    assert found is not None
    assert hours.open(found)
    assert found >= when.replace(second=0, microsecond=0)
