"""The server's own certificate, for addresses that other machines can reach: self-signed, known by its SHA-256.

Nobody vouches for it; callers compare it with the digest in api.json, or with what its owner reads out to them.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.faults import WrongUse

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

CERT_FILE: Final = "api-certificate.pem"
KEY_FILE: Final = "api-key.pem"
VALID: Final = timedelta(days=397)
RENEWED: Final = timedelta(days=30)
"""How long before its end a certificate is made anew."""
_EARLIER: Final = timedelta(minutes=10)
"""How much slower the clock of a caller may go."""
_ALWAYS: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key as PEM files, and the SHA-256 of the certificate in hexadecimal digits."""

    cert_file: Path
    key_file: Path
    sha256: str


def ensure(folder: Path, host: str, clock: Callable[[], datetime]) -> Certificate:
    """The certificate kept in `folder`, made where there is none that is good for this host for a month to come."""
    cert_file, key_file = folder / CERT_FILE, folder / KEY_FILE
    now = clock().astimezone(UTC)
    bare = host.strip("[]").partition("%")[0].lower()
    if not _good(cert_file, key_file, bare, now):
        _make(cert_file, key_file, bare, now)
    return given(cert_file, key_file)


def given(cert_file: Path, key_file: Path) -> Certificate:
    """The certificate in files of the caller's; raises `WrongUse` where there is none."""
    try:
        pem = cert_file.read_text(encoding="ascii")
        first = pem[pem.index("-----BEGIN CERT") :].partition("-----END CERTIFICATE-----")
        der = ssl.PEM_cert_to_DER_cert(first[0] + first[1])
    except (OSError, ValueError) as error:
        raise WrongUse(f"{cert_file} is no certificate: {error}", "give a PEM file and its key") from error
    return Certificate(cert_file, key_file, hashlib.sha256(der).hexdigest())


def _good(cert_file: Path, key_file: Path, host: str, now: datetime) -> bool:
    """Whether the files hold a certificate with its key, for this host, that lasts; damaged ones are made anew."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = x509.load_pem_x509_certificate(cert_file.read_bytes())
        key = load_pem_private_key(key_file.read_bytes(), None)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    lasts = found.not_valid_before_utc <= now and found.not_valid_after_utc - now >= RENEWED
    return lasts and key.public_key() == found.public_key() and _name(host) in names


def _make(cert_file: Path, key_file: Path, host: str, now: datetime) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    cert = _signed(key, host, now).public_bytes(serialization.Encoding.PEM)
    _write(key_file, secret, 0o600)
    _write(cert_file, cert, 0o644)


def _signed(key: EllipticCurvePrivateKey, host: str, now: datetime) -> x509.Certificate:
    """A certificate for the host that its own key signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Restrike")])
    names = [_name(one) for one in dict.fromkeys((host, *_ALWAYS))]
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now - _EARLIER + VALID)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(key, hashes.SHA256())
    )


def _name(host: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host.encode("idna").decode("ascii"))


def _write(target: Path, data: bytes, mode: int) -> None:
    """Put a file in the place of the old one in one step; nobody but its owner can read it on the way."""
    descriptor, name = tempfile.mkstemp(prefix=f"{target.name}.", dir=target.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
