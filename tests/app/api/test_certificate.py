"""The certificate that the server makes for itself: good for its host, renewed in time, its key nobody else's."""

from __future__ import annotations

import hashlib
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from app.api.certificate import Certificate, ensure, given
from engine.faults import WrongUse

NOW = datetime.now(UTC)


def made(folder: Path, host: str = "studio.local", after: timedelta = timedelta()) -> Certificate:
    return ensure(folder, host, lambda: NOW + after)


def shaken(certificate: Certificate, host: str) -> bytes:
    """The certificate that a client sees who trusts this one alone and checks the host."""
    server, client = (
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.create_default_context(cafile=certificate.cert_file),
    )
    server.load_cert_chain(certificate.cert_file, certificate.key_file)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname=host)
    theirs = server.wrap_bio(there, back, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return ours.getpeercert(binary_form=True) or b""


@pytest.mark.parametrize("host", ["studio.local", "192.0.2.7", "[2001:db8::1]", "Büro.local"])
def test_it_is_trusted_for_its_host_and_for_this_machine(tmp_path: Path, host: str) -> None:
    certificate = made(tmp_path, host)
    plain = host.strip("[]").encode("idna").decode() if host[0] == "B" else host.strip("[]")
    for name in (plain, "localhost", "127.0.0.1", "::1"):
        assert hashlib.sha256(shaken(certificate, name)).hexdigest() == certificate.sha256
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken(certificate, "evil.example")


def test_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    certificate = made(tmp_path)
    assert stat.S_IMODE(certificate.key_file.stat().st_mode) == 0o600
    assert "PRIVATE" not in certificate.cert_file.read_text()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["api-certificate.pem", "api-key.pem"]


def test_it_is_kept_until_a_month_before_its_end(tmp_path: Path) -> None:
    first = made(tmp_path)
    cert = x509.load_pem_x509_certificate(first.cert_file.read_bytes())
    assert cert.not_valid_after_utc - cert.not_valid_before_utc == timedelta(days=397)
    assert made(tmp_path, after=timedelta(days=366)) == first
    assert made(tmp_path, "127.0.0.1") == first
    assert made(tmp_path, after=timedelta(days=367)) != first


def test_another_host_or_a_broken_file_gets_another_one(tmp_path: Path) -> None:
    seen = [made(tmp_path)]
    for change in (
        lambda: made(tmp_path, "other.local"),
        lambda: seen[-1].cert_file.write_text("no certificate"),
        lambda: seen[-1].key_file.write_bytes(b"\xff"),
        lambda: seen[-1].key_file.unlink(),
        lambda: seen[-1].cert_file.unlink(),
        lambda: seen[-1].key_file.write_bytes(made(tmp_path / "else").key_file.read_bytes()),
    ):
        (tmp_path / "else").mkdir(exist_ok=True)
        change()
        seen.append(made(tmp_path))
        assert shaken(seen[-1], "studio.local")
    assert len({one.sha256 for one in seen}) == len(seen)
    assert made(tmp_path, after=-timedelta(days=2)) != seen[-1]


def test_a_certificate_of_ones_own(tmp_path: Path) -> None:
    mine = made(tmp_path)
    assert given(mine.cert_file, mine.key_file) == mine
    chain = tmp_path / "chain.pem"
    chain.write_text("a comment\n" + mine.cert_file.read_text() * 2)
    assert given(chain, mine.key_file).sha256 == mine.sha256
    for text in ("", "-----BEGIN CERTIFICATE-----\n!\n", "x"):
        chain.write_text(text)
        with pytest.raises(WrongUse, match="is no certificate"):
            given(chain, mine.key_file)
    with pytest.raises(WrongUse, match="is no certificate"):
        given(tmp_path / "none.pem", mine.key_file)
