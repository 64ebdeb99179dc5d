"""What keeps a relay out: frames between two devices, sealed with keys that they agree on for one link.

Each side sends a fresh X25519 key, sealed for those who know the room's secret and tied to this visit of both. The keys
of the link follow from both, and `binding` names both, so that whoever put himself between them is found out by the
conversation, which signs it. Frames are numbered: one that comes again is ignored, one that is missing ends the link.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sync import identity, seal
from sync.identity import Device, Random
from sync.relay import names
from sync.relay.names import Room
from sync.seal import NONCE_BYTES, Unopened

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

VISIT_BYTES: Final = 16
LINK_BYTES: Final = 16
TAG_BYTES: Final = 16
OVERHEAD: Final = NONCE_BYTES + TAG_BYTES
_CARD: Final = b"restrike card/1\0"


class Gap(Exception):
    """A frame before this one never came."""


def opened(key: bytes, data: bytes, about: bytes) -> bytes | None:
    """What was sealed, None where it was not with this key and `about`."""
    try:
        return seal.open_(key, data, about)
    except Unopened:
        return None


@dataclass(frozen=True, slots=True)
class Card:
    """What a device shows the others in a room: its key, and a number that no other visit of it has."""

    public: bytes
    visit: bytes

    @classmethod
    def seal(cls, device: Device, room: Room, address: bytes, visit: bytes, random: Random) -> bytes:
        """A device's card for this visit, which is to be shown at this address alone."""
        signature = device.sign(_CARD + room.name + address + visit)
        return seal.seal(_key(room, "card"), device.public + visit + signature, address, random)

    @classmethod
    def open(cls, data: bytes, room: Room, address: bytes) -> Card | None:
        """The card that lies at an address, None where it is not what its device has shown there."""
        text = opened(_key(room, "card"), data, address)
        if text is None or len(text) != 32 + VISIT_BYTES + 64:
            return None
        public, visit, signature = text[:32], text[32:-64], text[-64:]
        if not identity.signed_by(public, signature, _CARD + room.name + address + visit):
            return None
        return cls(public, visit)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Seals single messages between two visits: each direction and each purpose is another one."""

    room: Room
    mine: bytes
    theirs: bytes

    def seal(self, purpose: str, data: bytes, random: Random) -> bytes:
        """A message to the other visit, of a padded size."""
        padded = names.pad(data, beside=OVERHEAD)
        return seal.seal(_key(self.room, purpose), padded, self.mine + self.theirs, random)

    def open(self, purpose: str, data: bytes) -> bytes | None:
        """A message from the other visit to this one, None where it is none."""
        text = opened(_key(self.room, purpose), data, self.theirs + self.mine)
        return None if text is None else names.unpad(text)


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """A key for one link, forgotten with it."""

    public: bytes
    _key: X25519PrivateKey

    @classmethod
    def fresh(cls, random: Random) -> Ephemeral:
        """A new key."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        key = X25519PrivateKey.from_private_bytes(random(32))
        return cls(key.public_key().public_bytes_raw(), key)

    def agree(self, theirs: bytes, room: Room, link: bytes) -> Tunnel | None:
        """The tunnel between this key and another one, None where that one is no key."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        if theirs == self.public:
            return None
        try:
            shared = self._key.exchange(X25519PublicKey.from_public_bytes(theirs))
        except ValueError:  # not 32 bytes, or a point of low order
            return None
        both = b"".join(sorted((self.public, theirs)))
        text = b"restrike relayed link/1\0" + link + both
        keys = seal.derive(shared, text, salt=_key(room, "link"), length=64)
        lower, higher = keys[:32], keys[32:]
        mine, other = (lower, higher) if self.public < theirs else (higher, lower)
        return Tunnel(hashlib.sha256(both).digest(), mine, other)


@dataclass(slots=True)
class Tunnel:
    """The two directions of one link."""

    binding: bytes
    _mine: bytes
    _theirs: bytes
    _sent: int = 0
    _taken: int = 0

    def seal(self, data: bytes) -> bytes:
        """The next frame to the other side, of a padded size."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        number = self._sent.to_bytes(8, "big")
        self._sent += 1
        padded = names.pad(data, beside=8 + TAG_BYTES)
        return number + ChaCha20Poly1305(self._mine).encrypt(b"\0\0\0\0" + number, padded, None)

    def open(self, frame: bytes) -> bytes | None:
        """The next frame from the other side; None for what is forged or was here already. Raises `Gap`."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        number = int.from_bytes(frame[:8], "big")
        if len(frame) < 8 + TAG_BYTES or number < self._taken:
            return None
        try:
            text = ChaCha20Poly1305(self._theirs).decrypt(b"\0\0\0\0" + frame[:8], frame[8:], None)
        except InvalidTag:
            return None
        if number > self._taken:
            raise Gap
        self._taken += 1
        return names.unpad(text)


def _key(room: Room, purpose: str) -> bytes:
    return names.blinded(room.secret, f"restrike relayed {purpose}/1")
