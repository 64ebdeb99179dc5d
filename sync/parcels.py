"""Objects of a mailbox: bundles sealed under the epoch's secret, letters with membership entries sealed to each device.

Entries cannot wait for the epoch's secret, for they are what brings the next one: a letter has a key of its own, which
is sealed to the box of every device that is admitted. Names are digests under the epoch's secret or the project's id.
Contents are deflated, have a padded size, and are tied to their name.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from engine.faults import Damaged
from sync import seal
from sync.epochs import Secret
from sync.identity import Device, Random
from sync.records import LogId, ProjectId
from sync.relay import names
from sync.relay.names import blinded
from sync.seal import Unopened

LARGEST_CONTENTS: Final = 16 * 1024 * 1024
MOST_CONTENTS: Final = 65_536
WRAPPED: Final = 8 + 32 + 12 + 32 + 16
MOST_DEVICES: Final = 4_096
ROUND: Final = 8
"""Letters are sealed to a multiple of so many devices, those that do not exist included."""
_HIDDEN: Final = seal.NONCE_BYTES + 16


class BadParcel(Damaged):
    """An object of a mailbox is not what a member has put there."""

    code = "bad_parcel"


def shelf(secret: Secret) -> str:
    """What the names of all bundles of an epoch begin with."""
    return blinded(secret.key, "restrike shelf/1")[:8].hex() + "/"


def letterbox(project: ProjectId) -> str:
    """What the names of all letters of a project begin with."""
    return blinded(bytes.fromhex(project), "restrike letterbox/1")[:8].hex() + "/"


def bundles(
    secret: Secret, log: LogId, first: int, last: int, contents: Sequence[bytes], random: Random
) -> tuple[str, bytes]:
    """A part of a log as an object: its name, which is always the same one, and its bytes."""
    part = first.to_bytes(8, "big") + last.to_bytes(8, "big")
    name = shelf(secret) + blinded(secret.key, "restrike parcel/1", bytes.fromhex(log), part)[:16].hex()
    data = names.pad(_packed(contents), beside=_HIDDEN)
    return name, seal.seal(secret.key, data, name.encode(), random)


def open_bundles(secret: Secret, name: str, data: bytes) -> list[bytes]:
    """The bundles in an object; raises `BadParcel`."""
    try:
        return _unpacked(names.unpad(seal.open_(secret.key, data, name.encode())))
    except Unopened as error:
        raise _bad("it was not sealed with this project's secret, or it was changed") from error


def letter(
    project: ProjectId, device: Device, boxes: Mapping[bytes, bytes], entries: Sequence[bytes], random: Random
) -> tuple[str, bytes]:
    """Entries for the devices (public keys) of these boxes as an object: its name and its bytes."""
    key, about = bytes.fromhex(project), [device.public, *sorted(boxes), *entries]
    name = letterbox(project) + blinded(key, "restrike letter/1", *about)[:16].hex()
    secret = random(seal.SECRET_BYTES)
    wraps = [
        _tag(project, name, public) + seal.seal_to(box, secret, name.encode(), random)
        for public, box in sorted(boxes.items())
    ]
    wraps += [random(WRAPPED) for _ in range(-len(wraps) % ROUND)]
    head = len(wraps).to_bytes(2, "big") + b"".join(sorted(wraps))
    data = names.pad(_packed(entries), beside=_HIDDEN)
    return name, head + seal.seal(secret, data, name.encode(), random)


def open_letter(project: ProjectId, device: Device, name: str, data: bytes) -> list[bytes] | None:
    """The entries in a letter, None where it is for others; raises `BadParcel`."""
    count = int.from_bytes(data[:2], "big")
    end = 2 + count * WRAPPED
    if len(data) < end or not 0 < count <= MOST_DEVICES:
        raise _bad("it ends too early")
    tag = _tag(project, name, device.public)
    mine = [data[at + 8 : at + WRAPPED] for at in range(2, end, WRAPPED) if data[at : at + 8] == tag]
    if not mine:
        return None
    try:
        secret = seal.open_with(device, mine[0], name.encode())
        return _unpacked(names.unpad(seal.open_(secret, data[end:], name.encode())))
    except Unopened as error:
        raise _bad("it was changed on its way") from error


def _tag(project: ProjectId, name: str, public: bytes) -> bytes:
    return blinded(bytes.fromhex(project), "restrike addressee/1", name.encode(), public)[:8]


def _packed(contents: Iterable[bytes]) -> bytes:
    return zlib.compress(b"".join(len(one).to_bytes(4, "big") + one for one in contents), 6)


def _unpacked(data: bytes | None) -> list[bytes]:
    """What was packed; whoever sealed it is a member, and is still not given more memory than that."""
    if data is None:
        raise _bad("it is not filled up as it should be")
    squeeze = zlib.decompressobj()
    try:
        plain = squeeze.decompress(data, LARGEST_CONTENTS)
    except zlib.error as error:
        raise _bad(str(error)) from error
    if not squeeze.eof or squeeze.unused_data:
        raise _bad("its length is wrong")
    found: list[bytes] = []
    at = 0
    while at < len(plain):
        if len(found) == MOST_CONTENTS:
            raise _bad("there is too much in it")
        size = int.from_bytes(plain[at : at + 4], "big")
        found.append(plain[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(plain):
        raise _bad("it ends too early")
    return found


def _bad(why: str) -> BadParcel:
    return BadParcel(f"an object in the mailbox cannot be read: {why}", "it was set aside; delete it there")
