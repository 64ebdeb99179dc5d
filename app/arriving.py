"""A film on its way to this device: how far it is, and when it is all there."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from app.commands.table import Report, Said
from engine.faults import NotFound

if TYPE_CHECKING:
    from app.company import Company
    from sync.news import News
    from sync.project import Project

EVERY: Final = 2.0
"""Seconds between two words on how far it is."""


class Arriving:
    """Says when names can be seen, and then how many bundles are here; `began` is a monotonic time."""

    def __init__(self, company: Company, report: Report, began: float) -> None:
        self._company = company
        self._report = report
        self._began = began
        self._said = time.monotonic()

    def hear(self, news: News) -> None:
        """Something happened to another device."""
        session = self._company.session
        if news.what == "shown" and session is not None and session.overview.open:
            after = time.monotonic() - self._began
            self._report(
                Said(f"{session.overview.open:,} names are there after {after:.1f} s, not proved yet")
            )

    def moved(self) -> None:
        """Something came."""
        session, now = self._company.session, time.monotonic()
        if session is not None and now >= self._said + EVERY:
            self._said = now
            here, known = session.progress()
            self._report(Said(f"{here:,} of {known:,} bundles are here and proved"))

    def agreed(self) -> None:
        """Everything is here."""
        session, after = self._company.session, time.monotonic() - self._began
        if session is not None:
            here, _ = session.progress()
            size = f"{session.received / 1e6:,.1f} MB came"
            self._report(Said(f"all {here:,} bundles are here and proved after {after:.1f} s; {size}"))


async def synced(project: Project, company: Company, seconds: float, arriving: Arriving) -> None:
    """Wait for agreement with another device; every piece of news gives it more time."""
    stirred, agreed = asyncio.Event(), asyncio.Event()

    def hear(news: News) -> None:
        stirred.set()
        arriving.hear(news)
        if news.what == "synced":
            agreed.set()

    company.subscribe(hear)
    with project.subscribe(lambda change: stirred.set()):
        while not agreed.is_set():
            stirred.clear()
            arriving.moved()
            try:
                async with asyncio.timeout(seconds):
                    await stirred.wait()
            except TimeoutError as error:
                reasons = company.session.steps() if company.session is not None else []
                failed = [one for one in reasons if not one.ok]
                hint = failed[0].fix if failed else "let the member's device be on, and call join again"
                raise NotFound("the film did not come", hint) from error
    arriving.agreed()
