"""Session descriptions, read strictly and written anew: aiortc never sees a line that a stranger wrote.

Of an offer or answer the few values that make a connection are kept: the ICE name and password, the fingerprint of the
certificate, who opens the encryption, and addresses to try, at most `MOST_CANDIDATES` of them and no names to look up.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from sync.links.link import NoLink

LARGEST: Final = 32 << 10
MOST_CANDIDATES: Final = 24
_SETUPS: Final = ("actpass", "active", "passive")
_WORD: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_FINGERPRINT: Final = re.compile(r"(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}")
_FOUNDATION: Final = re.compile(r"[A-Za-z0-9+/]{1,32}")
_PRIORITY: Final = re.compile(r"[0-9]{1,10}")
_KINDS: Final = ("host", "srflx", "relay")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address to try."""

    foundation: str
    priority: int
    address: str
    port: int
    kind: str

    def line(self) -> str:
        """As a line of a description."""
        related = "" if self.kind == "host" else f" raddr {_nowhere(self.address)} rport 0"
        return (
            f"a=candidate:{self.foundation} 1 udp {self.priority} {self.address} {self.port} typ {self.kind}"
            + related
        )


@dataclass(frozen=True, slots=True)
class Description:
    """What one side says of itself so that the other can connect."""

    name: str
    password: str
    fingerprint: bytes
    setup: str
    candidates: tuple[Candidate, ...]

    def text(self) -> str:
        """The description as SDP."""
        digits = ":".join(f"{byte:02X}" for byte in self.fingerprint)
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 0.0.0.0",
            "a=mid:0",
            "a=sctp-port:5000",
            "a=max-message-size:65536",
            *(candidate.line() for candidate in self.candidates),
            "a=end-of-candidates",
            f"a=ice-ufrag:{self.name}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:sha-256 {digits}",
            f"a=setup:{self.setup}",
        ]
        return "\r\n".join(lines) + "\r\n"


def read(text: str) -> Description:
    """The description in `text`; raises `NoLink` when it is none that this program makes."""
    if len(text) > LARGEST:
        raise NoLink("the description of the connection is too long")
    lines = text.replace("\r\n", "\n").split("\n")
    if sum(line.startswith("m=") for line in lines) != 1 or not any(
        line.startswith("m=application ") for line in lines
    ):
        raise NoLink("the description is not of one data connection")
    found = [_candidate(line) for line in lines if line.startswith("a=candidate:")]
    usable = [candidate for candidate in found if candidate is not None]
    return Description(
        name=_only(lines, "a=ice-ufrag:", _WORD),
        password=_only(lines, "a=ice-pwd:", _WORD),
        fingerprint=bytes.fromhex(_only(lines, "a=fingerprint:sha-256 ", _FINGERPRINT).replace(":", "")),
        setup=_setup(lines),
        candidates=tuple(usable[:MOST_CANDIDATES]),
    )


def binding(ours: bytes, theirs: bytes) -> bytes:
    """What ties a conversation to this connection: the digest of both certificates' fingerprints, sorted."""
    if ours == theirs:
        raise NoLink("the other side shows our own certificate")
    return hashlib.sha256(b"restrike webrtc/1\0" + min(ours, theirs) + max(ours, theirs)).digest()


def _only(lines: list[str], start: str, pattern: re.Pattern[str]) -> str:
    found = [line.removeprefix(start) for line in lines if line.startswith(start)]
    if len(found) != 1 or not pattern.fullmatch(found[0]):
        raise NoLink(f"the description has no {start.removeprefix('a=').rstrip(': ')} that can be one")
    return found[0]


def _setup(lines: list[str]) -> str:
    found = [line.removeprefix("a=setup:") for line in lines if line.startswith("a=setup:")]
    if len(found) != 1 or found[0] not in _SETUPS:
        raise NoLink("the description does not say who opens the encryption")
    return found[0]


def _candidate(line: str) -> Candidate | None:
    """An address that can be tried, or None for one of another kind (a name, TCP, a group of receivers)."""
    words = line.removeprefix("a=candidate:").split(" ")
    if len(words) < 8 or words[1] != "1" or words[2].lower() != "udp" or words[6] != "typ":
        return None
    numbers = _PRIORITY.fullmatch(words[3]) and _PORT.fullmatch(words[5])
    if not numbers or not _FOUNDATION.fullmatch(words[0]) or words[7] not in _KINDS:
        return None
    priority, port = int(words[3]), int(words[5])
    if priority >= 1 << 32 or not 0 < port < 1 << 16 or not _can_be_tried(words[4]):
        return None
    return Candidate(words[0], priority, words[4], port, words[7])


def _can_be_tried(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    scoped = isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    everybody = text == "255.255.255.255"
    odd = address.is_multicast or address.is_unspecified or address.is_loopback
    return not (scoped or mapped or everybody or odd)


def _nowhere(address: str) -> str:
    return "::" if ":" in address else "0.0.0.0"
