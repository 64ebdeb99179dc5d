"""What every link does: whole messages on three channels between two devices, until either side closes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from engine.faults import Fault


class Channel(StrEnum):
    """Where a message travels; the channels do not wait for each other."""

    SYNC = "sync"
    BULK = "bulk"
    PRESENCE = "presence"


LARGEST: Final = {Channel.SYNC: 1 << 20, Channel.BULK: 128 << 10, Channel.PRESENCE: 64 << 10}
"""The most bytes of one message."""

MOST_QUEUED: Final = 8 << 20
"""The most bytes that wait at one end of a link, all channels together; a sender that goes on gets `Overfull`."""

MOST_BULK: Final = 4 << 20
"""The most of them that may be bulk, so that there is always room for what matters."""

LOW_WATER: Final = 256 << 10


class LinkClosed(Fault):
    """The link is closed, by either side or by the network; `str()` says which."""

    code = "link_closed"

    def __init__(self, message: str = "the link is closed") -> None:
        super().__init__(message, "it is dialled again by itself")


class Overfull(Fault):
    """More was sent than the other side takes; wait for `drained` and send then."""

    code = "overfull"

    def __init__(self, channel: Channel, waiting: int) -> None:
        super().__init__(
            f"{waiting} bytes already wait on the {channel} channel", "wait until it has drained"
        )


class NoLink(Fault):
    """No link came about: nobody answered in time, or what was answered is no description of a connection."""

    code = "no_link"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(
            message, hint or "it is tried again by itself; `restrike doctor` says what stands in the way"
        )


class Link(Protocol):
    """A way to one other device; made by async context managers, and leaving those closes it."""

    @property
    def kind(self) -> str:
        """`memory`, `webrtc` or `relay`."""

    @property
    def binding(self) -> bytes:
        """32 bytes that are equal at both ends of this link and at no end of any other."""

    @property
    def remote(self) -> str:
        """The other end for people: an address, or the relay's."""

    def send(self, channel: Channel, data: bytes) -> None:
        """Queue one message; raises `LinkClosed`, `Overfull`, or ValueError above `LARGEST`.

        Presence is never refused: when too much of it waits, the oldest is forgotten.
        """

    def queued(self, channel: Channel) -> int:
        """How many bytes of the channel have not yet been handed to the network."""

    async def drained(self, channel: Channel, below: int = LOW_WATER) -> None:
        """Wait until at most `below` bytes are queued; raises `LinkClosed`."""

    async def receive(self) -> tuple[Channel, bytes]:
        """The next whole message: in order within sync and bulk; presence may be lost and comes in any order.

        Raises `LinkClosed`; what had arrived before the other side closed is handed out first.
        """

    async def close(self) -> None:
        """End it for both sides; may be called at any time, and more than once."""


L = TypeVar("L", bound=Link)


@asynccontextmanager
async def closing(link: L) -> AsyncIterator[L]:
    """The link, closed at the end whatever happens."""
    try:
        yield link
    finally:
        await link.close()
