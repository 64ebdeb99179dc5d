"""How much a stranger may have of a relay: limits, and the token buckets that keep visitors to them.

Whoever is too fast is made to wait, so that an honest device under load loses nothing; whoever wants more than a share
of what is kept, or of connections, is refused.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

MIB: Final = 1024 * 1024
DAY: Final = 24 * 60 * 60.0
MOST_ADDRESSES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a relay grants: sizes in bytes, times in seconds, rates by the second, each with what may come at once."""

    mailbox: int = 32 * MIB
    objects: int = 10_000
    mailboxes: int = 64
    disk: int = 8 * 1024 * MIB
    kept: float = 14 * DAY
    connections: int = 5_000
    connections_each: int = 100
    visits: float = 5.0
    visits_burst: int = 200
    members: int = 256
    proof: float = 5.0
    messages: float = 1_000.0
    messages_burst: int = 4_000
    bytes: float = 8.0 * MIB
    bytes_burst: int = 16 * MIB
    stored: float = 0.25 * MIB
    stored_burst: int = 128 * MIB
    waiting: int = 8 * MIB
    share: float = 4.0
    """How many times the rates of one connection all those from one network address have together."""


class Bucket:
    """Tokens that come back at `rate` a second up to `burst`; one may go into debt, and then has to wait."""

    __slots__ = ("_at", "_left", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._left = float(burst)
        self._at = now

    def take(self, count: float, now: float) -> float:
        """Take tokens, and say for how many seconds to do nothing further."""
        self._fill(now)
        self._left -= count
        return max(0.0, -self._left / self.rate)

    def spare(self, count: float, now: float) -> bool:
        """Take tokens if there are as many; whether there were."""
        self._fill(now)
        if self._left < count:
            return False
        self._left -= count
        return True

    def full(self, now: float) -> bool:
        """Whether nothing is missing."""
        self._fill(now)
        return self._left >= self.burst

    def _fill(self, now: float) -> None:
        self._left = min(self.burst, self._left + max(0.0, now - self._at) * self.rate)
        self._at = max(self._at, now)


@dataclass(slots=True)
class Allowance:
    """The buckets of one connection, or of all connections from one network address together."""

    messages: Bucket
    bytes: Bucket
    stored: Bucket
    visits: Bucket
    connections: int = 0

    @classmethod
    def of(cls, limits: Limits, now: float, share: float = 1.0) -> Allowance:
        """Full buckets."""
        return cls(
            Bucket(limits.messages * share, limits.messages_burst * share, now),
            Bucket(limits.bytes * share, limits.bytes_burst * share, now),
            Bucket(limits.stored, limits.stored_burst, now),
            Bucket(limits.visits, limits.visits_burst, now),
        )

    def idle(self, now: float) -> bool:
        """Whether to forget it would give nobody anything."""
        buckets = (self.messages, self.bytes, self.stored, self.visits)
        return self.connections == 0 and all(one.full(now) for one in buckets)


K = TypeVar("K")


@dataclass(slots=True)
class Allowances(Generic[K]):
    """The allowance of each network address; those that are full again are forgotten, and their number is bounded."""

    limits: Limits
    clock: Callable[[], float]
    most: int = MOST_ADDRESSES
    _known: OrderedDict[K, Allowance] = field(default_factory=OrderedDict)

    def of(self, key: K) -> Allowance:
        """The allowance of an address."""
        now = self.clock()
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Allowance.of(self.limits, now, self.limits.share)
            self._forget(now)
        self._known.move_to_end(key)
        return found

    def __len__(self) -> int:
        return len(self._known)

    def _forget(self, now: float) -> None:
        """Forget some of those that were asked for longest ago: first idle ones, then any that is not connected."""
        for key in [one for one, _ in zip(self._known, range(16), strict=False)][:-1]:
            one = self._known[key]
            if one.idle(now) or (len(self._known) > self.most and one.connections == 0):
                del self._known[key]


def network(host: str, forwarded: str | None = None) -> str:
    """Whose allowance a connection from `host` draws on: the IPv4 address, or the IPv6 network of 64 bits.

    Where a proxy on this machine passes visitors on, the last address that it names stands for `host`.
    """
    found = _address(host)
    if found is not None and found.is_loopback and forwarded:
        found = _address(forwarded.rpartition(",")[2].strip()) or found
    if found is None:
        return host
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
