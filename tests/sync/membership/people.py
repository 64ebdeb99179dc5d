"""Devices with fixed keys that say things about who belongs to a project."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from sync import seal
from sync.identity import Device
from sync.membership import Entry, Members, create, statements, view
from sync.records import LogId, MemberId, Time
from sync.tickets import Ticket

EVER = Time("2030-01-01T00:00:00.000Z")


def device(name: str) -> Device:
    """The device of that name: always the same key."""
    return Device.of_seed(hashlib.sha256(name.encode()).digest(), name)


def time(n: int) -> Time:
    """The nth moment."""
    return Time(f"2026-01-01T00:{n // 60 % 60:02d}:{n % 60:02d}.000Z")


@dataclass
class World:
    """All entries that were ever said, and which of them each device has heard of."""

    seed: int = 0
    entries: dict[bytes, Entry] = field(default_factory=dict)
    heard: dict[str, set[bytes]] = field(default_factory=dict)
    tickets: list[Ticket] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        first = create(device("ada"), "ada", time(0), self.random.randbytes)
        self.keep("ada", first)
        self.first = first

    def keep(self, who: str, entry: Entry) -> Entry:
        """An entry that somebody said."""
        self.entries[entry.hash] = entry
        self.heard.setdefault(who, set()).add(entry.hash)
        return entry

    def view(self, who: str | None = None) -> Members:
        """What a device believes, or who has heard everything."""
        heard = self.entries.keys() if who is None else self.heard.get(who, set()) | {self.first.hash}
        return view(self.entries[one] for one in heard)

    def say(self, who: str, say: Callable[[Device, Members, Time, Callable[[int], bytes]], Entry]) -> Entry:
        """A device says something on top of all that it has heard."""
        self.count += 1
        return self.keep(who, say(device(who), self.view(who), time(self.count), self.random.randbytes))

    def meet(self, *who: str) -> None:
        """Devices tell each other everything."""
        both: set[bytes] = {self.first.hash}.union(*(self.heard.get(one, set()) for one in who))
        for one in who:
            self.heard[one] = set(both)

    # --- what is said ---

    def add(self, by: str, whom: str, role: str = "artist") -> Entry:
        """Admit a device as a new member."""
        key = device(whom).public
        return self.say(by, lambda me, now, at, r: statements.admit_new(me, now, key, role, whom, at, r))

    def remove(self, by: str, whom: str, seen: Mapping[LogId, int] | None = None) -> Entry:
        """Remove a device."""
        key = device(whom).public
        return self.say(by, lambda me, now, at, r: statements.remove_device(me, now, key, seen or {}, at, r))

    def remove_member(self, by: str, member: MemberId) -> Entry:
        """Remove a member with all devices."""
        return self.say(by, lambda me, now, at, r: statements.remove_member(me, now, member, {}, at, r))

    def role(self, by: str, member: MemberId, role: str, seen: Mapping[LogId, int] | None = None) -> Entry:
        """Give a member another role."""
        return self.say(
            by, lambda me, now, at, r: statements.set_role(me, now, member, role, seen or {}, at, r)
        )

    def adopt(self, by: str, log: LogId, n: int) -> Entry:
        """Let a log count up to a bundle."""
        return self.say(by, lambda me, now, at, r: statements.adopt(me, now, log, n, at, r))

    def invite(
        self, by: str, role: str = "artist", uses: int = 1, member: MemberId | None = None, until: Time = EVER
    ) -> Ticket:
        """Give out a ticket."""
        ticket = Ticket.fresh(self.view().project, role, until, self.random.randbytes)
        key = ticket.key().public
        self.say(by, lambda me, now, at, r: statements.invite(me, now, key, role, uses, until, member, at, r))
        self.tickets.append(ticket)
        return ticket

    def call_off(self, by: str, ticket: Ticket) -> Entry:
        """Call a ticket off."""
        key = ticket.key().public
        return self.say(by, lambda me, now, at, r: statements.revoke_invite(me, now, key, at, r))

    def join(self, who: str, ticket: Ticket) -> Entry:
        """Join with a ticket."""
        box = seal.box_key(device(who))
        return self.say(who, lambda me, now, at, r: statements.join(ticket.key(), me, box, now, who, at, r))

    def member(self, who: str) -> MemberId:
        """The member that a device speaks for."""
        return self.view().devices[device(who).public]

    def there(self, entries: Iterable[Entry] | None = None) -> list[str]:
        """The names of all who belong to the project."""
        found = view(entries if entries is not None else self.entries.values())
        return sorted(one.name for one in found.people.values())


NAMES = ("ada", "ben", "cyd", "dan", "eve")


def story(seed: int, steps: int, crowd: tuple[str, ...] = NAMES) -> World:
    """A world in which devices say random things, with the right or without, and seldom hear of each other."""
    world = World(seed)
    random = world.random
    for one in crowd[1:3]:
        world.add("ada", one, "owner")
    world.meet(*crowd[:3])
    for _ in range(steps):
        _say_something(world, random.choice(crowd), random.choice(crowd), random)
        if random.random() < 0.4:
            world.meet(*random.sample(crowd, 2))
    return world


def _say_something(world: World, by: str, whom: str, random: Random) -> None:
    known = world.view(by)
    member = known.devices.get(device(whom).public)
    role = random.choice(("owner", "owner", "artist", "worker", "viewer"))
    match random.randrange(9):
        case 0 | 1:
            world.add(by, whom, role)
        case 2 | 3:
            world.remove(by, whom)
        case 4 if member is not None:
            world.remove_member(by, member)
        case 5 | 6 if member is not None:
            world.role(by, member, role)
        case 7:
            world.invite(by, role, random.choice((1, 2)), member if random.random() < 0.3 else None)
        case 8 if world.tickets:
            ticket = random.choice(world.tickets)
            if ticket.key().public in known.invites:
                world.join(by, ticket) if random.random() < 0.7 else world.call_off(by, ticket)
        case _:
            pass
