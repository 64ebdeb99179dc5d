"""Tickets: what an owner hands to a newcomer, as one word that is read aloud, mailed or shown as a code to scan.

A ticket holds a secret of 128 bits. An Ed25519 key follows from it and the project's id; membership stores that key's
public half alone, so nobody who reads the entries can use a ticket. Its text is `restrike1` and, in base 32: project,
secret, role, expiry in milliseconds, addresses, relay, and four bytes that check it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from engine.faults import WrongUse
from sync import identity, seal
from sync.identity import Device, Random
from sync.membership import ROLES
from sync.records import ProjectId, Time

PREFIX: Final = "restrike1"
SECRET_BYTES: Final = 16
EXPIRES: Final = timedelta(hours=24)
USES: Final = 1
MOST_ADDRESSES: Final = 16
LONGEST: Final = 4096
_KEY: Final = b"restrike ticket/1"
_CHECK: Final = 4
_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class BadTicket(WrongUse):
    """A text is no ticket, or not the one that was given out."""

    code = "bad_ticket"


@dataclass(frozen=True, slots=True)
class Ticket:
    """An invitation in the hands of whoever may join; whoever reads its text can."""

    project: ProjectId
    secret: bytes = field(repr=False)
    role: str
    expires: Time
    addresses: tuple[str, ...] = ()
    relay: str | None = None

    @classmethod
    def fresh(
        cls,
        project: ProjectId,
        role: str,
        expires: Time,
        random: Random,
        *,
        addresses: tuple[str, ...] = (),
        relay: str | None = None,
    ) -> Ticket:
        """A ticket with a secret of its own."""
        return cls(project, random(SECRET_BYTES), role, expires, addresses, relay)

    def key(self) -> Device:
        """The key that signs whoever joins by this ticket."""
        return Device.of_seed(seal.derive(self.secret, _KEY, salt=bytes.fromhex(self.project)))

    def encode(self) -> str:
        """The ticket as text."""
        parts = [bytes.fromhex(self.project), self.secret, bytes([ROLES.index(self.role)])]
        parts += [_milliseconds(self.expires).to_bytes(6, "big"), bytes([len(self.addresses)])]
        for one in (*self.addresses, self.relay or ""):
            data = one.encode()
            parts += [bytes([len(data)]), data]
        body = b"".join(parts)
        return PREFIX + base64.b32encode(body + _check(body)).decode().rstrip("=").lower()


def decode(text: str) -> Ticket:
    """The ticket that a text is, whatever its case and spaces; raises a `BadTicket` that says what is wrong."""
    plain = "".join(text.split()).lower()
    if not plain.startswith("restrike"):
        raise BadTicket("that is no ticket", f"a ticket begins with {PREFIX}")
    if not plain.startswith(PREFIX):
        raise BadTicket("that ticket is of another release", "update Restrike on this machine")
    if len(plain) > LONGEST:
        raise BadTicket("that ticket is too long", "copy it again, alone")
    letters = plain.removeprefix(PREFIX).upper()
    if not set(letters) <= _LETTERS:
        raise BadTicket("that ticket has a letter that no ticket has", "copy it again, whole")
    try:
        data = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error:
        data = b""  # a length that no ticket has
    body, check = data[:-_CHECK], data[-_CHECK:]
    if len(data) <= _CHECK or _check(body) != check:
        raise BadTicket("that ticket is incomplete or mistyped", "copy it again, whole")
    return _parse(_Reader(body))


def _parse(reader: _Reader) -> Ticket:
    project, secret = ProjectId(reader.take(32).hex()), reader.take(SECRET_BYTES)
    role, expires = reader.take(1)[0], int.from_bytes(reader.take(6), "big")
    if role >= len(ROLES):
        raise BadTicket("that ticket is for a role that does not exist", "update Restrike on this machine")
    count = reader.take(1)[0]
    if count > MOST_ADDRESSES:
        raise BadTicket("that ticket names too many addresses", "ask for another one")
    addresses = tuple(reader.text() for _ in range(count))
    relay = reader.text() or None
    if reader.at != len(reader.body):
        raise BadTicket("that ticket has something behind its end", "copy it again, alone")
    return Ticket(project, secret, ROLES[role], _time(expires), addresses, relay)


class _Reader:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    def take(self, size: int) -> bytes:
        found = self.body[self.at : self.at + size]
        if len(found) != size:
            raise BadTicket("that ticket ends too early", "copy it again, whole")
        self.at += size
        return found

    def text(self) -> str:
        data = self.take(self.take(1)[0])
        try:
            found = data.decode()
        except UnicodeDecodeError as error:
            raise BadTicket("that ticket names an address that is no text", "ask for another one") from error
        if not found.isprintable():
            raise BadTicket("that ticket names an address that is no text", "ask for another one")
        return found


def expiry(now: datetime, after: timedelta) -> Time:
    """The moment `after` now, as tickets and invitations carry it."""
    return identity.now(lambda: now + after)


def _milliseconds(time: Time) -> int:
    return int((datetime.fromisoformat(time) - _EPOCH) / timedelta(milliseconds=1))


def _time(milliseconds: int) -> Time:
    try:
        return identity.now(lambda: _EPOCH + timedelta(milliseconds=milliseconds))
    except OverflowError as error:
        raise BadTicket("that ticket never expires", "ask for another one") from error


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"restrike ticket check/1\0" + body).digest()[:_CHECK]
