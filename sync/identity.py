"""Who this is: random ids, times, and the Ed25519 key of this device.

The key never leaves `Device`: it lies in a file that only its owner can read, or in the system's keyring, and is never
printed. A log's id follows from the device's public key and a nonce, so whoever signs a bundle proves that the log, and
with it the automerge actor of its changes, is his own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from engine.faults import BadField, Damaged, Refused
from sync.records import DeviceId, LogId, Time

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Random = Callable[[int], bytes]
Clock = Callable[[], datetime]

FILE: Final = "device.json"
NONCE_BYTES: Final = 16
_log = logging.getLogger(__name__)
_KEYRING: Final = "restrike"


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def now(clock: Clock) -> Time:
    """The clock's time as records carry it: RFC 3339, UTC, milliseconds."""
    return Time(clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def new_id(random: Random = os.urandom) -> str:
    """A fresh id: 128 random bits as 26 lower-case letters and digits."""
    return base64.b32encode(random(16)).decode().rstrip("=").lower()


def log_id(kind: str, public: bytes, nonce: bytes) -> LogId:
    """The id of a device's log, 32 hexadecimal digits; its 16 bytes are the automerge actor of the log's changes."""
    digest = hashlib.sha256(b"restrike log/1\0" + kind.encode() + b"\0" + public + nonce)
    return LogId(digest.hexdigest()[:32])


def device_id(public: bytes) -> DeviceId:
    """The id of a device: the SHA-256 of its public key, in hexadecimal digits."""
    return DeviceId(hashlib.sha256(public).hexdigest())


GROUP: Final = 4
SHOWN_DIGITS: Final = 32
_SHORTEST: Final = 4


def shown(device: DeviceId) -> str:
    """A device id as people read it: the first half of its digits in groups of four, and two that check them."""
    digits = device[:SHOWN_DIGITS]
    groups = [digits[at : at + GROUP] for at in range(0, len(digits), GROUP)]
    return "-".join((*groups, _check(digits)))


def read_shown(text: str) -> str:
    """The digits that a shown, plain or shortened device id begins with, in any case and grouping.

    Raises `BadField` where it is none, or its check characters are wrong.
    """
    found = "".join(one for one in text.lower() if one.isalnum())
    if len(found) == SHOWN_DIGITS + 2 and _check(found[:SHOWN_DIGITS]) == found[SHOWN_DIGITS:]:
        return found[:SHOWN_DIGITS]
    plain = all(one in "0123456789abcdef" for one in found)
    if not plain or len(found) < _SHORTEST or len(found) in range(SHOWN_DIGITS + 1, SHOWN_DIGITS + 3):
        raise BadField("device", text, "a device id as restrike members shows it; check its characters")
    return found


def _check(digits: str) -> str:
    """Two letters that a mistyped or swapped digit changes: `g` to `z`, so that they are no digits themselves."""
    number = int.from_bytes(hashlib.sha256(b"restrike check/1\0" + digits.encode()).digest()[:4], "big")
    letters = "ghijkmnpqrstuvwxyz"
    return letters[number % len(letters)] + letters[number // len(letters) % len(letters)]


def signed_by(public: bytes, signature: bytes, body: bytes) -> bool:
    """Whether `signature` is the one that the holder of `public` made of `body`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    claim = hashlib.sha256(
        len(public).to_bytes(8, "big") + public + signature + hashlib.sha256(body).digest()
    ).digest()
    if claim in _proven:
        return True
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, body)
    except (InvalidSignature, ValueError):
        return False
    if len(_proven) >= _MOST_PROVEN:
        _proven.clear()
    _proven[claim] = None
    return True


_MOST_PROVEN: Final = 8192
_proven: dict[bytes, None] = {}
"""Signatures that were found right: what waits for something else is judged again at each delivery."""


@dataclass(slots=True)
class Device:
    """This device: its id, its public key, and what it can sign; `name` is what its member is called."""

    id: DeviceId
    public: bytes
    name: str
    _seed: Callable[[], bytes] = field(repr=False)
    _key: Ed25519PrivateKey | None = field(default=None, repr=False)

    @classmethod
    def of_seed(cls, seed: bytes, name: str = "") -> Device:
        """The device, or the signer like one, whose private key these 32 bytes are."""
        public = _private(seed).public_key().public_bytes_raw()
        return cls(device_id(public), public, name, lambda: seed)

    def derive(self, label: bytes) -> bytes:
        """32 secret bytes for one purpose that follow from this device's key, and give nothing of it away."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, b"", label).derive(self._seed())

    def sign(self, body: bytes) -> bytes:
        """The 64 bytes of this device's signature of `body`."""
        if self._key is None:
            key = _private(self._seed())
            if key.public_key().public_bytes_raw() != self.public:
                raise _unreadable("the private key of this device is not that of its public key")
            self._key = key
        return self._key.sign(body)


def load_or_create(
    home: Path, *, keyring: bool = False, name: str = "", random: Random = os.urandom
) -> Device:
    """The device whose key is kept in `home`, made at the first call.

    The key lies in the system's keyring when `keyring` is set as it is made and the keyring takes it, else in
    `device.json` with mode 0600 (`kept` says which). Of several processes that make it at once, one wins and all use
    its key.
    """
    path = home / FILE
    if not path.exists():
        _create(path, keyring, name, random)
    try:
        value: dict[str, Any] = json.loads(path.read_text("utf-8"))
        public = base64.b64decode(value["public"], validate=True)
        if len(public) != 32:
            raise ValueError("the public key has not 32 bytes")
        seed = _seed(value["key"]) if value.get("key") is not None else None
        name_kept = str(value.get("name", ""))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(f"the device file {path} cannot be read") from error
    if seed is None:
        return Device(device_id(public), public, name_kept, lambda: _from_keyring(public))
    return Device(device_id(public), public, name_kept, lambda: seed)


def _seed(text: str) -> bytes:
    found = base64.b64decode(text, validate=True)
    if len(found) != 32:
        raise ValueError("the private key has not 32 bytes")
    return found


def _unreadable(what: str) -> Damaged:
    hint = f"restore {FILE} from a backup, or move it away to start as a new device"
    return Damaged(what, hint)


def _private(seed: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)


def _create(path: Path, keyring: bool, name: str, random: Random) -> None:
    seed = random(32)
    public = _private(seed).public_key().public_bytes_raw()
    value = {"version": 1, "name": name, "public": base64.b64encode(public).decode()}
    if not (keyring and _to_keyring(public, seed)):
        value["key"] = base64.b64encode(seed).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{FILE}.{new_id()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # unlike a rename, this never replaces the key of a process that came first
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def kept(home: Path) -> Literal["file", "keyring", "nowhere"]:
    """Where the device key of `home` lies; nowhere while there is none."""
    try:
        value = json.loads((home / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return "nowhere"
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(f"the device file {home / FILE} cannot be read") from error
    return "file" if isinstance(value, dict) and value.get("key") is not None else "keyring"


def _to_keyring(public: bytes, seed: bytes) -> bool:
    """Whether the keyring took the key; a machine without one keeps it in the file, and `doctor` says so."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_KEYRING, device_id(public), base64.b64encode(seed).decode())
    except KeyringError as error:
        _log.warning("the system's keyring does not take the device key, which goes into a file: %s", error)
        return False
    return True


def _from_keyring(public: bytes) -> bytes:
    import keyring
    from keyring.errors import KeyringError

    try:
        kept = keyring.get_password(_KEYRING, device_id(public))
    except KeyringError as error:
        raise Refused("the system's keyring cannot be opened", "unlock it and try again") from error
    if kept is None:
        raise Refused("the system's keyring has no key for this device", "unlock it, or restore the key")
    try:
        return _seed(kept)
    except ValueError as error:
        raise Refused("the system's keyring holds no key for this device", "restore the key") from error
