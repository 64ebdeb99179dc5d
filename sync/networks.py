"""What a session asks of a network: who may be found there, links to them, links from them.

`Lan` (sync/lan.py) and `Far` (sync/far.py) are the two there are; tests have one in memory. What a network says of
somebody is a hint: who it is comes out in the conversation.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from sync.dialling import Route
from sync.links.link import Link
from sync.records import DeviceId


@dataclass(frozen=True, slots=True)
class Hint:
    """Somebody may be reached under that name at those addresses; without addresses it is found there no more.

    `first` says that this side dials first, `device` who it is where that is known, `kept` that it was written down.
    """

    key: str
    route: Route
    addresses: tuple[str, ...]
    first: bool
    device: DeviceId | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a connection, as `doctor` shows it."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


class Guests(Protocol):
    """Whom a network tells what it finds."""

    def hint(self, hint: Hint) -> None:
        """Somebody was found, moved, or is gone."""

    async def came(self, link: Link, route: Route) -> None:
        """Somebody dialled this device; returns when the link is over."""

    def stir(self) -> None:
        """The network is another one now."""


class Network(Protocol):
    """One kind of way to others."""

    async def run(self, guests: Guests) -> None:
        """Find others and let them come in, until cancelled."""

    def dial(self, route: Route, addresses: tuple[str, ...]) -> AbstractAsyncContextManager[Link]:
        """A link to whoever is at these addresses of a hint; raises a Fault where none comes about."""

    def routes(self) -> tuple[Route, ...]:
        """The routes that `dial` serves."""

    def steps(self) -> list[Step]:
        """What works and what does not, from this device outwards."""
