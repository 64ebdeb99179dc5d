"""The team of a project as this device deals with it: inviting, joining, admitting, removing, adopting, secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from engine.faults import BadField, NotFound, Refused
from sync import epochs, exchange, identity, membership, seal, tickets, withheld
from sync.epochs import Secret
from sync.identity import Clock, Device, Random
from sync.ledger import Ledger
from sync.membership import OWNER, ROLES, Entry, Invite, Members, statements
from sync.membership.entry import LONGEST_NAME
from sync.records import DeviceId, LogId, MemberId, Time
from sync.store import Finding
from sync.suspensions import Suspensions
from sync.tickets import BadTicket, Ticket
from sync.withheld import Withheld

Say = Callable[[Members], Entry | None]
_ASK: Final = "ask an owner of the project"
_REPEATED: Final = (
    "this device wrote one of its logs twice, as after a restored backup; "
    "of two things under one number everybody keeps the same one"
)
_MISTRUST: Final = "ask whose it is; restrike admit --forgive lets it in again, restrike revoke removes it"
DECLINED_FOR: Final = timedelta(minutes=10)
_LONGEST_KNOCK: Final = 40
STILL: Final = (
    "What it had it keeps: every picture and recipe that reached it can still be read and copied there. "
    "It gets nothing new, and nothing that it makes from now on counts."
)
"""What a removed device can still do."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What a revocation takes: a member with devices, a device, or an invitation, and the invitations that end too."""

    what: str
    member: MemberId | None
    devices: tuple[bytes, ...]
    invites: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Knock:
    """A device that asks to be admitted, under the name that it gives itself."""

    public: bytes
    name: str
    time: Time


class Team:
    """Who belongs to an open project, and what this device may change about it.

    `ledger` gives the project's ledger as it is open now; `changed` is called after something that others hear of.
    """

    def __init__(
        self,
        ledger: Callable[[], Ledger],
        device: Device,
        clock: Clock,
        random: Random,
        changed: Callable[[], None],
    ) -> None:
        self._opened = ledger
        self._device = device
        self._clock = clock
        self._random = random
        self._changed = changed
        self.suspensions = Suspensions(ledger, device.public, clock)
        entries = ledger().store.entries()
        self._members, self._counted = membership.view(entries), len(entries)

    @property
    def members(self) -> Members:
        """Everybody with their devices, as far as it was looked at last."""
        return self._members

    @property
    def own(self) -> MemberId:
        """The member that this device speaks for; raises `Refused` while it is not admitted."""
        return self._own(self._members)

    def refresh(self) -> Members:
        """Look whether there are new entries."""
        store = self._opened().store
        count = store.entry_count()
        if count != self._counted:
            self._members, self._counted = membership.view(store.entries()), count
        return self._members

    # --- letting in ---

    def invite(
        self,
        role: str,
        *,
        expires: timedelta = tickets.EXPIRES,
        uses: int = tickets.USES,
        addresses: tuple[str, ...] = (),
        relay: str | None = None,
        own_device: bool = False,
    ) -> Ticket:
        """A ticket for a new member, or with `own_device` for one more device of oneself; raises `Refused`."""
        role = self.check_invites(role, own_device=own_device)
        members = self.refresh()
        mine = self._own(members)
        if uses < 1 or not timedelta(minutes=1) <= expires <= timedelta(days=365):
            raise BadField("expires", str(expires), "between a minute and a year, and at least one use")
        until = tickets.expiry(self._clock(), expires)
        ticket = Ticket.fresh(members.project, role, until, self._random, addresses=addresses, relay=relay)
        key, member = ticket.key().public, mine if own_device else None
        self._say(
            lambda now: statements.invite(
                self._device, now, key, role, uses, until, member, self._time(), self._random
            )
        )
        self.tend()
        return ticket

    def check_invites(self, role: str, *, own_device: bool = False) -> str:
        """The role that an invitation of this device would be for; raises `Refused` without the right to it."""
        members = self.refresh()
        mine = self._own(members)
        if own_device:
            role = members.people[mine].role
        elif not members.owns(self._device.public):
            raise Refused("only an owner invites", f"{_ASK}, or invite a device of your own with --device")
        if role not in ROLES:
            raise BadField("role", role, ", ".join(ROLES))
        return role

    def join_by(self, ticket: Ticket, name: str = "") -> DeviceId:
        """Join with a ticket, as `name`; the entries that it was given out with are here. Raises `Refused`."""
        members = self.refresh()
        if ticket.project != members.project:
            raise BadTicket("that ticket is for another project", "join with it in a folder of its own")
        if self._device.public in members.devices:
            return self._device.id
        self._check_ticket(members.invites.get(ticket.key().public))
        called = (name or self._device.name or "newcomer").strip()[:LONGEST_NAME] or "newcomer"
        box = seal.box_key(self._device)
        self._say(
            lambda now: statements.join(
                ticket.key(), self._device, box, now, called, self._time(), self._random
            )
        )
        if self._device.public not in self._members.devices:
            raise Refused("the ticket does not let this device in", "ask for another ticket")
        return self._device.id

    def _check_ticket(self, invite: Invite | None) -> None:
        if invite is None:
            raise BadTicket("nobody here knows that ticket", "ask for a ticket of this project")
        if invite.revoked:
            raise Refused("that ticket was called off", "ask for another one")
        if invite.used >= invite.uses:
            raise Refused("that ticket was used already", "ask for another one")
        if self._time() > invite.expires:
            raise Refused("that ticket has expired", "ask for another one")

    def admit(
        self, public: bytes, member: MemberId | None = None, *, role: str | None = None, name: str = ""
    ) -> DeviceId:
        """Add a device: with a role as a new member called `name`, else to a member (oneself when none is named)."""
        members = self.refresh()
        if not members.owns(self._device.public):
            raise Refused("only an owner admits devices", _ASK)
        if len(public) != 32:
            raise Refused("that is no device key", "a key has 64 hexadecimal digits")
        if role is not None and role not in ROLES:
            raise BadField("role", role, ", ".join(ROLES))
        if public not in members.devices:
            self._say(lambda now: self._admission(now, public, member, role, name))
        self._opened().store.answered(public)
        if self._members.epochs:
            self.tend()
        return identity.device_id(public)

    def _admission(
        self, members: Members, public: bytes, member: MemberId | None, role: str | None, name: str
    ) -> Entry:
        if role is None:
            chosen = self._own(members) if member is None else member
            return membership.admit(self._device, members, public, chosen, self._time(), self._random)
        called = name.strip()[:LONGEST_NAME] or "newcomer"
        return statements.admit_new(self._device, members, public, role, called, self._time(), self._random)

    def knocked(self, public: bytes, name: str) -> str:
        """Note that a device asks to be admitted, and how it is shown; an owner answers by `admit` or `decline`."""
        called = shown_name(name)
        if public not in self.refresh().devices:
            self._opened().store.knock(public, called, self._time())
        return called

    def gone(self, public: bytes) -> None:
        """Forget a knock that nobody has answered."""
        self._opened().store.answered(public)

    def decline(self, public: bytes) -> None:
        """Send a device away that knocks; it is not heard again for `DECLINED_FOR`. Raises `Refused`."""
        if not self.refresh().owns(self._device.public):
            raise Refused("only an owner sends somebody away", _ASK)
        until = identity.now(lambda: self._clock() + DECLINED_FOR)
        self._opened().store.decline(public, self._time(), until)

    def declined(self, public: bytes) -> bool:
        """Whether a device was sent away a short while ago."""
        return self._opened().store.declined(public, self._time())

    def knocks(self) -> list[Knock]:
        """Who asks to be admitted, the newest first."""
        found = [Knock(*one) for one in self._opened().store.knocks()]
        return [one for one in found if one.public not in self.refresh().devices]

    # --- taking away ---

    def revocation(self, what: str) -> Revocation:
        """What revoking a member, a device or a ticket would do; raises `NotFound`, or `Refused` without the right."""
        members = self.refresh()
        found = self._revocation(members, what)
        owner = members.owns(self._device.public)
        mine = self._own(members)
        own = found.member == mine or any(
            members.invites[one].by in self._devices(mine) for one in found.invites
        )
        if not owner and not own:
            raise Refused("only an owner removes others", _ASK)
        self._check_owner_left(members, found)
        return found

    def _revocation(self, members: Members, what: str) -> Revocation:
        key = self._invite_key(members, what)
        if key is not None:
            return Revocation("ticket", None, (), (key,))
        try:
            person = members.find_member(what)
        except NotFound:
            return self._of_device(members, members.find_device(what))
        return Revocation("member", person.id, person.devices, self._known_to(members, person.devices))

    def _of_device(self, members: Members, device: bytes) -> Revocation:
        if device not in members.devices:
            raise NotFound("that device was removed already", "restrike members shows who is there")
        return Revocation("device", members.devices[device], (device,), self._known_to(members, (device,)))

    def _invite_key(self, members: Members, what: str) -> bytes | None:
        if what.lower().startswith(tickets.PREFIX):
            key = tickets.decode(what).key().public
            if key not in members.invites:
                raise NotFound("nobody here knows that ticket", "restrike members shows the open ones")
            return key
        found = [one for one in members.invites if invite_id(one) == what.lower()]
        return found[0] if found else None

    def _known_to(self, members: Members, devices: Sequence[bytes]) -> tuple[bytes, ...]:
        """The open invitations that devices gave, or came by: whoever holds them could let itself in again."""
        now = self._time()
        came = {members.joins[one] for one in devices if one in members.joins}
        return tuple(
            key
            for key, one in members.invites.items()
            if one.open(now) and (one.by in devices or key in came)
        )

    def _check_owner_left(self, members: Members, found: Revocation) -> None:
        owners = [one for one in members.people.values() if one.role == OWNER]
        left = [one for person in owners for one in person.devices if one not in found.devices]
        if found.devices and not left:
            raise Refused(
                "the last owner cannot be removed",
                "make somebody else an owner first: restrike invite --role owner",
            )

    def revoke(self, found: Revocation) -> None:
        """Take away what `revocation` says, and give everybody who stays a new secret."""
        for key in found.invites:
            self._call_off(key)
        if found.what == "member" and found.member is not None:
            member = found.member
            self._say(
                lambda now: statements.remove_member(
                    self._device, now, member, self._seen(found.devices), self._time(), self._random
                )
            )
        elif found.what == "device":
            self._say(
                lambda now: statements.remove_device(
                    self._device, now, found.devices[0], self._seen(found.devices), self._time(), self._random
                )
            )
        self.tend()

    def _call_off(self, key: bytes) -> None:
        self._say(lambda now: statements.revoke_invite(self._device, now, key, self._time(), self._random))

    def set_role(self, member: MemberId, role: str) -> None:
        """Give a member another role; raises `Refused` unless an owner does it and an owner stays."""
        members = self.refresh()
        if not members.owns(self._device.public):
            raise Refused("only an owner changes roles", _ASK)
        if role not in ROLES:
            raise BadField("role", role, ", ".join(ROLES))
        person = members.people[member]
        if role != OWNER:
            self._check_owner_left(members, Revocation("role", member, person.devices, ()))
        self._say(
            lambda now: statements.set_role(
                self._device, now, member, role, self._seen(person.devices), self._time(), self._random
            )
        )
        self.tend()

    def farewell(self) -> str:
        """What this device is told if it was removed: by whom, and when; empty otherwise."""
        removal = self._members.removed.get(self._device.public)
        if removal is None:
            return ""
        member = self._members.devices.get(removal.by)
        who = self._members.people[member].name if member is not None else "somebody who has left since"
        if removal.by == self._device.public:
            who = "itself"
        return f"this device was removed from the project by {who} at {removal.time}"

    # --- what was withheld ---

    def withheld(self) -> list[Withheld]:
        """The bundles that wait because their device was removed, or had not the role."""
        return withheld.found(self._opened().store, self.refresh())

    def adopt(self, found: Sequence[Withheld]) -> int:
        """Let withheld bundles count, and whatever waits for them; returns how many were taken in."""
        if not self.refresh().owns(self._device.public):
            raise Refused("only an owner adopts", _ASK)
        for one in found:
            self._let_count(one)
        taken = exchange.retry(self._opened(), self._time())
        self._changed()
        return taken.bundles

    def _let_count(self, one: Withheld) -> None:
        self._say(
            lambda now: statements.adopt(self._device, now, one.log, one.last, self._time(), self._random)
        )

    def discarded(self, found: Sequence[Withheld]) -> dict[bytes, int]:
        """How many bundles of which device `discard` would drop, those that build on the withheld ones among them."""
        store = self._opened().store
        return withheld.dropped(store, withheld.with_dependents(store, found))

    def discard(self, found: Sequence[Withheld]) -> None:
        """Have everybody drop withheld bundles with all that builds on them, now and whenever they come."""
        if not self.refresh().owns(self._device.public):
            raise Refused("only an owner discards", _ASK)
        for log_id, n in sorted(withheld.with_dependents(self._opened().store, found).items()):
            self._end(log_id, n)
        exchange.retry(self._opened(), self._time())
        self._changed()

    def _end(self, log_id: LogId, n: int) -> None:
        self._say(lambda now: statements.discard(self._device, now, log_id, n, self._time(), self._random))

    def findings(self) -> list[Finding]:
        """What is wrong with devices: those that signed one number twice, and what waits for an owner."""
        found = [
            Finding("device", identity.shown(identity.device_id(one.public)), one.sentence, _MISTRUST)
            for one in self.suspensions.standing()
        ]
        for mine in self.suspensions.mine():
            device = identity.shown(identity.device_id(mine.public))
            fix = (
                f"look what is missing and do it again; restrike admit --forgive {device} says that you know"
            )
            found.append(Finding("own log", device, _REPEATED, fix))
        for one in self.withheld():
            why = f"{one.count} bundles were written without the right to it"
            device = identity.shown(identity.device_id(one.device))
            found.append(
                Finding(
                    "withheld",
                    device,
                    why,
                    f"restrike adopt {device} lets them count, with --discard they go",
                )
            )
        return found

    # --- secrets ---

    def secrets(self) -> tuple[Secret, ...]:
        """The epoch secrets that this device can open, newest first."""
        return epochs.secrets(self._device, self.refresh())

    def tend(self) -> bool:
        """Publish this device's box key, begin an epoch where one is due, hand secrets on; whether anything was said.

        To be called whenever new entries have come.
        """
        said = False
        members = self.refresh()
        if self._device.public not in members.devices:
            return False
        for say in (self._box, self._epoch, self._hand_on):
            if say(members) is not None:
                said = self._say(say) or said
                members = self._members
        return said

    def _box(self, members: Members) -> Entry | None:
        key = seal.box_key(self._device)
        if members.boxes.get(self._device.public) == key:
            return None
        return statements.box(self._device, members, key, self._time(), self._random)

    def _epoch(self, members: Members) -> Entry | None:
        if not members.owns(self._device.public) or not epochs.due(members):
            return None
        return epochs.begin(self._device, members, self._time(), self._random)

    def _hand_on(self, members: Members) -> Entry | None:
        return epochs.hand_on(self._device, members, self._time(), self._random)

    # --- inside ---

    def _own(self, members: Members) -> MemberId:
        found = members.devices.get(self._device.public)
        if found is None and (said := self.farewell()):
            raise Refused(said, "what is here can still be read; an owner can admit this device again")
        if found is None:
            key = self._device.public.hex()
            raise Refused("this device is no member of the project", f"let an owner admit its key {key}")
        return found

    def _devices(self, member: MemberId) -> tuple[bytes, ...]:
        return self._members.people[member].devices

    def _seen(self, devices: Sequence[bytes]) -> dict[LogId, int]:
        logs = self._opened().store.logs().values()
        return {one.id: one.last for one in logs if one.intro.public in devices}

    def _time(self) -> Time:
        return identity.now(self._clock)

    def _say(self, say: Say) -> bool:
        """Write an entry on top of all that is here now, durably; whether there was one to write."""
        ledger = self._opened()
        with ledger.writing() as keep:
            entry = say(self.refresh())
            if entry is not None:
                ledger.store.add_entry(entry)
                ledger.file.keep_entries([entry])
            keep()
        self.refresh()
        return entry is not None


def shown_name(text: str) -> str:
    """A name that a stranger gives himself, as it may be shown: short, on one line, nothing that hides or turns."""
    printable = "".join(one if one.isprintable() else " " for one in text[: 4 * _LONGEST_KNOCK])
    return " ".join(printable.split())[:_LONGEST_KNOCK].strip() or "somebody"


def invite_id(key: bytes) -> str:
    """How an invitation is called: the first digits of its key."""
    return key.hex()[:16]
