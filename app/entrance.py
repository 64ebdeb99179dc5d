"""Coming into a project from outside: what a newcomer's device does before it has a folder of the project.

With a ticket it asks the project's devices; without one it knocks at every door of the network. Either way it gets the
membership entries, and begins a folder with them; everything further is an ordinary session.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app import distant, settings
from app.commands.projects import lay_out
from app.place import Place
from sync import identity, membership
from sync.joining import Applicant, Visit
from sync.knocking import Knocker
from sync.lan import Lan
from sync.networks import Hint, Network
from sync.project import Project

if TYPE_CHECKING:
    from app.settings import Settings
    from sync.identity import Device
    from sync.membership import Entry
    from sync.tickets import Ticket

Tell = Callable[[str], None]


def own_device(place: Place, found: Settings, name: str | None) -> Device:
    """The device of this machine, under the name that others are to see."""
    called = name or found.member
    return identity.load_or_create(place.home, keyring=found.keyring, name=called, random=place.random)


async def by_ticket(
    ticket: Ticket,
    target: Path,
    place: Place,
    name: str | None,
    hints: Sequence[Hint],
    seconds: float,
    *,
    lan: bool = True,
) -> None:
    """Get the membership from a device of the ticket's project, and begin the folder with it."""
    found = settings.read(place.home)
    device = own_device(place, found, name)
    applicant = Applicant(ticket.project, device, place.clock, ticket)
    networks: list[Network] = []
    if lan:
        networks.append(Lan(ticket.project, clock=place.clock, random=place.random, known=hints))
    if ticket.relay is not None:
        networks.append(distant.to_join(ticket, device, place))
    visit = Visit(applicant, device, networks, now=time.monotonic, random=place.random, ticket=ticket)
    await _begin(target, await visit.entries(seconds), ticket, place, found)


async def by_code(code: str, place: Place, seconds: float) -> Ticket:
    """The ticket of a spoken code, from whoever on this network has it open."""
    from sync.spoken import Guess

    lan = Lan(None, clock=place.clock, random=place.random)
    return await Guess(code, [lan], random=place.random).ticket(seconds)


async def by_knock(target: Path, place: Place, name: str | None, seconds: float, told: Tell) -> str:
    """Wait until an owner lets this device in, and begin the folder; who let it in, and into whose project."""
    found = settings.read(place.home)
    device = own_device(place, found, name)
    lan = Lan(None, clock=place.clock, random=place.random)
    knocker = Knocker(
        device, device.name, [lan], now=time.monotonic, clock=place.clock, random=place.random, told=told
    )
    told(f"this device is {identity.shown(device.id)}, called {device.name or 'somebody'}")
    entries = await knocker.entries(seconds)
    await _begin(target, entries, None, place, found)
    return opener(entries, device.public)


def opener(entries: Sequence[Entry], public: bytes) -> str:
    """Who admitted a device, with the device that did."""
    members = membership.view(entries)
    [by, *_] = [one.by for one in reversed(entries) if one.device == public] or [b""]
    member = members.devices.get(by)
    who = members.people[member].name if member is not None else "somebody who has left since"
    return f"{who} ({identity.shown(identity.device_id(by))})"


async def _begin(
    target: Path, entries: Sequence[Entry], ticket: Ticket | None, place: Place, found: Settings
) -> None:
    target.mkdir(parents=True, exist_ok=True)
    lay_out(target)
    begin = Project.begin(
        target,
        entries,
        ticket,
        home=place.home,
        clock=place.clock,
        random=place.random,
        keyring=found.keyring,
    )
    async with begin:
        pass
