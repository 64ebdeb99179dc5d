"""The handshake on every path: two greetings, then each side signs both together with what only this link has.

What is signed is `restrike hello/1`, both greetings in the order dialled, the link's binding and the signer's side, so
a signature made for another link, another pair of nonces or the other side is worth nothing here. The project's id
never travels: each side shows that it knows it. Whether the other may come in is judged afterwards (`sync.admission`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sync import identity, wire
from sync.identity import Device, Random
from sync.records import ProjectId
from sync.refusals import REFUSALS, Refusal
from sync.wire import Hello, Proof

if TYPE_CHECKING:
    from sync.tickets import Ticket

_DOMAIN: Final = b"restrike hello/1\0"
_SIDES: Final = (b"answered\0", b"dialled\0")
FEATURES: Final = wire.SNAPSHOTS
_UNKNOWN: Final = bytes(32)


class Refused(Exception):
    """The handshake ends here."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.refusal: Refusal = REFUSALS[code].with_detail(detail)


@dataclass(frozen=True, slots=True)
class Wish:
    """What this side comes with: a membership (nothing), a ticket, or a name to knock with; and whom it called."""

    ticket: Ticket | None = None
    knock: str | None = None
    expected: bytes | None = None

    @property
    def wants(self) -> int:
        """How the greeting says it."""
        if self.ticket is not None:
            return wire.TICKET
        return wire.KNOCK if self.knock is not None else wire.MEMBER


@dataclass(frozen=True, slots=True)
class Greeted:
    """The other side has proved its key; `ticket` is the public key of a ticket that it proved to hold."""

    public: bytes
    wants: int
    name: str
    features: int
    ticket: bytes
    tag: bytes
    entries: bytes


class Handshake:
    """One side of the two greetings and the two proofs."""

    def __init__(self, device: Device, binding: bytes, dialled: bool, random: Random, wish: Wish) -> None:
        self._device = device
        self._binding = binding
        self._dialled = dialled
        self._wish = wish
        self._mine = Hello(
            wire.VERSION, wire.VERSION, random(32), device.public, FEATURES, wish.wants, wish.knock or ""
        )
        self._my_bytes = wire.encode(self._mine)
        self._their_bytes = b""
        self._theirs: Hello | None = None

    @property
    def hello(self) -> bytes:
        """This side's greeting."""
        return self._my_bytes

    @property
    def greeted(self) -> bool:
        """Whether the other side's greeting is here."""
        return self._theirs is not None

    def greet(self, data: bytes) -> None:
        """Take the other side's greeting; raises `Refused`."""
        if self._theirs is not None:
            raise Refused("second_hello")
        offered = wire.versions(data)
        if offered is None:
            raise Refused("not_hello_first")
        if not offered[0] <= wire.VERSION <= offered[1]:
            raise Refused("version", f"it speaks {offered[0]} to {offered[1]}, this device {wire.VERSION}")
        found = wire.decode(data)
        assert isinstance(found, Hello)
        if found.nonce == self._mine.nonce or found.public == self._mine.public:
            raise Refused("reflected")
        if self._wish.expected is not None and found.public != self._wish.expected:
            raise Refused("wrong_key", found.public.hex())
        if found.wants > wire.KNOCK:
            raise Refused("malformed", f"it wants {found.wants}")
        self._theirs, self._their_bytes = found, data

    def prove(self, project: ProjectId | None, entries: bytes) -> bytes:
        """This side's proof, once both greetings are there; `entries` is a digest of the membership entries here."""
        assert self._theirs is not None
        ticket, transcript = self._wish.ticket, self._transcript()
        signer = ticket.key() if ticket is not None else None
        unsigned = Proof(
            self._theirs.nonce,
            hashlib.sha256(self._binding).digest(),
            hashlib.sha256(transcript).digest(),
            self._tag(project, self._dialled) if project is not None else _UNKNOWN,
            entries,
            signer.public if signer is not None else b"",
            signer.sign(self._said(transcript, b"ticket\0", self._dialled)) if signer is not None else b"",
            bytes(64),
        )
        said = self._said(transcript, wire.encode(unsigned)[:-64], self._dialled)
        return wire.encode(unsigned)[:-64] + self._device.sign(said)

    def check(self, proof: Proof, data: bytes) -> Greeted:
        """Judge the other side's proof but for its tag; raises `Refused`."""
        assert self._theirs is not None
        transcript = self._transcript()
        if proof.echo != self._mine.nonce:
            raise Refused("replayed")
        if proof.binding != hashlib.sha256(self._binding).digest():
            raise Refused("bad_binding")
        if proof.transcript != hashlib.sha256(transcript).digest():
            raise Refused("downgraded")
        said = self._said(transcript, data[:-64], not self._dialled)
        if not identity.signed_by(self._theirs.public, proof.signature, said):
            raise Refused("bad_signature")
        if (self._theirs.wants == wire.TICKET) != bool(proof.ticket):
            raise Refused("bad_ticket")
        if proof.ticket and not identity.signed_by(
            proof.ticket, proof.ticket_signature, self._said(transcript, b"ticket\0", not self._dialled)
        ):
            raise Refused("bad_ticket")
        their = self._theirs
        return Greeted(
            their.public, their.wants, their.name, their.features, proof.ticket, proof.tag, proof.entries
        )

    def knows(self, greeted: Greeted, project: ProjectId) -> bool:
        """Whether the other side showed that it knows the project."""
        return hmac.compare_digest(greeted.tag, self._tag(project, not self._dialled))

    def _transcript(self) -> bytes:
        first, second = (self._my_bytes, self._their_bytes)
        if not self._dialled:
            first, second = second, first
        sized = (len(one).to_bytes(4, "big") + one for one in (first, second, self._binding))
        return _DOMAIN + b"".join(sized)

    def _said(self, transcript: bytes, what: bytes, dialled: bool) -> bytes:
        return transcript + _SIDES[dialled] + what

    def blind(self, project: ProjectId | None, digest: bytes) -> bytes:
        """A digest as it may be said before anybody is let in: it tells those who know the project alone."""
        return self._keyed(project, b"restrike digest/1\0", digest) if project is not None else _UNKNOWN

    def _tag(self, project: ProjectId, dialled: bool) -> bytes:
        return self._keyed(project, b"restrike project/1\0", _SIDES[dialled])

    def _keyed(self, project: ProjectId, label: bytes, what: bytes) -> bytes:
        assert self._theirs is not None
        mine, theirs = self._mine.nonce, self._theirs.nonce
        nonces = mine + theirs if self._dialled else theirs + mine
        return hmac.new(bytes.fromhex(project), label + what + nonces, hashlib.sha256).digest()
