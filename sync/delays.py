"""What has come and is not taken in yet: which bundles wait, whose they are, and what for.

Also what keeps two devices apart although they are linked: a role that only reads, a log that its device signed twice,
a clock far off, a secret that was never handed on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sync import identity, log, withheld
from sync.change import header
from sync.ledger import Ledger
from sync.log import Bundle
from sync.membership import Members
from sync.records import LogId
from sync.refusals import REFUSALS

if TYPE_CHECKING:
    from sync.project import Project
    from sync.replica import Holdings

FAR_OFF: Final = 300.0
"""Seconds that a clock may be ahead before it is worth a word."""
MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Delay:
    """Bundles of one log that wait: `of` wrote them, and they wait for what one of `need` wrote, or for an owner."""

    of: bytes
    count: int
    need: tuple[bytes, ...] = ()
    owner: bool = False
    log: LogId | None = None
    """The log in which something is missing, where that is known."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two devices do or do not agree: a code, a sentence, and what to do about it."""

    code: str
    sentence: str
    fix: str


@dataclass(frozen=True, slots=True)
class Delays:
    """Between this device and another: what has come and waits here, how many bundles are still to come, what else."""

    waiting: tuple[Reason, ...] = ()
    fetching: int = 0
    obstacles: tuple[Reason, ...] = ()


def between(
    project: Project, tails: Mapping[bytes, Mapping[LogId, int]], other: bytes, now: datetime
) -> Delays:
    """What keeps this device and another apart; `tails` says how far each device that is linked holds the logs."""
    members, own = project.members, project.device.public
    here = {own, *tails}
    reached = {name: n for theirs in tails.values() for name, n in theirs.items()}
    wall = int(now.timestamp() * 1000)

    suspended = project.team.suspensions.of(other)
    blamed: tuple[Reason, ...] = ()
    if suspended is not None:
        said = f"{shown(other, members)} is suspended here: {suspended.sentence}"
        blamed = (Reason("suspended", said, REFUSALS["suspended"].fix),)

    def look(ledger: Ledger) -> Delays:
        have = {one.id: one.last for one in ledger.store.logs().values()}
        fetching = (max(0, n - have.get(name, 0)) for name, n in tails.get(other, {}).items())
        return Delays(
            tuple(reasons(found(ledger, members, here), members, reached)),
            sum(fetching),
            (*blamed, *obstacles(ledger, members, own, other, wall)),
        )

    return project.ask(look)


def progress(holdings: Holdings, tails: Iterable[Mapping[LogId, int]]) -> tuple[int, int]:
    """How many bundles are here, and of how many is known."""
    have = {name: n for name, (n, _) in holdings.items()}
    known = dict(have)
    for theirs in tails:
        for name, n in theirs.items():
            known[name] = max(n, known.get(name, 0))
    return sum(have.values()), sum(known.values())


def found(ledger: Ledger, members: Members, here: Collection[bytes]) -> list[Delay]:
    """What waits on this device; `here` are the keys of this device and of those that are linked."""
    bundles = [log.decode(one) for one in ledger.store.waiting()]
    authors = withheld.authors(ledger.store, bundles)
    barred = {one.log: one for one in withheld.found(ledger.store, members)}
    logs: dict[LogId, list[Bundle]] = {}
    for one in bundles:
        logs.setdefault(one.log, []).append(one)
    held = {header(raw).hash for one in bundles for _, raw in one.changes}
    absent = tuple(one for one in (*members.devices, *members.removed) if one not in here)
    answer = []
    for name, waiting in sorted(logs.items()):
        of, count = authors.get(name, b""), len(waiting)
        if name in barred:
            answer.append(Delay(of, count, owner=True))
        elif _gap(ledger, name, waiting):
            answer.append(Delay(of, count, (of,) if of else absent, log=name))
        elif _lacks(ledger, min(waiting, key=lambda one: one.n), held):
            answer.append(Delay(of, count, tuple(one for one in absent if one != of)))
        else:
            answer.append(Delay(of, count))
    return answer


def _gap(ledger: Ledger, name: LogId, waiting: list[Bundle]) -> bool:
    """Whether the bundle before the first that waits is not here."""
    known = ledger.store.logs().get(name)
    return min(one.n for one in waiting) > (known.last if known is not None else 0) + 1


def _lacks(ledger: Ledger, bundle: Bundle, held: Collection[bytes]) -> bool:
    """Whether a bundle builds on a change that is not here at all, not even among what waits."""
    for document, raw in bundle.changes:
        known = ledger.shelf.past(document).ends
        if any(need not in known and need not in held for need in header(raw).dependencies):
            return True
    return False


def reasons(delays: Collection[Delay], members: Members, reached: Mapping[LogId, int]) -> Iterator[Reason]:
    """The same in sentences; `reached` says how far those that are linked hold the logs."""
    for one in delays:
        whose = f"{one.count} {'bundle' if one.count == 1 else 'bundles'} of {shown(one.of, members)}"
        if one.owner:
            yield Reason(
                "withheld",
                f"{whose} cannot count: written without the right to it",
                f"an owner lets them count: restrike adopt {identity.shown(identity.device_id(one.of))}",
            )
        elif one.log is not None and one.log in reached:
            yield Reason(
                "still_fetching",
                f"{whose} cannot count without earlier ones, which are being fetched",
                "wait",
            )
        elif one.need:
            who = " or ".join(shown(each, members) for each in one.need[:MOST_NAMED])
            yield Reason(
                "waits_for_others",
                f"{whose} cannot count without what {who} wrote, which nobody here has",
                f"let {who} come online, or a device that was linked with it",
            )
        else:
            yield Reason(
                "waits_for_others",
                f"{whose} cannot count without others that wait as well",
                "they come with the next device that has them; restrike verify says more",
            )


def obstacles(ledger: Ledger, members: Members, own: bytes, other: bytes, wall: int) -> Iterator[Reason]:
    """What else keeps two devices from agreeing; `wall` is this device's clock in milliseconds since 1970."""
    name = shown(other, members)
    for device, who in ((own, "this device"), (other, name)):
        if members.role_of(device) == "viewer":
            yield Reason(
                "viewer",
                f"{who} may only look: nothing that is changed there counts",
                "ask an owner for a role",
            )
    yield from _unsealed(members, own, other, name)
    ahead = _ahead(ledger, other, wall)
    if ahead > FAR_OFF:
        yield Reason(
            "clock",
            f"the clock of {name} is {_span(ahead)} ahead of this one",
            "set both clocks; names and approvals go by time",
        )


def _unsealed(members: Members, own: bytes, other: bytes, name: str) -> Iterator[Reason]:
    """Whether one of the two has no part in the secret that seals what goes by relay or mailbox."""
    if not members.epochs:
        return
    newest = max(one.number for one in members.epochs)
    sealed = {device for one in members.epochs if one.number == newest for device in one.sealed}
    for device, who in ((own, "this device"), (other, name)):
        if device in members.devices and identity.device_id(device) not in sealed:
            yield Reason(
                "no_secret",
                f"{who} has not been handed the newest secret, and cannot read what comes by relay or mailbox",
                "it is handed on when both are linked, or another member is online",
            )


def _ahead(ledger: Ledger, other: bytes, wall: int) -> float:
    """How many seconds a device's newest bundle is from the future."""
    newest = 0
    for one in ledger.store.logs().values():
        if one.intro.public == other and (bundle := ledger.store.at(one.id, one.last)) is not None:
            newest = max(newest, bundle.wall)
    return (newest - wall) / 1000


def _span(seconds: float) -> str:
    hours, minutes = seconds / 3600, seconds / 60
    return f"{hours:.0f} hours" if hours >= 2 else f"{minutes:.0f} minutes"


def shown(public: bytes, members: Members) -> str:
    """A device by its member's name and the beginning of its id."""
    device = identity.shown(identity.device_id(public))[:9] if public else "an unknown device"
    removal = members.removed.get(public)
    member = members.devices.get(public) or (removal.member if removal is not None else None)
    person = members.people.get(member) if member is not None else None
    return f"{person.name} ({device})" if person is not None else device
