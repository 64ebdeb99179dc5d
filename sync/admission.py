"""Who is let in once the keys are proved: membership entries are exchanged first, then each side judges by itself.

A device must be able to learn that it was removed, or that the other was admitted, before anybody is turned away; what
it takes to be told is to know the project. A ticket's holder gets the entries, adds its own `join` to them, and is then
judged like anybody else. Who knocks gets nothing until an owner has admitted its key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from sync import wire
from sync.actions import Action, Knocked, Peer, Send, Take
from sync.handshake import Greeted, Refused, Wish
from sync.links.link import Channel
from sync.membership import Members
from sync.records import ProjectId, Time
from sync.replica import Replica
from sync.wire import Entries, Ready, Roll

SHORT = 8
"""So many bytes of an entry's hash name it in a roll."""
MOST_SAID: Final = 200
SAID_BYTES: Final = 512 * 1024
"""One message holds no more entries than this, and no more bytes of them unless it is one alone."""


class Admission:
    """One side's way from proved keys to being let in; `done` once both have let the other in."""

    def __init__(
        self,
        replica: Replica,
        greeted: Greeted,
        wish: Wish,
        knows: Callable[[ProjectId], bool],
        digest: bytes,
    ) -> None:
        self.greeted = greeted
        self.done = False
        self.told: set[bytes] = set()
        self._replica = replica
        self._wish = wish
        self._knows = knows
        self._digest = digest
        self._roll: set[bytes] | None = None
        self._rolled = self._given = self._answered = self._taking = False
        self._judged = self._heard = False

    @property
    def waiting(self) -> bool:
        """Whether it waits for a person: an owner here or there."""
        knocking = self.greeted.wants == wire.KNOCK or self._wish.knock is not None
        return knocking and not self._rolled

    def begin(self) -> Iterator[Action]:
        """The first steps after both proofs; raises `Refused`."""
        if self._wish.knock is not None:
            return
        self._check_project()
        if self.greeted.wants == wire.KNOCK:
            yield from self._let_knock()
            return
        if self.greeted.wants == wire.TICKET:
            self._check_ticket()
        if self.greeted.entries == self._digest:
            self._given = self._answered = True
            self.told = {one[:SHORT] for one in self._replica.entries()}
            yield from self._judge()
        else:
            yield from self._send_roll()

    def _let_knock(self) -> Iterator[Action]:
        """Who was admitted already needs nobody to open."""
        members = self._replica.members
        if members is not None and self.greeted.public in members.devices:
            yield from self._send_roll()
        else:
            yield Knocked(self.greeted.public, self.greeted.name)

    def receive(self, message: wire.Message) -> Iterator[Action]:
        """What the other side says meanwhile; raises `Refused`."""
        match message:
            case Roll(entries) if self._roll is None:
                self._roll = set(entries)
                if self._wish.knock is not None:
                    yield from self._send_roll()
                yield from self._answer()
            case Entries(last, entries) if self._rolled and not self._given:
                self._given = last
                yield from self._taken(entries)
            case Ready() if not self._heard:
                self._heard = True
                self.done = self._judged
            case _:
                raise Refused("unexpected", type(message).__name__)

    def stored(self) -> Iterator[Action]:
        """The replica has something new."""
        self._taking = False
        members = self._replica.members
        if self.greeted.wants == wire.KNOCK and not self._rolled:
            if members is not None and self.greeted.public in members.devices:
                yield from self._send_roll()
            return
        yield from self._answer()
        yield from self._judge()

    def peer(self) -> Peer:
        """The other device as the entries describe it; raises `Refused` unless it is a member."""
        return admitted(self._replica.members, self.greeted)

    def _send_roll(self) -> Iterator[Action]:
        if not self._rolled:
            self._rolled = True
            yield said(Roll(tuple(sorted(one[:SHORT] for one in self._replica.entries()))))

    def _answer(self) -> Iterator[Action]:
        """Send the entries that the other side lacks, as soon as this side has all that it wants to say."""
        if self._roll is None or self._answered:
            return
        if self._wish.ticket is not None and not self._join():
            return
        self._answered = True
        known = self._replica.entries()
        missing = {digest: data for digest, data in known.items() if digest[:SHORT] not in self._roll}
        self.told = self._roll | {one[:SHORT] for one in missing}
        yield from entries_said(missing)
        yield from self._judge()

    def _join(self) -> bool:
        """Add the entry that makes this device a member, once the entries that it builds on are here."""
        members = self._replica.members
        if members is None or self._taking or self._wish.ticket is None:
            return False
        if self._replica.mine_public() not in members.devices:
            self._replica.join(self._wish.ticket)
        return True

    def _taken(self, entries: Iterable[bytes]) -> Iterator[Action]:
        known = self._replica.entries()
        found = {hashlib.sha256(one).digest(): one for one in entries}
        self.told |= {one[:SHORT] for one in found}
        fresh = tuple(data for digest, data in found.items() if digest not in known)
        if fresh:
            self._taking = True
            yield Take(entries=fresh)
        else:
            yield from self._answer()
            yield from self._judge()

    def _judge(self) -> Iterator[Action]:
        if self._judged or self._taking or not (self._given and self._answered):
            return
        if self._wish.knock is not None:
            self._check_project()
        self.peer()
        self._judged = True
        self.done = self._heard
        yield said(Ready())

    def _check_project(self) -> None:
        project = self._replica.project
        if project is None:
            raise Refused("no_entry")
        if self.greeted.wants != wire.KNOCK and not self._knows(project):
            raise Refused("wrong_project")

    def _check_ticket(self) -> None:
        members = self._replica.members
        reason = (
            "unknown_device"
            if members is None
            else ticket_refusal(members, self.greeted.ticket, self._replica.time())
        )
        if reason is not None:
            raise Refused(reason)


def admitted(members: Members | None, greeted: Greeted) -> Peer:
    """The other device as the entries describe it; raises `Refused` with the reason why it is none of theirs."""
    if members is None:
        raise Refused("no_entry")
    member = members.devices.get(greeted.public)
    if member is not None:
        person = members.people[member]
        return Peer(greeted.public, member, person.name, person.role, greeted.features)
    if greeted.public in members.removed:
        raise Refused("removed_device")
    if greeted.ticket and greeted.ticket in members.invites:
        used = members.invites[greeted.ticket]
        raise Refused("used_ticket" if used.used >= used.uses else "no_entry")
    raise Refused("unknown_device")


def ticket_refusal(members: Members, ticket: bytes, time: Time) -> str | None:
    """Why a ticket does not let anybody in, None when it does."""
    invite = members.invites.get(ticket)
    if invite is None:
        return "unknown_ticket"
    if invite.revoked:
        return "revoked_ticket"
    if invite.expires <= time:
        return "expired_ticket"
    return "used_ticket" if invite.used >= invite.uses else None


def entries_digest(entries: Iterable[bytes]) -> bytes:
    """A digest of the hashes of membership entries."""
    return hashlib.sha256(b"restrike entries/1\0" + b"".join(sorted(entries))).digest()


def entries_said(entries: Mapping[bytes, bytes]) -> Iterator[Action]:
    """Entries in messages of a bounded size, the last one marked; one empty message when there are none."""
    part: list[bytes] = []
    size = 0
    for one in entries.values():
        if len(part) == MOST_SAID or (part and size + len(one) > SAID_BYTES):
            yield said(Entries(False, tuple(part)))
            part, size = [], 0
        part.append(one)
        size += len(one)
    yield said(Entries(True, tuple(part)))


def said(message: wire.Message, channel: Channel = Channel.SYNC) -> Send:
    """A message on its way out."""
    return Send(channel, wire.encode(message))
