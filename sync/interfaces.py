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


def standing(of: Callable[[], Addresses] = addresses) -> tuple[bool, str, str]:
    """Whether this machine is on a network that others can be on as well; in a sentence, and with what to do."""
    outside = [one for one in of() if reachable(one)]
    if outside:
        return True, ", ".join(outside), ""
    if any(state.isup and name != "lo" and _scoped(name) for name, state in psutil.net_if_stats().items()):
        return (
            False,
            "this machine has an address for one cable alone (fe80::…), which names no machine to others",
            "give both machines an IPv4 address, such as 10.0.0.1 and 10.0.0.2, or put a router between them",
        )
    return False, "this machine is on no network", "connect it to the network that the others are on"


def _scoped(name: str) -> bool:
    found = psutil.net_if_addrs().get(name, [])
    return any(one.family == socket.AF_INET6 and one.address.startswith("fe80:") for one in found)


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
