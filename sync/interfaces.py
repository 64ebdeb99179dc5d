"""The addresses of this machine, and when they change."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable
from typing import Final

import psutil

Addresses = tuple[str, ...]

EVERY_SECONDS: Final = 1.0
MOST: Final = 8
_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)


def addresses() -> Addresses:
    """What others on the network can reach this machine by, at most `MOST`; loopback where there is nothing else."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = [
        one.address
        for name, list_of_it in psutil.net_if_addrs().items()
        for one in list_of_it
        if name in up and one.family in _FAMILIES and reachable(one.address)
    ]
    unique = sorted(dict.fromkeys(found), key=lambda text: (":" in text, text))
    return tuple(unique[:MOST]) or ("127.0.0.1",)


def reachable(text: str) -> bool:
    """Whether another machine can make use of an address: no loopback, none that needs to know the interface."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    scoped = isinstance(address, ipaddress.IPv6Address) and (address.is_link_local or bool(address.scope_id))
    return not (scoped or address.is_loopback or address.is_multicast or address.is_unspecified)


async def changes(
    of: Callable[[], Addresses] = addresses, *, every: float = EVERY_SECONDS
) -> AsyncIterator[Addresses]:
    """The addresses now, and then each time they are others; a look costs well under a millisecond."""
    before: Addresses | None = None
    while True:
        now = of()
        if now != before:
            before = now
            yield now
        await asyncio.sleep(every)
