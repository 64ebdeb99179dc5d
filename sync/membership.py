"""Who may write to a project: a log of signed entries of its own, a graph whose every entry names what it had seen.

The first entry creates the project; its digest is the project's id. An entry counts if its author had the right in its
causal past, so everybody who holds the same entries sees the same members, in whatever order they came. Kinds that this
release does not know are kept and passed on, and give nobody a right.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from engine.faults import Damaged
from sync import codec, identity
from sync.identity import Device, Random
from sync.records import DeviceId, MemberId, ProjectId, Time

LARGEST: Final = 4096
OWNER: Final = "owner"
ROLES: Final = ("owner", "artist", "worker", "viewer")
_DOMAIN: Final = b"restrike member/1\0"
CREATE: Final = "create"
ADD_DEVICE: Final = "add-device"


@dataclass(frozen=True)
class Entry:
    """One signed statement; `by` and `device` are public keys, `parents` hashes of entries its author had seen."""

    kind: str
    by: bytes
    parents: tuple[bytes, ...]
    device: bytes
    member: MemberId
    role: str
    name: str
    time: Time
    data: bytes = field(repr=False)

    @cached_property
    def hash(self) -> bytes:
        """The digest that names the entry, and for a create entry the project."""
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True, slots=True)
class Person:
    """A member with the devices (public keys) that speak for him."""

    id: MemberId
    name: str
    role: str
    devices: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """What the entries add up to: each admitted device with its member, and the heads that a bundle names."""

    project: ProjectId
    devices: Mapping[bytes, MemberId]
    people: Mapping[MemberId, Person]
    heads: tuple[bytes, ...]

    def may_write(self, public: bytes) -> bool:
        """Whether the bundles of a device are taken in."""
        member = self.devices.get(public)
        return member is not None and self.people[member].role in ("owner", "artist", "worker")

    def owns(self, public: bytes) -> bool:
        """Whether a device speaks for an owner."""
        member = self.devices.get(public)
        return member is not None and self.people[member].role == OWNER

    def device_ids(self, member: MemberId) -> tuple[DeviceId, ...]:
        """The ids of a member's devices."""
        return tuple(identity.device_id(one) for one in self.people[member].devices)


def create(device: Device, name: str, time: Time, random: Random) -> Entry:
    """The entry that creates a project owned by `device` and its member, who is called `name`."""
    member = MemberId(identity.new_id(random))
    return _sign(device, CREATE, (), device.public, member, OWNER, name, time, random)


def admit(
    device: Device, members: Members, public: bytes, member: MemberId, time: Time, random: Random
) -> Entry:
    """The entry by which an owner's `device` adds the device `public` to a member."""
    person = members.people[member]
    return _sign(device, ADD_DEVICE, members.heads, public, member, person.role, person.name, time, random)


def project_id(entry: Entry) -> ProjectId:
    """The id of the project that a create entry makes."""
    return ProjectId(entry.hash.hex())


def decode(data: bytes) -> Entry:
    """Read an entry that comes from elsewhere and check its signature; raises `Damaged`."""
    entry = parse(data)
    if not identity.signed_by(entry.by, data[:64], _DOMAIN + data[64:]):
        raise Damaged("a membership entry is not signed by its author", "it was set aside")
    return entry


def parse(data: bytes) -> Entry:
    """Read an entry whose signature was checked when it was stored; raises `Damaged` where it is none."""
    try:
        if not 64 < len(data) <= LARGEST:
            raise ValueError("its length is wrong")
        value: dict[str, Any] = json.loads(data[64:])
        entry = Entry(
            str(value["kind"]),
            base64.b64decode(value["by"], validate=True),
            tuple(bytes.fromhex(one) for one in value["parents"]),
            base64.b64decode(value["device"], validate=True),
            MemberId(str(value["member"])),
            str(value["role"]),
            str(value["name"]),
            Time(str(value["time"])),
            data,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(
            f"a membership entry cannot be read: {error}", "it was set aside; ask for it again"
        ) from error
    if entry.role not in ROLES:
        raise Damaged(f"a membership entry names the role {entry.role!r:.40}", "it was set aside")
    return entry


def view(entries: Iterable[Entry]) -> Members:
    """What entries add up to; raises `Damaged` unless exactly one of them creates a project."""
    known = {one.hash: one for one in entries}
    roots = [one for one in known.values() if one.kind == CREATE and one.by == one.device and not one.parents]
    if len(roots) != 1:
        raise Damaged(
            "the project's create entry is missing", "get an export from another device of the project"
        )
    counted: dict[bytes, Entry] = {}
    for one in _in_order(known):
        if one is roots[0] or (one.kind == ADD_DEVICE and _had_right(one, known, counted)):
            counted[one.hash] = one
    named = {parent for one in known.values() for parent in one.parents}
    return Members(project_id(roots[0]), *_people(counted.values()), tuple(sorted(known.keys() - named)))


def _people(counted: Iterable[Entry]) -> tuple[dict[bytes, MemberId], dict[MemberId, Person]]:
    devices: dict[bytes, MemberId] = {}
    people: dict[MemberId, Person] = {}
    for one in sorted(counted, key=lambda one: (one.kind != CREATE, one.time, one.hash)):
        devices.setdefault(one.device, one.member)
        before = people.get(one.member)
        owned = (*(before.devices if before else ()), one.device)
        name, role = (before.name, before.role) if before else (one.name, one.role)
        people[one.member] = Person(one.member, name, role, tuple(dict.fromkeys(owned)))
    return devices, people


def _had_right(entry: Entry, known: Mapping[bytes, Entry], counted: Mapping[bytes, Entry]) -> bool:
    """Whether an owner's device that was admitted in the entry's own past signed it."""
    past = _past(entry, known)
    return any(
        one in counted and counted[one].device == entry.by and counted[one].role == OWNER for one in past
    )


def _past(entry: Entry, known: Mapping[bytes, Entry]) -> set[bytes]:
    found: set[bytes] = set()
    waiting = list(entry.parents)
    while waiting:
        one = waiting.pop()
        if one in known and one not in found:
            found.add(one)
            waiting.extend(known[one].parents)
    return found


def _in_order(known: Mapping[bytes, Entry]) -> list[Entry]:
    """Entries after their parents; the length of an entry's past orders them, for a past holds its parents' pasts."""
    return sorted(known.values(), key=lambda one: (len(_past(one, known)), one.hash))


def _sign(
    device: Device,
    kind: str,
    parents: Sequence[bytes],
    public: bytes,
    member: MemberId,
    role: str,
    name: str,
    time: Time,
    random: Random,
) -> Entry:
    value = {
        "kind": kind,
        "by": base64.b64encode(device.public).decode(),
        "parents": [one.hex() for one in parents],
        "device": base64.b64encode(public).decode(),
        "member": member,
        "role": role,
        "name": name,
        "time": time,
        "nonce": random(16).hex(),
    }
    body = codec.dumps(value).encode()
    return decode(device.sign(_DOMAIN + body) + body)
