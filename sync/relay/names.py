"""What a project, a device and an object are called where strangers can read it.

Every name is a keyed digest: without the epoch's secret, or the project's id, it tells nothing and cannot be guessed.
A device shows a relay a key of its own for each room, derived from its real one, so that neither two rooms nor two
relays can be told to hold the same device.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from engine.faults import BadField
from sync import identity
from sync.identity import Device

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ADDRESS_BYTES: Final = 16
NAME_BYTES: Final = 32
SMALLEST: Final = 256
LAST_POWER: Final = 4096
_PROOF: Final = b"restrike relay proof/1\0"


def blinded(key: bytes, label: str, *parts: bytes) -> bytes:
    """A name of 32 bytes that follows from `key` for whoever has it, and says nothing to anybody else."""
    text = label.encode() + b"\0" + b"".join(len(one).to_bytes(4, "big") + one for one in parts)
    return hmac.new(key, text, hashlib.sha256).digest()


def padded_size(size: int) -> int:
    """How large `size` bytes look: the next power of two from 256 to 4096, above it the next eighth of a power."""
    if size <= LAST_POWER:
        return max(SMALLEST, 1 << max(0, size - 1).bit_length())
    step = 1 << ((size - 1).bit_length() - 4)
    return -(-size // step) * step


def pad(data: bytes, *, beside: int = 0) -> bytes:
    """`data` behind its length, filled up so that it has a padded size together with `beside` further bytes."""
    whole = len(data).to_bytes(4, "big") + data
    return whole.ljust(padded_size(len(whole) + beside) - beside, b"\0")


def unpad(data: bytes) -> bytes | None:
    """What `pad` was given, None where it did not make this."""
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 or size > len(data) - 4 or any(data[4 + size :]):
        return None
    return data[4 : 4 + size]


@dataclass(frozen=True, slots=True)
class Room:
    """Where a project's devices meet at a relay; `secret` is known to those who know what the room follows from."""

    name: bytes
    secret: bytes

    @classmethod
    def of(cls, key: bytes) -> Room:
        """The room that follows from a key."""
        return cls(blinded(key, "restrike room/2"), blinded(key, "restrike room secret/2"))


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """The key that a device shows in one room of one relay."""

    public: bytes
    _key: Ed25519PrivateKey

    @classmethod
    def of(cls, device: Device, room: Room, relay: str) -> Pseudonym:
        """The pseudonym of a device: the same at every visit, another in every other room and at every other relay."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        seed = device.derive(b"restrike pseudonym/1\0" + room.name + origin(relay).encode())
        key = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(key.public_key().public_bytes_raw(), key)

    @property
    def address(self) -> bytes:
        """Where it is reached."""
        return address_of(self.public)

    def prove(self, nonce: bytes, room: bytes, card: bytes) -> bytes:
        """The answer to a challenge."""
        return self._key.sign(_proof(nonce, room, card))


def address_of(public: bytes) -> bytes:
    """The address that the holder of a pseudonym's key may claim."""
    return hashlib.sha256(b"restrike address/1\0" + public).digest()[:ADDRESS_BYTES]


def proved(public: bytes, signature: bytes, nonce: bytes, room: bytes, card: bytes) -> bool:
    """Whether a challenge was answered by the holder of the key."""
    return identity.signed_by(public, signature, _proof(nonce, room, card))


def origin(relay: str) -> str:
    """A relay's address as devices agree on it: scheme, host and port; raises `BadField`."""
    parts = urlsplit(relay if "://" in relay else f"wss://{relay}")
    try:
        port = parts.port or {"wss": 443, "ws": 80}[parts.scheme]
    except (ValueError, KeyError) as error:
        raise BadField("relay", relay, "an address like wss://relay.example.org") from error
    if not parts.hostname:
        raise BadField("relay", relay, "an address like wss://relay.example.org")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _proof(nonce: bytes, room: bytes, card: bytes) -> bytes:
    return _PROOF + nonce + room + hashlib.sha256(card).digest()
