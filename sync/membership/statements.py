"""The entries that devices write: each function says one thing and signs it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from sync import identity
from sync.identity import Device, Random
from sync.membership import entry as entries
from sync.membership.entry import Entry, Said, sign
from sync.membership.members import Members
from sync.records import DeviceId, LogId, MemberId, ProjectId, Time

_JOIN: Final = b"restrike join/1\0"
_MEMBER: Final = b"restrike member id/1\0"


def create(device: Device, name: str, time: Time, random: Random) -> Entry:
    """The entry that creates a project owned by `device` and its member, who is called `name`."""
    member = MemberId(identity.new_id(random))
    said = Said(entries.CREATE, device.public, member, entries.OWNER, name)
    return sign(device, (), said, time, random)


def admit(
    device: Device, members: Members, public: bytes, member: MemberId, time: Time, random: Random
) -> Entry:
    """The entry by which an owner's `device` adds the device `public` to a member."""
    person = members.people[member]
    said = Said(entries.ADD_DEVICE, public, member, person.role, person.name)
    return sign(device, members.heads, said, time, random)


def admit_new(
    device: Device, members: Members, public: bytes, role: str, name: str, time: Time, random: Random
) -> Entry:
    """The entry by which an owner's `device` admits the device `public` as a new member."""
    said = Said(entries.ADD_DEVICE, public, MemberId(identity.new_id(random)), role, name)
    return sign(device, members.heads, said, time, random)


def remove_device(
    device: Device, members: Members, public: bytes, seen: Mapping[LogId, int], time: Time, random: Random
) -> Entry:
    """The entry that takes all rights from a device; its logs count as far as `seen` says."""
    said = Said(entries.REMOVE_DEVICE, public, more={"seen": dict(seen)})
    return sign(device, members.heads, said, time, random)


def remove_member(
    device: Device, members: Members, member: MemberId, seen: Mapping[LogId, int], time: Time, random: Random
) -> Entry:
    """The entry that takes all rights from every device of a member."""
    said = Said(entries.REMOVE_MEMBER, member=member, more={"seen": dict(seen)})
    return sign(device, members.heads, said, time, random)


def set_role(
    device: Device,
    members: Members,
    member: MemberId,
    role: str,
    seen: Mapping[LogId, int],
    time: Time,
    random: Random,
) -> Entry:
    """The entry that gives a member another role; what `seen` names was written with the role before."""
    said = Said(entries.ROLE, member=member, role=role, more={"seen": dict(seen)})
    return sign(device, members.heads, said, time, random)


def rename(
    device: Device, members: Members, member: MemberId, name: str, time: Time, random: Random
) -> Entry:
    """The entry that says what a member is called."""
    return sign(device, members.heads, Said(entries.RENAME, member=member, name=name), time, random)


def invite(
    device: Device,
    members: Members,
    key: bytes,
    role: str,
    uses: int,
    expires: Time,
    member: MemberId | None,
    time: Time,
    random: Random,
) -> Entry:
    """The entry that lets whoever holds the secret of `key` join, as a device of `member` if one is named."""
    more = {"uses": uses, "expires": expires, "for": member or ""}
    return sign(device, members.heads, Said(entries.INVITE, key, role=role, more=more), time, random)


def revoke_invite(device: Device, members: Members, key: bytes, time: Time, random: Random) -> Entry:
    """The entry that calls an invitation off."""
    return sign(device, members.heads, Said(entries.REVOKE_INVITE, key), time, random)


def join(
    ticket: Device, device: Device, box: bytes, members: Members, name: str, time: Time, random: Random
) -> Entry:
    """The entry by which `device` joins: signed by the ticket's key, with its own signature as proof of its wish."""
    found = members.invites[ticket.public]
    member = found.member or joined_member(members.project, device.public)
    proof = device.sign(join_claim(members.project, ticket.public, box))
    more = {"box": _text(box), "proof": _text(proof)}
    said = Said(entries.JOIN, device.public, member, found.role, name, more)
    return sign(ticket, members.heads, said, time, random)


def join_claim(project: ProjectId, ticket: bytes, box: bytes) -> bytes:
    """What a joining device signs, so that nobody can bring a device into a project against its will."""
    return _JOIN + bytes.fromhex(project) + ticket + box


def joined_member(project: ProjectId, public: bytes) -> MemberId:
    """The id of the member that a device becomes by joining: nobody can choose another's."""
    digest = hashlib.sha256(_MEMBER + bytes.fromhex(project) + public).digest()
    return MemberId(base64.b32encode(digest[:16]).decode().rstrip("=").lower())


def box(device: Device, members: Members, key: bytes, time: Time, random: Random) -> Entry:
    """The entry that tells to which X25519 key secrets for `device` are sealed."""
    return sign(device, members.heads, Said(entries.BOX, more={"box": _text(key)}), time, random)


def epoch(
    device: Device,
    members: Members,
    number: int,
    commitment: bytes,
    sealed: Mapping[DeviceId, bytes],
    earlier: Mapping[bytes, bytes],
    time: Time,
    random: Random,
) -> Entry:
    """The entry that begins an epoch, or hands its secret on to further devices."""
    more = {
        "number": number,
        "commitment": commitment.hex(),
        "sealed": {one: _text(data) for one, data in sealed.items()},
        "earlier": {one.hex(): _text(data) for one, data in earlier.items()},
    }
    return sign(device, members.heads, Said(entries.EPOCH, more=more), time, random)


def adopt(device: Device, members: Members, log: LogId, n: int, time: Time, random: Random) -> Entry:
    """The entry by which an owner lets a removed device's log count up to `n`."""
    return sign(device, members.heads, Said(entries.ADOPT, more={"log": log, "n": n}), time, random)


def discard(device: Device, members: Members, log: LogId, n: int, time: Time, random: Random) -> Entry:
    """The entry by which an owner ends a log before `n`: what is beyond is dropped by everybody."""
    return sign(device, members.heads, Said(entries.DISCARD, more={"log": log, "n": n}), time, random)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
