"""Pictures between devices: handed out to the others over TLS, had from them before anything is rendered again.

A program that is in company enters it beside the session. Each device says in its presence at which port it hands out
blobs; a device that no address leads to is asked in the conversation. Whether a device is a member's is asked of the
project at every question. Of what comes, everything was compared with its digest; who gave wrong bytes is named.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from app import asking
from app.place import PRIVATE
from app.screen import Screen
from engine.recipe import FileDigest
from sync import identity
from sync.blobs import budget
from sync.blobs.frames import Broken
from sync.blobs.served import Served
from sync.blobs.sources import Sources
from sync.contacts import Reason
from sync.links.link import Channel, Link
from sync.records import DeviceId
from sync.tasks import Crew

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.feed import Change
    from sync.identity import Random
    from sync.news import News
    from sync.session import Session

REMEMBERED: Final = 1024
"""Of how many blobs it is remembered who gave them."""
TAKES: Final = 100
"""How many takes of the same bytes are asked how long they are."""
LARGEST: Final = 1024**3
"""The most bytes of what no take names, such as a picture that was rendered again."""
WAIT: Final = 600.0
"""Seconds that somebody waits for a picture from others; what came of it is kept, and the next try goes on there."""
CHANCES: Final = ("up", "shown", "synced")
"""News after which somebody may have what nobody had."""
PICTURED: Final = frozenset(("asset", "removed", "renamed", "takes", "approved", "dropped"))
"""Facts after which lists show other assets, or other pictures of them."""
_log = logging.getLogger(__name__)


class Exchange:
    """The blobs of one open project, and the devices they can be had from; made by `exchanging`."""

    def __init__(self, studio: Studio, session: Session, random: Random, *, lan: bool) -> None:
        self._project = studio.project
        self._session = session
        self._gave: dict[FileDigest, tuple[str, ...]] = {}
        self._wrong: Counter[DeviceId] = Counter()
        self._links: dict[DeviceId, Link] = {}
        project = studio.project
        self.sources = Sources(
            studio.blobs, project.device, project.id, self._admitted,
            wrong=self._convicted, given=self._given, random=random,
        )  # fmt: skip
        self.served = (
            Served(studio.blobs, project.device, project.id, self._admitted, random=random) if lan else None
        )

        self.screen = Screen(studio, session.overview, self.sources)

    @property
    def port(self) -> int:
        """Where blobs are handed out; 0 for nowhere."""
        return 0 if self.served is None else self.served.port

    async def bring(self, digest: FileDigest) -> bool:
        """Have a blob fetched from whoever has it; false when nobody who is here gives it."""
        try:
            async with asyncio.timeout(WAIT):
                return await self.sources.want(digest, most=self._most(digest))
        except TimeoutError:
            _log.warning("the picture %s… did not come within %.0f s", digest[:16], WAIT)
            return False

    def _most(self, digest: FileDigest) -> int:
        """How long a blob may be: no longer than any take says, so that nobody gives bytes without an end."""
        rows = self._project.index.takes(sha256=digest, limit=TAKES)
        return max((row.take.bytes for row in rows), default=LARGEST)

    def givers(self, digest: FileDigest) -> tuple[str, ...]:
        """The members whose devices gave a blob lately, by name."""
        return self._gave.get(digest, ())

    def why(self, device: DeviceId) -> list[Reason]:
        """What is wrong with the pictures of a device."""
        count = self._wrong[device]
        if not count:
            return []
        words = f"{self._name(device)} gave wrong bytes for {count} picture{'s' if count > 1 else ''}"
        return [
            Reason(
                "wrong_pictures",
                f"{words}; they were thrown away and asked of others",
                "run restrike verify on that device: its disk may be failing",
            )
        ]

    # --- what the session tells ---

    def begin(self) -> None:
        """Listen to the session from now on; whoever is linked already is there."""
        self._session.blobs = self._said
        for one in self._session.peers():
            if one.link is not None:
                self._up(one.id)

    def end(self) -> None:
        """Listen no more."""
        self._session.blobs = None

    def hear(self, news: News) -> None:
        """Something happened to another device."""
        if news.what == "up":
            self._up(news.device)
        elif news.what == "down":
            self._down(news.device)
        elif news.what == "changed" and (public := self._public(news.device)) is not None:
            self.sources.peer_moved(public, self._addresses(news.device))

    def changed(self, change: Change) -> None:
        """After some changes lists show other pictures; an edit of parameters is none of them."""
        if any(collection in PICTURED for _, collection, _ in change.facts):
            self.screen.stir()

    def chance(self, news: News) -> None:
        """After some news somebody may have small pictures that nobody had."""
        if news.what in CHANCES:
            self.screen.stir(chance=True)

    def _up(self, device: DeviceId) -> None:
        public = self._public(device)
        if public is None or device == self._project.device.id:
            return
        self.sources.peer_up(
            public,
            self._addresses(device),
            partial(self._tell, device),
            partial(self._quiet, device),
        )

    def _down(self, device: DeviceId) -> None:
        self._links.pop(device, None)
        if (public := self._public(device)) is not None:
            self.sources.peer_down(public)

    def _tell(self, device: DeviceId, data: bytes) -> None:
        link = self._session.tell(device, data)
        if link is None:
            raise Broken("the device is not linked any more")
        self._links[device] = link

    async def _quiet(self, device: DeviceId) -> None:
        """Wait until the link has taken what it was given before; raises `LinkClosed`."""
        if (link := self._links.get(device)) is not None:
            await link.drained(Channel.BULK)

    def _said(self, device: DeviceId, data: bytes) -> None:
        public = self._public(device)
        if public is None:
            return
        try:
            self.sources.said(public, data)
        except Broken as error:
            _log.warning("%s says something about pictures that cannot be read: %s", device, error)

    def _addresses(self, device: DeviceId) -> tuple[str, ...]:
        place = self._session.places("pictures").get(device)
        return () if place is None else (place,)

    def _public(self, device: DeviceId) -> bytes | None:
        contact = self._session.contacts.get(device)
        return None if contact is None else contact.peer.public

    def _name(self, device: DeviceId) -> str:
        contact = self._session.contacts.get(device)
        return identity.shown(device) if contact is None else contact.peer.name

    # --- what is asked, and what becomes of it ---

    def _admitted(self, public: bytes) -> bool:
        return public in self._project.members.devices

    def _given(self, digest: FileDigest, givers: Sequence[bytes]) -> None:
        self._gave.pop(digest, None)
        self._gave[digest] = tuple(dict.fromkeys(self._name(identity.device_id(one)) for one in givers))
        for old in list(self._gave)[:-REMEMBERED]:
            del self._gave[old]

    def _convicted(self, public: bytes, digest: FileDigest, words: str) -> None:
        self._wrong[identity.device_id(public)] += 1


@asynccontextmanager
async def exchanging(
    studio: Studio, session: Session, random: Random, *, lan: bool
) -> AsyncIterator[Exchange]:
    """Give and take pictures until left; `studio.elsewhere` asks the others meanwhile."""
    exchange = Exchange(studio, session, random, lan=lan)
    async with AsyncExitStack() as stack:
        if exchange.served is not None:
            await stack.enter_async_context(exchange.served)
        await stack.enter_async_context(exchange.sources)
        stack.enter_context(session.subscribe(exchange.hear))
        screen = exchange.screen
        crew = await stack.enter_async_context(Crew())
        stack.enter_context(studio.project.subscribe(exchange.changed))
        stack.enter_context(session.subscribe(exchange.chance))
        crew.start(screen.run())
        crew.start(
            asking.answer(studio.project.folder / PRIVATE / asking.FOLDER, exchange.bring, rest=budget.rest)
        )
        exchange.begin()
        studio.elsewhere = exchange.bring
        try:
            yield exchange
        finally:
            studio.elsewhere = None
            exchange.end()
