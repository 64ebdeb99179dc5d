"""Sealing: bytes that only the holder of a secret, or of one device's key, can read and nobody can change.

ChaCha20-Poly1305 under a fresh nonce of 12 bytes that stands in front; the secret for a device is agreed by X25519
between a key made for this one seal and the device's box key, and derived by HKDF from both public keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.faults import Damaged
from sync.identity import Device, Random

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
_BOX: Final = b"restrike box/1"
_SEAL: Final = b"restrike seal/1"


class Unopened(Damaged):
    """Sealed bytes are not meant for this key, or not what was sealed."""

    code = "unopened"


def derive(secret: bytes, label: bytes, *, salt: bytes = b"", length: int = SECRET_BYTES) -> bytes:
    """A key for one purpose out of a secret: HKDF with SHA-256."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), length, salt, label).derive(secret)


def seal(secret: bytes, data: bytes, aad: bytes, random: Random) -> bytes:
    """`data` sealed under a secret of 32 bytes; `aad` is not inside, but has to be the same at opening."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = random(NONCE_BYTES)
    return nonce + ChaCha20Poly1305(secret).encrypt(nonce, data, aad)


def open_(secret: bytes, sealed: bytes, aad: bytes) -> bytes:
    """What was sealed under a secret; raises `Unopened`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if len(sealed) < NONCE_BYTES:
        raise _unopened()
    try:
        return ChaCha20Poly1305(secret).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
    except InvalidTag as error:
        raise _unopened() from error


def box_key(device: Device) -> bytes:
    """The public X25519 key that secrets for a device are sealed to; it follows from the device's own key."""
    return _private(device).public_key().public_bytes_raw()


def seal_to(public: bytes, data: bytes, aad: bytes, random: Random) -> bytes:
    """`data` sealed to the holder of an X25519 key; raises `Unopened` where that is no usable key."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    once = X25519PrivateKey.from_private_bytes(random(KEY_BYTES))
    mine = once.public_key().public_bytes_raw()
    return mine + seal(_agreed(once, public, mine + public), data, aad, random)


def open_with(device: Device, sealed: bytes, aad: bytes) -> bytes:
    """What was sealed to a device; raises `Unopened`."""
    if len(sealed) < KEY_BYTES:
        raise _unopened()
    private, other = _private(device), sealed[:KEY_BYTES]
    both = other + private.public_key().public_bytes_raw()
    return open_(_agreed(private, other, both), sealed[KEY_BYTES:], aad)


def _agreed(private: X25519PrivateKey, public: bytes, both: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:  # wrong length, or a point that gives nothing but zeros
        raise _unopened() from error
    return derive(shared, _SEAL, salt=both)


def _private(device: Device) -> X25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(device.derive(_BOX))


def _unopened() -> Unopened:
    return Unopened("sealed bytes cannot be opened with this key", "they were set aside")
