"""What the membership entries add up to: people, their devices and roles, invitations, removals, secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.faults import NotFound
from sync import identity, schema
from sync.membership.entry import OWNER, ROLES
from sync.records import DeviceId, LogId, MemberId, ProjectId, Time

WORKERS = frozenset(("takes", "struck", "profiles")) | {
    one.name for one in schema.COLLECTIONS if one.family == "queue"
}
"""The collections that a worker writes: the queue, and what publishing a picture needs."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member with the devices (public keys) that speak for him."""

    id: MemberId
    name: str
    role: str
    devices: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Invite:
    """An invitation by the public key of its ticket; `member` is set where it is for a device of that member.

    `used` counts the joins that count, `revoked` says that it was called off.
    """

    key: bytes
    role: str
    uses: int
    used: int
    expires: Time
    by: bytes
    member: MemberId | None
    revoked: bool

    def open(self, now: Time) -> bool:
        """Whether somebody may still join by it."""
        return not self.revoked and self.used < self.uses and now <= self.expires


@dataclass(frozen=True, slots=True)
class Removal:
    """A device that speaks for nobody any more: up to where its logs count, who removed it, and when.

    `role` is the one that it had before.
    """

    device: bytes
    member: MemberId
    role: str
    seen: Mapping[LogId, int]
    by: bytes
    time: Time


@dataclass(frozen=True, slots=True)
class Demotion:
    """A member's role was lowered: bundles up to `seen` count by the `role` before."""

    role: str
    seen: Mapping[LogId, int]


@dataclass(frozen=True, slots=True)
class Epoch:
    """A secret as entries carry it: named by its commitment, sealed to devices, with the secrets before it inside.

    `time` is when it was begun.
    """

    number: int
    commitment: bytes
    sealed: Mapping[DeviceId, tuple[bytes, ...]]
    earlier: Mapping[bytes, tuple[bytes, ...]]
    time: Time


@dataclass(frozen=True, slots=True)
class Members:
    """What the entries add up to: each admitted device with its member, and the heads that a bundle names.

    `epochs` are oldest first; `boxes` are the keys that secrets for a device are sealed to; `adopted` says how far the
    log of a removed device counts beyond what its removal had seen; `joins` names the key by which a device came;
    `demotions` are newest first, and `rated` is everybody of whom any entry says a role.
    """

    project: ProjectId
    devices: Mapping[bytes, MemberId]
    people: Mapping[MemberId, Person]
    heads: tuple[bytes, ...]
    invites: Mapping[bytes, Invite] = field(default_factory=dict)
    removed: Mapping[bytes, Removal] = field(default_factory=dict)
    boxes: Mapping[bytes, bytes] = field(default_factory=dict)
    epochs: tuple[Epoch, ...] = ()
    adopted: Mapping[LogId, int] = field(default_factory=dict)
    joins: Mapping[bytes, bytes] = field(default_factory=dict)
    demotions: Mapping[MemberId, tuple[Demotion, ...]] = field(default_factory=dict)
    rated: frozenset[MemberId | None] = frozenset()

    def role_of(self, public: bytes) -> str | None:
        """The role of the member that a device speaks for, None when it speaks for nobody."""
        member = self.devices.get(public)
        return None if member is None else self.people[member].role

    def may_write(self, public: bytes) -> bool:
        """Whether the bundles of a device are taken in."""
        return self.role_of(public) in ("owner", "artist", "worker")

    def may(self, public: bytes, collection: str) -> bool:
        """Whether a device writes facts of a collection: a worker those of rendering, a viewer none."""
        return writes(self.role_of(public), collection)

    def owns(self, public: bytes) -> bool:
        """Whether a device speaks for an owner."""
        return self.role_of(public) == OWNER

    def role_in(self, public: bytes, log: LogId, n: int) -> str | None:
        """The role by which bundle `n` of a device's log is judged, None where it does not count at all.

        A device that was removed, or whose member's role was lowered, is judged by the role before as far as whoever
        did that had seen its logs, or an owner adopted them.
        """
        removal = self.removed.get(public)
        if removal is not None and public not in self.devices:
            counts = n <= max(removal.seen.get(log, 0), self.adopted.get(log, 0))
            member, role = removal.member, removal.role if counts else None
        else:
            role, member = self.role_of(public), self.devices.get(public, MemberId(""))
        if role is None:
            return None
        for one in self.demotions.get(member, ()):
            if n > max(one.seen.get(log, 0), self.adopted.get(log, 0)):
                break
            role = strongest(role, one.role)
        return role

    def lowered(self, public: bytes) -> bool:
        """Whether a device's bundles may have been written in another role than the present one."""
        removal = self.removed.get(public)
        return self.devices.get(public, removal.member if removal else None) in self.rated

    def bound(self, public: bytes, log: LogId) -> int | None:
        """Up to which number bundles of a removed device's log count; None for one that is not removed."""
        if public in self.devices:
            return None
        removal = self.removed.get(public)
        return 0 if removal is None else max(removal.seen.get(log, 0), self.adopted.get(log, 0))

    def device_ids(self, member: MemberId) -> tuple[DeviceId, ...]:
        """The ids of a member's devices."""
        return tuple(identity.device_id(one) for one in self.people[member].devices)

    def find_member(self, name: str) -> Person:
        """The member of that id, or of that name if only one has it; raises `NotFound`."""
        found = [one for one in self.people.values() if one.id == name]
        found = found or [one for one in self.people.values() if one.name.casefold() == name.casefold()]
        if len(found) != 1:
            which = "several members are" if found else "no member is"
            raise NotFound(f"{which} called {name!r:.80}", "restrike members shows their ids")
        return found[0]

    def find_device(self, text: str) -> bytes:
        """The admitted or removed device of that id, shown or plain, or of a beginning of it; raises `NotFound`."""
        wanted = identity.read_shown(text)
        found = [one for one in (*self.devices, *self.removed) if identity.device_id(one).startswith(wanted)]
        if len(set(found)) != 1:
            which = "several devices begin" if found else "no device begins"
            raise NotFound(f"{which} with {text!r:.80}", "restrike members shows them all")
        return found[0]


def weakest(*roles: str) -> str:
    """The role with the least rights."""
    return max(roles, key=ROLES.index)


def strongest(*roles: str) -> str:
    """The role with the most rights."""
    return min(roles, key=ROLES.index)


def writes(role: str | None, collection: str) -> bool:
    """Whether facts of a collection may be written in a role."""
    return role in ("owner", "artist") or (role == "worker" and collection in WORKERS)
