"""Descriptions of connections: what is kept, and what no stranger can smuggle in."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.links.description import MOST_CANDIDATES, binding, read
from sync.links.link import NoLink

DIGEST = hashlib.sha256(b"a certificate").digest()
FINGERPRINT = ":".join(f"{byte:02X}" for byte in DIGEST)
GOOD = "\r\n".join(
    [
        "v=0",
        "o=- 4004363847 4004363847 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=application 48561 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 192.0.2.2",
        "a=mid:0",
        "a=sctp-port:5000",
        "a=max-message-size:262144",
        "a=candidate:f957a2332b1715da3b0ef8ba684454eb 1 udp 2130706431 192.0.2.2 48561 typ host",
        "a=candidate:d0bcf3d9c29a2bc887618212a1623bfa 1 udp 2130706431 fd00::2 34093 typ host",
        "a=end-of-candidates",
        "a=ice-ufrag:K45u",
        "a=ice-pwd:E3xpR87P8JMMfmpCArEFvE",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=setup:actpass",
        "",
    ]
)


def test_what_makes_a_connection_is_kept() -> None:
    found = read(GOOD)
    assert (found.name, found.password, found.setup) == ("K45u", "E3xpR87P8JMMfmpCArEFvE", "actpass")
    assert found.fingerprint == DIGEST
    assert [(one.address, one.port) for one in found.candidates] == [("192.0.2.2", 48561), ("fd00::2", 34093)]


def test_a_description_is_read_back_as_it_was_written() -> None:
    assert read(read(GOOD).text()) == read(GOOD)


@pytest.mark.parametrize(
    "line",
    [
        "a=candidate:1 1 udp 1 router.local 80 typ host",
        "a=candidate:1 1 udp 1 3f1b.local 80 typ host",
        "a=candidate:1 1 tcp 1 192.0.2.9 80 typ host",
        "a=candidate:1 1 udp 1 127.0.0.1 80 typ host",
        "a=candidate:1 1 udp 1 ::1 80 typ host",
        "a=candidate:1 1 udp 1 ::ffff:127.0.0.1 80 typ host",
        "a=candidate:1 1 udp 1 224.0.0.251 5353 typ host",
        "a=candidate:1 1 udp 1 255.255.255.255 80 typ host",
        "a=candidate:1 1 udp 1 0.0.0.0 80 typ host",
        "a=candidate:1 1 udp 1 fe80::1%eth0 80 typ host",
        "a=candidate:1 1 udp 1 192.0.2.9 0 typ host",
        "a=candidate:1 1 udp 1 192.0.2.9 70000 typ host",
        "a=candidate:1 1 udp 99999999999 192.0.2.9 80 typ host",
        "a=candidate:1 2 udp 1 192.0.2.9 80 typ host",
        "a=candidate:1 1 udp 1 192.0.2.9 ² typ host",
        "a=candidate:",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
        "a=fingerprint:md5 00:11",
    ],
)
def test_lines_that_are_no_use_are_left_out(line: str) -> None:
    assert read(GOOD + line + "\r\n") == read(GOOD)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a=setup:actpass", ""),
        ("a=setup:actpass", "a=setup:holdconn"),
        ("a=setup:actpass", "a=setup:active\r\na=setup:passive"),
        (f"a=fingerprint:sha-256 {FINGERPRINT}", ""),
        (f"a=fingerprint:sha-256 {FINGERPRINT}", f"a=fingerprint:sha-1 {FINGERPRINT}"),
        (FINGERPRINT, FINGERPRINT[3:]),
        ("a=ice-ufrag:K45u", "a=ice-ufrag:K45u\r\na=ice-ufrag:K45v"),
        ("a=ice-ufrag:K45u", "a=ice-ufrag:" + "x" * 1000),
        ("a=ice-pwd:E3xpR87P8JMMfmpCArEFvE", "a=ice-pwd:E3 xp"),
        ("m=application", "m=audio"),
        ("a=mid:0", "m=audio 9 UDP/TLS/RTP/SAVPF 111"),
        ("v=0", "v=0" + "\r\na=x" * 20_000),
    ],
)
def test_what_is_no_description_is_refused(old: str, new: str) -> None:
    with pytest.raises(NoLink):
        read(GOOD.replace(old, new))


def test_two_fingerprints_are_refused() -> None:
    with pytest.raises(NoLink, match="fingerprint"):
        read(GOOD + f"a=fingerprint:sha-256 {FINGERPRINT}\r\n")


def test_only_so_many_addresses_are_tried() -> None:
    many = "".join(f"a=candidate:1 1 udp 1 192.0.2.9 {port} typ host\r\n" for port in range(1, 300))
    assert len(read(GOOD + many).candidates) == MOST_CANDIDATES


def test_addresses_of_a_relay_are_written_with_where_they_hide() -> None:
    found = read(GOOD + "a=candidate:1 1 udp 1 203.0.113.4 5000 typ relay raddr 192.0.2.2 rport 9\r\n")
    assert "typ relay raddr 0.0.0.0 rport 0" in found.text()
    assert "raddr 192.0.2.2" not in found.text()


@given(st.text(max_size=300), st.integers(0, len(GOOD)), st.integers(0, 60))
def test_whatever_is_changed_is_read_or_refused(put: str, at: int, over: int) -> None:
    try:
        found = read(GOOD[:at] + put + GOOD[at + over :])
    except NoLink:
        return
    assert read(found.text()) == found
    assert found.text().isascii()


def test_the_binding_is_of_both_certificates_and_of_no_order() -> None:
    one, other, third = (hashlib.sha256(bytes([number])).digest() for number in range(3))
    assert binding(one, other) == binding(other, one)
    assert len({binding(one, other), binding(one, third), binding(other, third)}) == 3
    with pytest.raises(NoLink, match="own certificate"):
        binding(one, one)
