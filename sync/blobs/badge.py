"""Who is at the other end of a TLS connection for blobs: device keys that sign for the certificate in use.

The certificate is made for the process and known to nobody before; what counts are the signatures that both devices
make over its digest, the project and fresh nonces as their first messages. Somebody in the middle has a certificate of
his own, so neither signature fits. The one who dials shows himself first: strangers learn nothing about who listens.
"""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sync import identity
from sync.identity import Device, Random
from sync.records import ProjectId

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

NONCE_BYTES: Final = 32
PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_DOMAIN: Final = b"restrike blobs/1\0"
_ALWAYS: Final = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

Admitted = Callable[[bytes], bool]
"""Whether a device's public key is one of the project's members' now."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the two ends of one connection sign."""

    project: ProjectId
    certificate: bytes
    server_nonce: bytes
    client_nonce: bytes
    server: bytes
    client: bytes

    def signed_by_client(self, device: Device) -> bytes:
        """The signature of the one who dialled."""
        return device.sign(self._text(b"client"))

    def signed_by_server(self, device: Device) -> bytes:
        """The signature of the one who listened."""
        return device.sign(self._text(b"server"))

    def is_client(self, signature: bytes) -> bool:
        """Whether the client's device made that signature."""
        return identity.signed_by(self.client, signature, self._text(b"client"))

    def is_server(self, signature: bytes) -> bool:
        """Whether the server's device made that signature."""
        return identity.signed_by(self.server, signature, self._text(b"server"))

    def _text(self, side: bytes) -> bytes:
        project = hashlib.sha256(self.project.encode()).digest()
        nonces = self.server_nonce + self.client_nonce
        return _DOMAIN + side + b"\0" + project + self.certificate + nonces + self.server + self.client


def listening(random: Random) -> tuple[ssl.SSLContext, bytes]:
    """A TLS 1.3 context with a certificate of its own, and the certificate's SHA-256."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    password = random(32).hex().encode()
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )
    pem = _certificate(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # OpenSSL reads files alone, so the key lies there encrypted
        file = Path(folder, "listening.pem")
        file.write_bytes(pem + secret)
        context.load_cert_chain(file, password=password)
    return context, hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode())).digest()


def dialling() -> ssl.SSLContext:
    """A TLS 1.3 context that takes any certificate: the device's signature over it is what is checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def seen(connection: ssl.SSLObject) -> bytes:
    """The SHA-256 of the certificate that the other end of a connection showed."""
    found = connection.getpeercert(binary_form=True)
    return hashlib.sha256(found or b"").digest()


def _certificate(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "-")])  # TLS names nobody to who listens in
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(_ALWAYS[0]).not_valid_after(_ALWAYS[1])
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
