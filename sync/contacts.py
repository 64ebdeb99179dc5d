"""What a session knows of every other device: for `peers`, and for "why am I not in sync with X"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sync import identity
from sync.actions import Peer
from sync.delays import Delays
from sync.delays import Reason as Reason
from sync.dialling import Route
from sync.membership import Members
from sync.networks import Step
from sync.presence import Seen
from sync.records import DeviceId
from sync.refusals import Refusal

_ON_THEIR_WAY: Final = "the newest changes are on their way"
LINKS: Final = {Route.LAN: "lan", Route.DIRECT: "direct", Route.RELAY: "relay"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerState:
    """One other device as `peers` shows it; `link` is None while it is away."""

    id: DeviceId
    device: str
    name: str
    member: str
    role: str
    link: str | None
    rtt_ms: float | None
    worker: bool
    state: str
    doing: Mapping[str, Any] | None
    region: str | None
    synced: bool
    looking: str | None
    editing: Mapping[str, Any] | None


@dataclass(slots=True)
class Contact:
    """A device that was linked at least once since the session began."""

    peer: Peer
    route: Route | None = None
    since: float = 0.0
    rtt: float | None = None
    heads: str = ""
    reason: Refusal | None = None
    links: int = 0


@dataclass(slots=True)
class Tried:
    """The last attempt under a name: where to, when, and what came of it; `code` is that of a refusal or a fault.

    `announced` says that whoever it is was found on the network then, and not only written down.
    """

    route: Route
    addresses: tuple[str, ...]
    at: float
    code: str = ""
    message: str = ""
    hint: str = ""
    announced: bool = False


def state(device: DeviceId, contact: Contact, seen: Seen | None, heads: str) -> PeerState:
    """One device for `peers`."""
    present = seen.present if seen is not None else None
    doing = present.doing if present is not None else None
    editing = present.editing if present is not None else None
    return PeerState(
        id=device,
        device=identity.shown(device),
        name=contact.peer.name,
        member=contact.peer.member,
        role=contact.peer.role,
        link=LINKS[contact.route] if contact.route is not None else None,
        rtt_ms=round(contact.rtt * 1000, 1)
        if contact.rtt is not None and contact.route is not None
        else None,
        worker=present is not None and present.worker,
        state=present.state if present is not None and contact.route is not None else "away",
        doing=None
        if doing is None
        else {
            "job": doing.job,
            "asset": doing.asset,
            "stage": doing.stage,
            "step": doing.step,
            "steps": doing.steps,
        },
        region=(present.region or None) if present is not None else None,
        synced=contact.route is not None and bool(contact.heads) and contact.heads == heads,
        looking=(present.looking or None) if present is not None else None,
        editing=None if editing is None else {"asset": editing[0], "fields": list(editing[1])},
    )


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that an answer to "why am I not in sync with X" rests on, at one moment."""

    own: DeviceId
    members: Members
    contacts: Mapping[DeviceId, Contact]
    tries: Mapping[DeviceId, Tried]
    strangers: tuple[Tried, ...]
    heads: str
    steps: tuple[Step, ...]
    now: float
    delays: Delays = field(default_factory=Delays)


def why(device: DeviceId, public: bytes, known: Knowledge) -> list[Reason]:
    """Why this device and that one do or do not agree, the most telling reason first."""
    if device == known.own:
        return [Reason("self", "that is this device", "")]
    contact = known.contacts.get(device)
    if contact is not None and contact.route is not None:
        return [*_linked(contact, known), *known.delays.obstacles]
    found = [*_refused(public, contact, known), *_tried(known.tries.get(device))]
    if not found:
        found = [*_strangers(known.strangers)] or [_unseen(contact)]
    said = " ".join(one.sentence for one in found)
    blocked = [one for one in _blocked(known.steps) if one.sentence.partition(": ")[2] not in said]
    return [*found, *known.delays.waiting, *known.delays.obstacles, *blocked, *_roundabout(known)]


def _linked(contact: Contact, known: Knowledge) -> list[Reason]:
    name = contact.peer.name
    if contact.heads == known.heads and not known.delays.waiting:
        return [Reason("in_sync", f"{name} holds the same as this device", "")]
    found = list(known.delays.waiting)
    if contact.heads != known.heads:
        left = (
            f"{known.delays.fetching} bundles are still to be fetched"
            if known.delays.fetching
            else _ON_THEIR_WAY
        )
        found.append(Reason("catching_up", f"linked with {name}; {left}", "wait a moment"))
    return found


def _refused(public: bytes, contact: Contact | None, known: Knowledge) -> Iterable[Reason]:
    if public in known.members.removed:
        yield Reason(
            "removed_device", "that device was removed from the project", "an owner can admit it again"
        )
    if contact is None or contact.reason is None:
        return
    reason = contact.reason
    if reason.code == "leaving":
        yield Reason("left", f"{contact.peer.name} closed the project there", reason.fix)
    elif reason.code != "silent":
        who = "the other device says" if reason.theirs else "this device says"
        yield Reason(reason.code, f"{who}: {reason.sentence}", reason.fix)


def _tried(tried: Tried | None) -> Iterable[Reason]:
    if tried is not None and tried.code:
        where = ", ".join(tried.addresses[:3])
        yield Reason(tried.code, f"found at {where}, but: {tried.message}", tried.hint)


def _strangers(strangers: Iterable[Tried]) -> list[Reason]:
    """Devices that were found and never said who they are: the one that was asked for may be among them."""
    return [
        Reason(
            one.code, f"somebody was found at {', '.join(one.addresses[:3])}, but: {one.message}", one.hint
        )
        for one in strangers
        if one.code
    ]


def _unseen(contact: Contact | None) -> Reason:
    if contact is None:
        return Reason(
            "not_found",
            "that device was not found on this network since this program was started",
            "start Restrike there (restrike serve) on the same network; if it runs, let UDP port 5353 (multicast) "
            "through both firewalls, or give both one --relay",
        )
    return Reason(
        "lost",
        f"the link to {contact.peer.name} was lost and nobody answers at its address",
        "look whether that device is on and on the network; it is dialled again by itself",
    )


def _roundabout(known: Knowledge) -> Iterable[Reason]:
    """Whoever is linked passes on what it has from others."""
    names = sorted(one.peer.name for one in known.contacts.values() if one.route is not None)
    if names:
        yield Reason(
            "through_others",
            f"what both have done still travels through whoever reaches both; linked here: {', '.join(names)}",
            "",
        )


def _blocked(steps: Iterable[Step]) -> list[Reason]:
    return [Reason("blocked", f"{one.name}: {one.detail}", one.fix) for one in steps if not one.ok]
