"""One entry of the membership log: a signed statement about who belongs to a project.

Its bytes are a 64-byte Ed25519 signature over `restrike member/1`, a zero byte and a JSON object, and that object. All
kinds have the same keys, so that a release that does not know a kind still reads, keeps and passes on its entries;
what only one kind says stands under `more`. Fields that an entry says nothing in are empty, its role then `viewer`.

| kind            | says                                                                                          |
|-----------------|-----------------------------------------------------------------------------------------------|
| `create`        | the project begins; `device`, `member`, `name` is its first owner                             |
| `add-device`    | `device` speaks for `member`, who is new (`role`, `name`) or known                             |
| `remove-device` | `device` speaks for nobody any more; `seen` says how far its logs count                        |
| `remove-member` | the same of all devices of `member`, also of those being added meanwhile                       |
| `role`          | `member` has `role`; `seen` says how far the logs of its devices count by the role before      |
| `rename`        | `member` is called `name`                                                                     |
| `invite`        | whoever has the secret of the key `device` may join in `role`, `uses` times until `expires`    |
| `revoke-invite` | the invitation with the key `device` is over                                                  |
| `join`          | signed by an invitation's key: `device`, which signed `proof`, joins with the box key `box`    |
| `box`           | the X25519 key that secrets for the signing device are sealed to                               |
| `epoch`         | secret number `number`, sealed to devices; an owner begins one, any member passes it on        |
| `adopt`         | bundles of `log` up to `n` count although their device was removed                             |
| `discard`       | bundles of `log` from `n` on never count, but for those that were adopted, and nobody keeps them |
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from engine.faults import Damaged
from sync import codec, identity
from sync.identity import Device, Random
from sync.records import MemberId, ProjectId, Time

LARGEST: Final = 64 * 1024
OWNER: Final = "owner"
ROLES: Final = ("owner", "artist", "worker", "viewer")
"""From the most rights to the least."""
NO_ROLE: Final = "viewer"
DOMAIN: Final = b"restrike member/1\0"
CREATE: Final = "create"
ADD_DEVICE: Final = "add-device"
REMOVE_DEVICE: Final = "remove-device"
REMOVE_MEMBER: Final = "remove-member"
ROLE: Final = "role"
RENAME: Final = "rename"
INVITE: Final = "invite"
REVOKE_INVITE: Final = "revoke-invite"
JOIN: Final = "join"
BOX: Final = "box"
EPOCH: Final = "epoch"
ADOPT: Final = "adopt"
DISCARD: Final = "discard"
MOST_PARENTS: Final = 512
LONGEST_NAME: Final = 120


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
    more: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def hash(self) -> bytes:
        """The digest that names the entry, and for a create entry the project."""
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry is to say, before it is signed."""

    kind: str
    device: bytes = b""
    member: MemberId | None = None
    role: str = NO_ROLE
    name: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def sign(device: Device, parents: Sequence[bytes], said: Said, time: Time, random: Random) -> Entry:
    """The entry by which the holder of `device` says something, having seen `parents`."""
    value: dict[str, Any] = {
        "kind": said.kind,
        "by": base64.b64encode(device.public).decode(),
        "parents": [one.hex() for one in parents],
        "device": base64.b64encode(said.device).decode(),
        "member": said.member or "",
        "role": said.role,
        "name": said.name,
        "time": time,
        "nonce": random(16).hex(),
    }
    if said.more:
        value["more"] = dict(said.more)
    body = codec.dumps(value).encode()
    return decode(device.sign(DOMAIN + body) + body)


def project_id(entry: Entry) -> ProjectId:
    """The id of the project that a create entry makes."""
    return ProjectId(entry.hash.hex())


def decode(data: bytes) -> Entry:
    """Read an entry that comes from elsewhere and check its signature; raises `Damaged`."""
    entry = parse(data)
    if not identity.signed_by(entry.by, data[:64], DOMAIN + data[64:]):
        raise Damaged("a membership entry is not signed by its author", "it was set aside")
    return entry


def parse(data: bytes) -> Entry:
    """Read an entry whose signature was checked when it was stored; raises `Damaged` where it is none."""
    try:
        if not 64 < len(data) <= LARGEST:
            raise ValueError("its length is wrong")
        value: dict[str, Any] = codec.parsed(data[64:].decode())
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
            _more(value),
        )
        _check(entry)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(
            f"a membership entry cannot be read: {error}", "it was set aside; ask for it again"
        ) from error
    if entry.role not in ROLES:
        raise Damaged(f"a membership entry names the role {entry.role!r:.40}", "it was set aside")
    return entry


def _more(value: Mapping[str, Any]) -> Mapping[str, Any]:
    more = value.get("more", {})
    if not isinstance(more, dict):
        raise TypeError("what it says besides is no object")
    return more


def _check(entry: Entry) -> None:
    """Whether the fields that its kind needs are there and of their types; raises ValueError and its like."""
    if len(entry.parents) > MOST_PARENTS or any(len(one) != 32 for one in entry.parents):
        raise ValueError("its parents are no digests")
    if entry.kind in (JOIN, RENAME) and not 0 < len(entry.name) <= LONGEST_NAME:
        raise ValueError("its name is empty or too long")
    for name, kind in _NEEDS.get(entry.kind, {}).items():
        found = entry.more[name]
        if not isinstance(found, kind) or isinstance(found, bool):
            raise TypeError(f"its {name} is no {kind.__name__}")
    if entry.kind in _WITH_KEY and len(entry.device) != 32:
        raise ValueError("it names no key")
    if entry.kind in _CHECKS:
        _CHECKS[entry.kind](entry.more)


def _check_seen(more: Mapping[str, Any]) -> None:
    for log, n in more["seen"].items():
        _check_log(log, n)


def _check_box(more: Mapping[str, Any]) -> None:
    if len(base64.b64decode(more["box"], validate=True)) != 32:
        raise ValueError("its box key has not 32 bytes")


def _check_join(more: Mapping[str, Any]) -> None:
    _check_box(more)
    if len(base64.b64decode(more["proof"], validate=True)) != 64:
        raise ValueError("its proof is no signature")


def _check_adoption(more: Mapping[str, Any]) -> None:
    _check_log(more["log"], more["n"])


def _check_log(log: object, n: object) -> None:
    if not isinstance(log, str) or len(log) != 32 or not isinstance(n, int) or isinstance(n, bool):
        raise TypeError("it names no place in a log")
    if not 0 <= n < 2**53:
        raise ValueError("its number is out of range")
    bytes.fromhex(log)


def _check_epoch(more: Mapping[str, Any]) -> None:
    if not 0 < more["number"] < 2**31 or len(bytes.fromhex(more["commitment"])) != 32:
        raise ValueError("it names no epoch")
    for one in (*more["sealed"].values(), *more["earlier"].values()):
        base64.b64decode(one, validate=True)


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    REMOVE_DEVICE: _check_seen,
    REMOVE_MEMBER: _check_seen,
    ROLE: _check_seen,
    JOIN: _check_join,
    BOX: _check_box,
    EPOCH: _check_epoch,
    ADOPT: _check_adoption,
    DISCARD: _check_adoption,
}
_WITH_KEY: Final = (REMOVE_DEVICE, INVITE, REVOKE_INVITE, JOIN)
_NEEDS: Final[Mapping[str, Mapping[str, type]]] = {
    REMOVE_DEVICE: {"seen": dict},
    REMOVE_MEMBER: {"seen": dict},
    ROLE: {"seen": dict},
    INVITE: {"uses": int, "expires": str, "for": str},
    JOIN: {"box": str, "proof": str},
    BOX: {"box": str},
    EPOCH: {"number": int, "commitment": str, "sealed": dict, "earlier": dict},
    ADOPT: {"log": str, "n": int},
    DISCARD: {"log": str, "n": int},
}
"""What each kind says under `more`."""
