"""The part of a conversation that lets a newcomer see names before anything is proved.

A device that holds nothing asks once (`Glance`); the other answers with pages of rows, one at a time between other
words, so that neither side waits for it. Rows count for nothing: see `sync.overview`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from engine.faults import Damaged
from sync import promises
from sync.actions import Action, Shown
from sync.admission import said
from sync.handshake import Refused
from sync.overview import MOST, Page, Place
from sync.wire import Glance, Snapshot

PAUSE: Final = 0.01
"""Seconds between two pages."""
_FIRST: Final[Place] = ("", "")


class Showing(Protocol):
    """What a project shows before it is proved; `sync.overview.Overview` is one."""

    @property
    def wanted(self) -> bool:
        """Whether this device holds nothing yet."""

    def page(self, after: Place, number: int) -> Page:
        """A page of what is proved here."""


class Snapshots:
    """One side of it; `next` is when `tick` sends the next page."""

    def __init__(self, showing: Showing | None, *, understood: bool) -> None:
        self.next = math.inf
        self._showing = showing
        self._understood = understood
        self._asked = self._answered = False
        self._after: Place = _FIRST
        self._pages = self._rows = 0

    def begin(self) -> Iterator[Action]:
        """Ask, if this device holds nothing and the other one knows how to answer."""
        if self._understood and self._showing is not None and self._showing.wanted:
            self._asked = True
            yield said(Glance())

    def receive(self, message: Glance | Snapshot, now: float) -> Iterator[Action]:
        """What the other side says; raises `Refused` for what was not asked, asked twice, too much or no row."""
        if isinstance(message, Glance):
            if self._answered:
                raise Refused("too_many", "snapshots")
            self._answered, self.next = True, now
            yield from self.tick(now)
            return
        if not self._asked:
            raise Refused("not_asked")
        self._asked = not message.last
        self._rows += len(message.rows)
        if self._rows > MOST:
            raise Refused("too_many", f"{self._rows} rows of a snapshot")
        yield Shown(tuple(_read(message.rows)), message.last)

    def tick(self, now: float) -> Iterator[Action]:
        """Send the next page, if it is time."""
        if now < self.next:
            return
        page = Page((), None) if self._showing is None else self._showing.page(self._after, self._pages)
        self._pages += 1
        last = page.next is None or (self._pages + 1) * len(page.rows) > MOST
        self.next = math.inf if last else now + PAUSE
        self._after = page.next or _FIRST
        yield said(Snapshot(last, page.rows))


def _read(rows: Sequence[bytes]) -> Iterator[promises.Promise]:
    for row in rows:
        try:
            yield promises.read(row)
        except Damaged as error:
            raise Refused("malformed", error.message) from error
