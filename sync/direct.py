"""Direct links to devices that are met at a relay: the descriptions of a connection go through it, sealed.

A relay cannot read them, and whoever could (a member who was removed, say) gains nothing by swapping them: the
conversation signs both certificates' fingerprints. STUN and TURN servers are asked for only here, never on a LAN.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from engine.faults import Fault
from sync.dialling import Route
from sync.links.link import Link, NoLink
from sync.links.relayed import Question, RelayedLinks
from sync.links.webrtc import Answerer, IceServer, dial
from sync.networks import Guests
from sync.relay.client import RelayRefused, RelayUnreachable
from sync.tasks import Crew

Servers = Callable[[], Sequence[IceServer]]
"""The STUN and TURN servers, asked for anew each time because what they are told may expire."""

SECONDS: Final = 6.0
"""How long a direct link may take; the one through the relay stands meanwhile."""
ASKED_SECONDS: Final = 12.0
"""The same with servers: one that is dead costs each side five seconds."""
MOST_EACH: Final = 2
"""Offers of one address that are answered at once."""
LINGER: Final = 0.5
_ANSWER: Final = b"\1"
_NONE: Final = b"\0"
_log = logging.getLogger(__name__)


def none() -> Sequence[IceServer]:
    """No servers: only addresses of this machine are offered."""
    return ()


def seconds(servers: Sequence[IceServer]) -> float:
    """How long a link may take with these servers."""
    return ASKED_SECONDS if servers else SECONDS


@asynccontextmanager
async def dialled(links: RelayedLinks, address: bytes, servers: Sequence[IceServer]) -> AsyncIterator[Link]:
    """A direct link to the device at an address of a relay; raises `NoLink`."""
    limit = seconds(servers)

    async def signal(offer: str) -> str:
        try:
            said = await links.ask(address, offer.encode(), limit)
            if said[:1] == _ANSWER:
                return said[1:].decode()
        except (RelayUnreachable, RelayRefused, UnicodeDecodeError) as error:
            raise NoLink("the other side does not answer the offer of a direct connection") from error
        raise NoLink("the other side cannot make a direct connection now")

    async with dial(signal, servers, timeout=limit, linger=LINGER) as link:
        yield link


class Doorman:
    """Answers the offers that come through a relay."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._under_way: Counter[bytes] = Counter()

    async def run(self, links: RelayedLinks, willing: Callable[[], bool], crew: Crew, guests: Guests) -> None:
        """Answer until the visit is over; what comes of it belongs to the crew, and outlasts the visit."""
        try:
            while True:
                question = await links.question()
                if willing():
                    crew.start(self._answer(question, guests))
                else:
                    question.answer(_NONE)
        except (RelayUnreachable, RelayRefused):
            return  # whoever visits the relay is told as well

    async def _answer(self, question: Question, guests: Guests) -> None:
        if self._under_way[question.address] >= MOST_EACH:
            question.answer(_NONE)
            return
        self._under_way[question.address] += 1
        try:
            await self._meet(question, guests)
        finally:
            self._under_way[question.address] -= 1

    async def _meet(self, question: Question, guests: Guests) -> None:
        """Answer one offer, and have the guests meet whoever comes by it."""
        servers = self._servers()
        async with Answerer(servers, timeout=seconds(servers), linger=LINGER) as answerer:
            try:
                text, arriving = await answerer.answer(question.data.decode())
            except (NoLink, UnicodeDecodeError):
                question.answer(_NONE)
                return
            question.answer(_ANSWER + text.encode())
            if (link := await _arrived(arriving)) is not None:
                await guests.came(link, Route.DIRECT)


async def _arrived(arriving: Awaitable[Link]) -> Link | None:
    try:
        return await arriving
    except Fault as fault:
        _log.info("somebody offered a direct connection: %s", fault.message)
        return None
