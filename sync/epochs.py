"""Epoch secrets: what everything that leaves the direct channel is sealed with, changed at each removal.

An owner begins an epoch with 32 random bytes, sealed to the box key of each device that is admitted and has published
one; who comes later gets the secret from any member's device that has it. Its commitment, a digest, names it, so that
nobody can hand on another secret in its place. The secrets before are sealed under it in turn: whoever opens the
newest opens all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sync import identity, seal
from sync.identity import Device, Random
from sync.membership import Entry, Epoch, Members, statements
from sync.records import DeviceId, Time
from sync.seal import Unopened

_COMMITMENT: Final = b"restrike epoch/1\0"
_SEALED: Final = b"restrike epoch secret/1\0"
_EARLIER: Final = b"restrike epoch earlier/1\0"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that this device can use; `name` says which one in what is sealed with it."""

    number: int
    name: bytes
    key: bytes

    def __repr__(self) -> str:
        return f"Secret({self.number}, {self.name.hex()[:8]})"


def secrets(device: Device, members: Members) -> tuple[Secret, ...]:
    """The secrets that a device can open, newest first."""
    found: dict[bytes, bytes] = {}
    for epoch in reversed(members.epochs):
        key = found.get(epoch.commitment) or _sealed_to(device, members, epoch)
        if key is not None:
            found[epoch.commitment] = key
            for name, data in epoch.earlier.items():
                _open_earlier(found, members, key, name, data)
    order = {one.commitment: one.number for one in members.epochs}
    known = [Secret(order[name], name, key) for name, key in found.items() if name in order]
    return tuple(sorted(known, key=lambda one: (one.number, one.name), reverse=True))


def newest(device: Device, members: Members) -> Secret | None:
    """The secret to seal with now; None while this device does not have the newest epoch's."""
    found = secrets(device, members)
    return found[0] if found and found[0].name == members.epochs[-1].commitment else None


def due(members: Members) -> bool:
    """Whether an owner is to begin an epoch: there is none, or a device knows the newest that was removed since."""
    if not members.epochs:
        return True
    gone = {identity.device_id(one) for one in members.removed}
    return not gone.isdisjoint(members.epochs[-1].sealed)


def lacking(members: Members) -> dict[DeviceId, bytes]:
    """The box keys of the devices that the newest secret was not sealed to yet."""
    known = members.epochs[-1].sealed if members.epochs else {}
    boxes = {identity.device_id(one): box for one, box in members.boxes.items() if one in members.devices}
    return {one: box for one, box in boxes.items() if one not in known}


def begin(device: Device, members: Members, time: Time, random: Random) -> Entry:
    """The entry that begins an epoch, sealed to everybody who is admitted now."""
    number = members.epochs[-1].number + 1 if members.epochs else 1
    key = random(seal.SECRET_BYTES)
    boxes = {
        identity.device_id(one): members.boxes[one] for one in members.devices if one in members.boxes
    } | {device.id: seal.box_key(device)}
    earlier = {
        one.name: seal.seal(key, one.key, _label(_EARLIER, members, one.name), random)
        for one in secrets(device, members)
        if one.number == number - 1
    }
    sealed = _seal_to(boxes, members, key, random)
    return statements.epoch(device, members, number, commitment(key), sealed, earlier, time, random)


def hand_on(device: Device, members: Members, time: Time, random: Random) -> Entry | None:
    """The entry that hands the newest secret to devices that lack it; None where there is nothing to hand on."""
    mine, boxes = newest(device, members), lacking(members)
    if mine is None or not boxes:
        return None
    sealed = _seal_to(boxes, members, mine.key, random)
    return statements.epoch(device, members, mine.number, mine.name, sealed, {}, time, random)


def commitment(key: bytes) -> bytes:
    """The digest that names a secret."""
    return hashlib.sha256(_COMMITMENT + key).digest()


def _seal_to(
    boxes: Mapping[DeviceId, bytes], members: Members, key: bytes, random: Random
) -> dict[DeviceId, bytes]:
    found: dict[DeviceId, bytes] = {}
    label = _label(_SEALED, members, commitment(key))
    for one, box in boxes.items():
        try:
            found[one] = seal.seal_to(box, key, label, random)
        except Unopened:
            continue  # a box key that nothing can be sealed to harms its own device alone
    return found


def _sealed_to(device: Device, members: Members, epoch: Epoch) -> bytes | None:
    for sealed in epoch.sealed.get(device.id, ()):
        try:
            key = seal.open_with(device, sealed, _label(_SEALED, members, epoch.commitment))
        except Unopened:
            continue
        if commitment(key) == epoch.commitment:
            return key
    return None


def _open_earlier(
    found: dict[bytes, bytes], members: Members, key: bytes, name: bytes, data: tuple[bytes, ...]
) -> None:
    for sealed in data:
        try:
            earlier = seal.open_(key, sealed, _label(_EARLIER, members, name))
        except Unopened:
            continue
        if commitment(earlier) == name:
            found.setdefault(name, earlier)


def _label(label: bytes, members: Members, name: bytes) -> bytes:
    return label + bytes.fromhex(members.project) + name
