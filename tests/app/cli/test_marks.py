"""Figures and marks as people read them."""

from __future__ import annotations

import pytest

from app.cli import marks


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (5420, "5.42 kB"),
        (99_960, "100 kB"),
        (999_700, "1 MB"),
        (14_500_000, "14.5 MB"),
        (3e15, "3000 TB"),
    ],
)
def test_sizes(count: float, shown: str) -> None:
    assert marks.size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (0.84, "0.8 s"),
        (42, "42 s"),
        (200, "3 min 20 s"),
        (120, "2 min"),
        (7500, "2 h 5 min"),
        (3600, "1 h"),
    ],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert marks.duration(seconds) == shown


def test_values_stay_on_one_line() -> None:
    assert marks.one_value("a\nb") == "a b"
    assert marks.one_value(None) == "–"
    assert marks.one_value(True) == "yes"
    assert marks.one_value(7.0) == "7"
    assert marks.one_value([1, "x"]) == "1, x"
    assert marks.one_value({"a": 1}) == "a=1"
    assert marks.short("0123456789abcdef") == "0123456789ab"


def test_classes_are_told_without_colour() -> None:
    shown = {marks.grade({"class": one}) for one in ("R0", "R1", "R2", "R3", "unproved")}
    assert len({one[:2] for one in shown}) == 5
    assert len({one[:3] for one in marks.TIERS.values()}) == 3
    assert len({one[0] for one in marks.STATES.values()}) == 6
    assert marks.day("2026-01-31T12:00:00.000Z").startswith("2026-01-31") or marks.day(
        "2026-01-31T12:00:00.000Z"
    )
