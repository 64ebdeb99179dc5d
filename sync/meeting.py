"""Where a project's devices meet at a relay: rooms that follow from the epoch secrets, and doors for who has none yet.

A removed device does not know the room of the epoch that begins at its removal. The rooms of the epochs before are
visited for `OVERLAP` longer, for those who were away. Who has no secret yet is met at a door: that of its ticket, which
whoever holds the ticket finds, or its own, as long as it lacks the newest secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from sync import epochs, identity
from sync.identity import Device
from sync.membership import Members
from sync.records import ProjectId, Time
from sync.relay.names import Room, blinded

OVERLAP: Final = timedelta(days=60)
MOST_EARLIER: Final = 3
MOST_DOORS: Final = 4


class Kind(IntEnum):
    """What a room is; the larger the better to be met in."""

    DOOR = 1
    EARLIER = 2
    NEWEST = 3


@dataclass(frozen=True, slots=True)
class Meeting:
    """A room to be in."""

    room: Room
    kind: Kind


def door(project: ProjectId, public: bytes) -> Meeting:
    """Where a device, or who holds a ticket, is met by its public key."""
    return Meeting(Room.of(blinded(bytes.fromhex(project), "restrike door/1", public)), Kind.DOOR)


def meetings(device: Device, members: Members, now: datetime) -> list[Meeting]:
    """Where a device is to be, the best room first."""
    found = {one.room.name: one for one in (*_doors(device, members, now), *_rooms(device, members, now))}
    return sorted(found.values(), key=lambda one: -one.kind)


def _rooms(device: Device, members: Members, now: datetime) -> Iterator[Meeting]:
    """The rooms of the secrets that this device can open; the newest of them is where it posts."""
    mine = epochs.secrets(device, members)
    begun = {one.commitment: one.time for one in members.epochs}
    after = [begun[one.name] for one in mine]
    for number, one in enumerate(mine[: MOST_EARLIER + 1]):
        if number == 0:
            yield Meeting(Room.of(one.key), Kind.NEWEST)
        elif now - _moment(after[number - 1], now) < OVERLAP:
            yield Meeting(Room.of(one.key), Kind.EARLIER)


def _doors(device: Device, members: Members, now: datetime) -> Iterator[Meeting]:
    """The doors of those who lack the newest secret, and of open tickets; one's own while anybody lacks it."""
    sealed = members.epochs[-1].sealed if members.epochs else {}
    lacking = [one for one in sorted(members.devices) if identity.device_id(one) not in sealed]
    if lacking or device.public not in members.devices:
        yield door(members.project, device.public)
    if device.public in lacking and (ticket := members.joins.get(device.public)) is not None:
        yield door(members.project, ticket)
    for one in [one for one in lacking if one != device.public][:MOST_DOORS]:
        yield door(members.project, one)
    invites = [one for one in members.invites.values() if not one.revoked]
    open_now = [one for one in invites if _moment(one.expires, now) > now]
    for invite in sorted(open_now, key=lambda one: one.expires)[-MOST_DOORS:]:
        yield door(members.project, invite.key)


def _moment(time: Time, now: datetime) -> datetime:
    """A time as entries carry it; one that is none counts as now."""
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return now
    return found if found.tzinfo is not None else now
