"""When a worker works: spans of the day such as `19-07`, on the machine's own clock, on days of the week if named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from engine.faults import BadField

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY: Final = 24 * 60
_ALLOWED: Final = "spans such as 19-07, 22:30-06:15, or sat,sun:00-24; several with a space between"
_SPAN: Final = re.compile(
    r"(?:(?P<days>[a-z]{3}(?:,[a-z]{3})*):)?(?P<h1>\d{1,2})(?::(?P<m1>\d\d))?-(?P<h2>\d{1,2})(?::(?P<m2>\d\d))?"
)


@dataclass(frozen=True, slots=True)
class Span:
    """From one minute of the day to another, over midnight where the second is not later; on days it begins on."""

    begin: int
    end: int
    days: frozenset[int]

    def holds(self, at: datetime) -> bool:
        """Whether a local time lies in it."""
        minute, today = at.hour * 60 + at.minute, at.weekday()
        if self.begin < self.end:
            return today in self.days and self.begin <= minute < self.end
        yesterday = (today - 1) % 7
        return (today in self.days and minute >= self.begin) or (yesterday in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class Hours:
    """Spans of the week; `text` is how they were written."""

    text: str
    spans: Sequence[Span]

    def open(self, at: datetime) -> bool:
        """Whether a local time lies in any of them."""
        return any(one.holds(at) for one in self.spans)

    def opens(self, at: datetime) -> datetime | None:
        """The next local minute from `at` on that lies in one of them; None when there is none within a week."""
        minute = at.replace(second=0, microsecond=0)
        starts = {one.begin % DAY for one in self.spans}
        if self.open(at):
            return minute
        for day in range(8):
            for begin in sorted(starts):
                found = minute.replace(hour=begin // 60, minute=begin % 60) + timedelta(days=day)
                if found >= minute and self.open(found):
                    return found
        return None


def parse(text: str) -> Hours:
    """Read spans; raises `BadField` naming the one that is none."""
    words = text.lower().split()
    if not words:
        raise BadField("hours", text, _ALLOWED)
    return Hours(text, tuple(_span(word) for word in words))


def _span(word: str) -> Span:
    found = _SPAN.fullmatch(word)
    if found is None:
        raise BadField("hours", word, _ALLOWED)
    names = found["days"].split(",") if found["days"] else DAYS
    unknown = [one for one in names if one not in DAYS]
    begin = int(found["h1"]) * 60 + int(found["m1"] or 0)
    end = int(found["h2"]) * 60 + int(found["m2"] or 0)
    minutes_fit = int(found["m1"] or 0) < 60 and int(found["m2"] or 0) < 60
    if unknown or not minutes_fit or not 0 <= begin < DAY or not 0 <= end <= DAY:
        raise BadField("hours", word, _ALLOWED)
    return Span(begin, end, frozenset(DAYS.index(one) for one in names))
