"""The words in which a snapshot is asked for and given, face to face."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from sync import promises, wire
from sync.actions import Action, Send, Shown
from sync.handshake import Refused
from sync.overview import MOST, Page, Place
from sync.snapshots import PAUSE, Snapshots
from sync.wire import Glance, Snapshot
from tests.sync.test_promises import ROW


@dataclass
class Shelf:
    """A project that shows so many pages of one row."""

    pages: int
    wanted: bool = False
    asked: list[int] = field(default_factory=list)

    def page(self, after: Place, number: int) -> Page:
        """The same row again."""
        self.asked.append(number)
        return Page((promises.write(ROW),), None if number + 1 == self.pages else (f"n{number}", "x"))


def said(actions: list[Action]) -> list[wire.Message]:
    return [wire.decode(one.data) for one in actions if isinstance(one, Send)]


def test_only_who_holds_nothing_asks_and_only_who_understands_is_asked() -> None:
    assert said(list(Snapshots(Shelf(1, wanted=True), understood=True).begin())) == [Glance()]
    assert list(Snapshots(Shelf(1, wanted=True), understood=False).begin()) == []
    assert list(Snapshots(Shelf(1), understood=True).begin()) == []
    assert list(Snapshots(None, understood=True).begin()) == []


def test_pages_come_one_at_a_time_and_the_last_says_so() -> None:
    shelf = Shelf(3)
    sponsor = Snapshots(shelf, understood=True)
    newcomer = Snapshots(Shelf(0, wanted=True), understood=True)
    list(newcomer.begin())
    [first] = said(list(sponsor.receive(Glance(), 10.0)))
    assert isinstance(first, Snapshot)
    assert not first.last
    assert list(sponsor.tick(10.0)) == []
    assert sponsor.next == 10.0 + PAUSE
    parts = [first, *said(list(sponsor.tick(11.0))), *said(list(sponsor.tick(12.0)))]
    assert [one.last for one in parts if isinstance(one, Snapshot)] == [False, False, True]
    assert list(sponsor.tick(99.0)) == []
    heard = [one for part in parts if isinstance(part, Snapshot) for one in newcomer.receive(part, 12.0)]
    assert heard == [Shown((ROW,), False), Shown((ROW,), False), Shown((ROW,), True)]
    with pytest.raises(Refused, match="not_asked"):
        list(newcomer.receive(Snapshot(True, ()), 13.0))


def test_who_shows_nothing_says_so() -> None:
    assert said(list(Snapshots(None, understood=True).receive(Glance(), 1.0))) == [Snapshot(True, ())]


def test_it_is_given_once() -> None:
    sponsor = Snapshots(Shelf(1), understood=True)
    list(sponsor.receive(Glance(), 1.0))
    with pytest.raises(Refused, match="too_many"):
        list(sponsor.receive(Glance(), 2.0))


def test_rows_that_nobody_asked_for_that_cannot_be_read_or_that_never_end_are_refused() -> None:
    with pytest.raises(Refused, match="not_asked"):
        list(Snapshots(Shelf(1), understood=True).receive(Snapshot(True, ()), 1.0))
    newcomer = Snapshots(Shelf(1, wanted=True), understood=True)
    list(newcomer.begin())
    with pytest.raises(Refused, match="malformed"):
        list(newcomer.receive(Snapshot(False, (b"[]",)), 1.0))
    page = Snapshot(False, (promises.write(ROW),) * wire.MOST_SHOWN)
    for _ in range(MOST // wire.MOST_SHOWN - 1):
        list(newcomer.receive(page, 1.0))
    with pytest.raises(Refused, match="too_many"):
        list(newcomer.receive(page, 1.0))  # one row more than the most, with the one that could not be read
