"""Whom to dial, when, over which route, and which of two links to one device stays: rules without a clock or a network.

Of two devices that find each other, the one with the smaller name offers, and the other only after `PATIENCE` seconds,
for it may be the only one of the two that can. Routes are tried from the best to the worst, each round after a pause of
0.5 to 4 seconds in the first two minutes and of up to a minute later; a change of the network ends every pause. A link
over a worse route is kept while better ones are tried. Of many only a few are tried at once, those that failed least
first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from sync.identity import Random
from sync.records import DeviceId

PATIENCE: Final = 3.0
EAGER: Final = 120.0
"""Seconds after the loss in which pauses are short."""
SHORTEST, SHORT, LONGEST = 0.5, 3.6, 60.0
"""A pause begins with its attempt, so that the attempt after it still lies within four seconds."""
GROWTH: Final = 0.1
"""After two minutes the pause is this share of the time since the loss."""
SETTLED: Final = 5.0
"""A link that lasts for so long was a good one: when it is lost, it is dialled at once."""
STALE: Final = 3.0
"""Seconds of silence after which an old link is no match for a new one: one heartbeat is overdue."""
FORGOTTEN: Final = 180.0
"""Seconds after which somebody who is found no more, and who does not answer, is forgotten."""
STIRRED: Final = 3.0
"""A link that is lost so soon after the network changed was lost by this side: the other one may not know it yet."""
ASLEEP: Final = 5.0
AT_ONCE: Final = 8
HEAVY: Final = 2.0
"""Of attempts under way no more than `AT_ONCE` are younger than this: more would come too late on a slow machine."""


class Route(IntEnum):
    """A way to another device; the larger the better."""

    RELAY = 1
    DIRECT = 2
    LAN = 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing to try now: over which route, at which addresses."""

    key: str
    route: Route
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides which of two links to one device stays: its route, who dialled it, when; its last sign of life."""

    route: Route
    dialler: DeviceId
    heard: float
    began: float


def offers(own: str, other: str) -> bool:
    """Whether this side dials first; names are compared, device ids where they are known."""
    return own < other


def replaces(old: Standing, new: Standing, now: float) -> bool:
    """Whether a new link takes the place of an old one to the same device; both ends come to the same answer."""
    if now - old.heard >= STALE:
        return True
    if new.route != old.route:
        return new.route > old.route
    if new.dialler == old.dialler or new.began - old.began >= SETTLED:  # one dials only what one has given up
        return True
    return new.dialler < old.dialler


def pause(failures: int, since: float, now: float, random: Random) -> float:
    """How long to wait from the beginning of an attempt that failed, `since` being when all was well."""
    most = min(SHORTEST * 2.0**failures, SHORT)
    if now - since >= EAGER:
        most = min(max(SHORT, GROWTH * (now - since)), LONGEST)
    return max(SHORTEST, most * (0.5 + 0.5 * _share(random)))


def _share(random: Random) -> float:
    return int.from_bytes(random(4), "big") / 2.0**32


def slept(wall: float, monotonic: float) -> bool:
    """Whether the machine slept, from how far both clocks moved between two looks."""
    return wall - monotonic > ASLEEP or monotonic > 4 * ASLEEP


@dataclass(slots=True)
class _Target:
    """One name under which somebody can be dialled."""

    key: str
    first: bool
    kept: bool
    since: float
    next: float
    ways: dict[Route, tuple[str, ...]] = field(default_factory=dict)
    device: DeviceId | None = None
    trying: Route | None = None
    began: float = 0.0
    failures: int = 0
    route: Route | None = None  # the one to try next in this round
    gone: float | None = None  # since when it is found no more


class Dialling:
    """Everybody who can be dialled. Whoever carries out an attempt says `failed`, or `linked` and later `lost`."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._targets: dict[str, _Target] = {}
        self._linked: dict[DeviceId, tuple[Route, float]] = {}
        self._stirred = float("-inf")

    def hint(
        self, key: str, route: Route, addresses: Iterable[str], now: float, *, first: bool, kept: bool = False
    ) -> None:
        """Somebody may be found there; `first` says that this side dials first, `kept` that it is never forgotten."""
        found = tuple(dict.fromkeys(addresses))
        one = self._targets.get(key)
        if one is None:
            start = now if first else now + PATIENCE
            one = self._targets[key] = _Target(key, first, kept, now, start)
        elif set(found) - set(one.ways.get(route, ())):  # it moved: what failed before says nothing now
            self._wake(one, now)
        one.gone, one.first, one.kept = None, first, one.kept or kept
        one.ways[route] = found

    def withdraw(self, route: Route, key: str | None = None) -> None:
        """That route is no more, to one or to all."""
        for one in list(self._targets.values()):
            if key in (None, one.key):
                one.ways.pop(route, None)
                if not one.ways and one.trying is None:
                    del self._targets[one.key]

    def gone(self, key: str, now: float) -> None:
        """That name is found no more: it is dialled for a while still, as a cut network looks just like it."""
        one = self._targets.get(key)
        if one is not None and one.gone is None:
            one.gone = now

    def identify(self, key: str, device: DeviceId) -> None:
        """Behind that name there is this device."""
        if key in self._targets:
            self._targets[key].device = device

    def device(self, key: str) -> DeviceId | None:
        """Who is behind a name, as far as it is known."""
        one = self._targets.get(key)
        return one.device if one is not None else None

    def announced(self, key: str) -> bool:
        """Whether somebody is found under that name now, and not only written down."""
        one = self._targets.get(key)
        return one is not None and not one.kept and one.gone is None

    def due(self, now: float) -> list[Attempt]:
        """What to try now; each attempt then counts as begun."""
        self._forget(now)
        found: list[Attempt] = []
        room = AT_ONCE - sum(now - began < HEAVY for began in self._begun())
        for one in sorted(self._targets.values(), key=lambda one: (one.failures, one.next)):
            if len(found) >= room:
                break
            route = self._choice(one)
            if route is None or now < one.next or self._busy(one):
                continue
            one.trying, one.began = route, now
            found.append(Attempt(one.key, route, one.ways[route]))
        return found

    def _begun(self) -> list[float]:
        """When the attempts that are under way were begun, the newest first."""
        return sorted((one.began for one in self._targets.values() if one.trying is not None), reverse=True)

    def next(self) -> float:
        """When `due` is worth asking again, if nothing else happens."""
        begun = self._begun()
        room = begun[AT_ONCE - 1] + HEAVY if len(begun) >= AT_ONCE else float("-inf")
        times = [
            max(one.next, room)
            for one in self._targets.values()
            if self._choice(one) is not None and not self._busy(one)
        ]
        return min(times, default=float("inf"))

    def failed(self, key: str, now: float, *, final: bool = False) -> None:
        """An attempt came to nothing; `final` says that the other side refused, so that haste is of no use."""
        one = self._targets.get(key)
        if one is None or one.trying is None:
            return
        tried, one.trying = one.trying, None
        worse = [route for route in one.ways if route < tried and self._above(one, route)]
        if worse and not final:
            one.route, one.next = max(worse), now
            return
        one.route = None
        one.failures += 1
        wait = LONGEST if final else pause(one.failures, one.since, now, self._random)
        one.next = max(now + SHORTEST, one.began + wait)

    def linked(self, device: DeviceId, route: Route, now: float, key: str | None = None) -> None:
        """A link to a device stands, dialled under that name or come from there."""
        if key is not None and key in self._targets:
            self._targets[key].trying = None
            self.identify(key, device)
        self._linked[device] = (route, now)
        for one in self._of(device):
            one.route = None
            one.next = max(one.next, now + SHORTEST)

    def lost(self, device: DeviceId, now: float, *, gone: bool = False) -> None:
        """The link to a device is lost; `gone` says that it has said goodbye, and is not to be expected at once."""
        known = self._linked.pop(device, None)
        lasted = known is not None and now - known[1] >= SETTLED
        for one in self._of(device):
            one.route = None
            one.since = now
            if lasted and not gone:
                one.failures = 0
                one.next = now if one.first or now - self._stirred < STIRRED else now + PATIENCE
            else:
                one.failures += 1
                one.next = now + pause(one.failures, now, now, self._random) + (0 if one.first else PATIENCE)

    def stir(self, now: float) -> None:
        """The network changed or the machine woke up: every pause is over, and every address is as good as new."""
        self._stirred = now
        for one in self._targets.values():
            self._wake(one, now)

    def _wake(self, one: _Target, now: float) -> None:
        one.failures, one.since, one.route = 0, now, None
        one.next = now if one.first else min(one.next, now + PATIENCE)

    def _of(self, device: DeviceId) -> list[_Target]:
        return [one for one in self._targets.values() if one.device == device]

    def _above(self, one: _Target, route: Route) -> bool:
        """Whether a route is better than the link that stands."""
        known = self._linked.get(one.device) if one.device is not None else None
        return known is None or route > known[0]

    def _choice(self, one: _Target) -> Route | None:
        """The route to try next, None when there is none better than what stands."""
        wanted = [route for route in one.ways if self._above(one, route)]
        return one.route if one.route in wanted else max(wanted, default=None)

    def _busy(self, one: _Target) -> bool:
        """Whether an attempt to the same device goes on."""
        if one.trying is not None:
            return True
        return one.device is not None and any(other.trying is not None for other in self._of(one.device))

    def _forget(self, now: float) -> None:
        for one in list(self._targets.values()):
            late = one.gone is not None and now - max(one.gone, one.since) >= FORGOTTEN
            if late and not one.kept and one.trying is None and one.device not in self._linked:
                del self._targets[one.key]
