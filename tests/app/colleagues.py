"""Another device of the team as a session knows it, without a network: it says what a test wants it to say."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.company import together
from app.place import Place
from app.studio import Studio
from sync import presence
from sync.actions import Peer
from sync.contacts import Contact
from sync.dialling import Route
from sync.presence import Present, Preview
from sync.records import DeviceId
from sync.session import Session
from tests.app.test_company import until

BEN = DeviceId("b" * 64)


@dataclass
class Colleague:
    """Ben, who is linked."""

    session: Session
    now: float

    def says(self, present: Present) -> None:
        """What Ben does now."""
        self.now += 1.0
        self.session.room.said(BEN, presence.encode(present), self.now)

    def shows(self, job: str, picture: bytes) -> None:
        """How Ben's picture looks so far."""
        self.session.room.showed(BEN, Preview(job, picture).encode(), self.now)


@asynccontextmanager
async def colleague(studio: Studio) -> AsyncIterator[Colleague]:
    """Ben, in company with a studio that looks for nobody."""
    async with together(studio, Place(studio.project.folder, studio.home), lan=False) as company:
        await until(lambda: company.session is not None)
        session = company.session
        assert session is not None
        peer = Peer(os.urandom(32), studio.project.member, "Ben", "artist", 0)
        session.contacts[BEN] = Contact(peer, Route.LAN)
        now = company.now()
        session.room.entered(BEN, now)
        company.now = lambda: now
        try:
            yield Colleague(session, now)
        finally:
            del session.contacts[BEN]
