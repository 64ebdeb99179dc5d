"""The team: letting people and devices in, seeing who is there, and removing them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from app import shapes, ways
from app.commands.table import Arg, Opt, command
from app.place import PRIVATE
from engine.faults import BadField, NotFound, Refused, WrongUse
from sync import identity
from sync.team import STILL, Revocation, invite_id
from sync.withheld import Withheld

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.membership import Members
    from sync.tickets import Ticket

Role = Literal["artist", "worker", "viewer", "owner"]
_OPEN: Final = timedelta(minutes=10)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


@command(
    "invite",
    examples=[
        "restrike invite",
        "restrike invite --role worker --uses 5 --expires 7d",
        "restrike invite --device",
        "restrike invite --spoken",
    ],
)
async def invite(
    studio: Studio,
    *,
    role: Annotated[
        Role, Opt("--role", help="What the newcomer may do: artist, worker, viewer, or owner.")
    ] = "artist",
    expires: Annotated[
        str, Opt("--expires", help="For how long it may be used: 30m, 24h, 7d.", shown="TIME")
    ] = "24h",
    uses: Annotated[int, Opt("--uses", help="How many may join with it.", shown="N")] = 1,
    device: Annotated[bool, Opt("--device", help="For one more device of your own.")] = False,
    spoken: Annotated[
        bool, Opt("--spoken", help="A short code to say instead, for this network and ten minutes.")
    ] = False,
) -> dict[str, Any]:
    """Make a ticket: whoever has it can join this project with restrike join.

    Hand it over where nobody reads along. It serves once and for a day unless you say otherwise, and revoke calls it
    off. An owner invites others; everybody may invite devices of his own. Exit 5 without the right.

    With --spoken it is a number and two words, for who is on the same network and types it within ten minutes, while
    this device has the project open (restrike serve). A wrong guess ends it.
    """
    team = studio.project.team
    company = studio.company
    if spoken:
        return _spoken(studio, role, device=device)
    ticket = team.invite(
        role,
        expires=_span(expires),
        uses=uses,
        own_device=device,
        addresses=company.addresses() if company is not None else (),
        relay=_relay(studio),
    )
    return {
        "ticket": ticket.encode(),
        "id": invite_id(ticket.key().public),
        "role": ticket.role,
        "expires": ticket.expires,
        "uses": uses,
    }


def _spoken(studio: Studio, role: str, *, device: bool) -> dict[str, Any]:
    """A code for which a ticket is made once somebody has proved that he has it."""
    from sync import tickets

    team, company = studio.project.team, studio.company
    if company is None or not company.lan:
        raise Refused("nobody would answer who types the code", "run restrike serve here, and ask again")
    team.check_invites(role, own_device=device)

    def make() -> Ticket:
        return team.invite(
            role, expires=_OPEN, own_device=device, addresses=company.addresses(), relay=company.relay
        )

    code = company.speaking().open(make)
    expires = tickets.expiry(studio.clock(), _OPEN)
    return {"ticket": None, "id": None, "code": code, "role": role, "expires": expires, "uses": 1}


def _relay(studio: Studio) -> str | None:
    """The relay of the running session, or the one that the next session uses."""
    if studio.company is not None:
        return studio.company.relay
    return ways.effective(ways.read(studio.project.folder / PRIVATE), studio.settings).relay


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([mhd])", text.strip().lower())
    if found is None:
        raise BadField("expires", text, "a number with m, h or d, such as 30m, 24h, 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@command("members", examples=["restrike members", "restrike members --json"])
async def members(studio: Studio) -> dict[str, Any]:
    """Show the members with their roles and devices, open tickets, who knocks, and what was removed.

    A device is shown by groups of its id that end with two letters that check it; it may be typed in any case, and
    shortened.
    """
    team = studio.project.team
    found = team.refresh()
    now = identity.now(studio.clock)
    held: dict[bytes, int] = {}
    for one in team.withheld():
        held[one.device] = held.get(one.device, 0) + one.count
    return {
        "members": [
            {
                "id": one.id,
                "name": one.name,
                "role": one.role,
                "devices": [_shown(public) for public in one.devices],
            }
            for one in found.people.values()
        ],
        "invites": [
            {
                "id": invite_id(one.key),
                "role": one.role,
                "uses": one.uses,
                "used": one.used,
                "expires": one.expires,
            }
            for one in found.invites.values()
            if one.open(now)
        ],
        "removed": [
            {
                "device": _shown(one.device),
                "member": one.member,
                "time": one.time,
                "waiting": held.get(one.device, 0),
                "can": STILL,
            }
            for one in found.removed.values()
        ],
        "suspended": [
            {"device": _shown(one.public), "why": one.sentence, "time": one.time or None}
            for one in team.suspensions.standing()
        ],
        "knocks": [shapes.knock(one) for one in team.knocks()],
        "codes": [shapes.spoken(one) for one in studio.company.spoken()]
        if studio.company is not None
        else [],
        "this_device": _shown(studio.project.device.public),
        "farewell": team.farewell(),
    }


def _shown(public: bytes) -> str:
    return identity.shown(identity.device_id(public))


@command("revoke", examples=["restrike revoke Mara --dry-run", "restrike revoke 1f3a-90bc"])
async def revoke(
    studio: Studio,
    *,
    what: Annotated[str, Arg("A member by name or id, a device, or a ticket.", shown="MEMBER|DEVICE|TICKET")],
    dry_run: Annotated[bool, Opt("--dry-run", help="Only say what would be taken away.")] = False,
) -> dict[str, Any]:
    """Take all rights from a member or a device, or call a ticket off, and change the secret that all others share.

    What a removed device made before stays. What it makes from now on, or made unseen and brings later, waits aside
    until an owner adopts it. Nobody can take back what it already has. Exit 5 without the right, and for the last
    owner.
    """
    team = studio.project.team
    plan = team.revocation(what)
    value = _plan(plan, team.members)
    if not dry_run:
        team.revoke(plan)
    message = f"{value['name']} {'would be' if dry_run else 'is'} removed. {STILL}"
    if plan.what == "ticket":
        message = f"The ticket {value['name']} {'would be' if dry_run else 'is'} called off."
    return {**value, "still": "" if plan.what == "ticket" else STILL, "dry_run": dry_run, "message": message}


def _plan(plan: Revocation, found: Members) -> dict[str, Any]:
    name = invite_id(plan.invites[0]) if plan.what == "ticket" else ""
    if plan.what == "member" and plan.member is not None:
        name = found.people[plan.member].name
    elif plan.what == "device":
        name = _shown(plan.devices[0])
    return {
        "what": plan.what,
        "name": name,
        "member": plan.member,
        "devices": [_shown(one) for one in plan.devices],
        "tickets": [invite_id(one) for one in plan.invites],
    }


@command(
    "admit",
    examples=["restrike admit", "restrike admit 1f3a-90bc --role viewer", "restrike admit 1f3a --decline"],
)
async def admit(
    studio: Studio,
    *,
    key: Annotated[
        str | None, Arg("A device that knocks, or a device's whole key; without it all who knock are shown.")
    ] = None,
    role: Annotated[Role, Opt("--role", help="What the newcomer may do.")] = "artist",
    name: Annotated[str | None, Opt("--name", help="What to call him, if not as he calls himself.")] = None,
    mine: Annotated[bool, Opt("--mine", help="It is one more device of your own.")] = False,
    decline: Annotated[
        bool, Opt("--decline", help="Send it away; for ten minutes it is not heard again.")
    ] = False,
    forgive: Annotated[
        bool, Opt("--forgive", help="Link again with a device that is suspended here for what it sent.")
    ] = False,
) -> dict[str, Any]:
    """Let in a device that asked to join on the local network: compare what its screen shows with what is shown here.

    Only an owner can; exit 5 otherwise. With a whole key of 64 digits a device is let in that never knocked.
    """
    team = studio.project.team
    if forgive:
        return _forgive(studio, key)
    waiting = team.knocks()
    knocks = [shapes.knock(one) for one in waiting]
    if key is None:
        if decline:
            raise WrongUse("name the device that is to be sent away", "restrike admit shows who knocks")
        return {"knocks": knocks, "admitted": None}
    public = _key(key, {one.public for one in waiting})
    if decline:
        team.decline(public)
        left = [one for one in knocks if one["key"] != public.hex()]
        return {"knocks": left, "admitted": None, "message": f"{_shown(public)} was sent away."}
    called = name or next((one.name for one in waiting if one.public == public), "")
    if mine:
        team.admit(public)
    else:
        team.admit(public, role=role, name=called)
    person = team.members.people[team.members.devices[public]]
    admitted = {"device": _shown(public), "member": person.id, "name": person.name, "role": person.role}
    left = [one for one in knocks if one["key"] != public.hex()]
    return {"knocks": left, "admitted": admitted, "message": f"{person.name} may join as {person.role}."}


def _forgive(studio: Studio, key: str | None) -> dict[str, Any]:
    team = studio.project.team
    if key is None:
        raise WrongUse("name the device that is to be forgiven", "restrike members shows who is suspended")
    public = team.refresh().find_device(key)
    if not team.suspensions.forgive(public):
        raise NotFound(f"{_shown(public)} is not suspended here", "restrike members shows who is")
    return {"knocks": [], "admitted": None, "message": f"{_shown(public)} is linked again when it comes."}


def _key(text: str, knocking: set[bytes]) -> bytes:
    digits = "".join(one for one in text.lower() if one.isalnum())
    if re.fullmatch("[0-9a-f]{64}", digits):
        return bytes.fromhex(digits)
    wanted = identity.read_shown(text)
    found = [one for one in knocking if identity.device_id(one).startswith(wanted)]
    if len(found) != 1:
        raise NotFound(f"no device that knocks is called {text!r:.80}", "restrike admit shows who knocks")
    return found[0]


@command(
    "adopt",
    examples=["restrike adopt", "restrike adopt 1f3a-90bc --dry-run", "restrike adopt 1f3a-90bc --discard"],
)
async def adopt(
    studio: Studio,
    *,
    device: Annotated[
        str | None, Arg("The device whose work is to count; without it all such work is shown.")
    ] = None,
    discard: Annotated[
        bool, Opt("--discard", help="Have everybody drop it instead, with what others built on it.")
    ] = False,
    dry_run: Annotated[bool, Opt("--dry-run", help="Only say what would count, or go.")] = False,
) -> dict[str, Any]:
    """Let work count that a device did after it was removed, or without the role, and what others built on it.

    Such work waits aside until then. With --discard it goes for good, at everybody's, also where it comes later. Only
    an owner can; exit 5 otherwise.
    """
    team = studio.project.team
    waiting = team.withheld()
    if device is None:
        if dry_run or discard:
            raise WrongUse("name the device whose work is meant", "restrike adopt shows them")
        return {"withheld": [_withheld(one) for one in waiting], "adopted": 0}
    public = team.members.find_device(device)
    chosen = [one for one in waiting if one.device == public]
    if not chosen:
        raise NotFound(f"nothing of {device!r:.80} waits", "restrike adopt shows what does")
    if discard:
        return _discard(studio, chosen, dry_run=dry_run)
    if dry_run:
        return {"withheld": [_withheld(one) for one in chosen], "adopted": 0, "dry_run": True}
    taken = team.adopt(chosen)
    left = [_withheld(one) for one in team.withheld()]
    return {"withheld": left, "adopted": taken, "message": f"{taken} bundles count now."}


def _discard(studio: Studio, chosen: list[Withheld], *, dry_run: bool) -> dict[str, Any]:
    team = studio.project.team
    going = team.discarded(chosen)
    if not dry_run:
        team.discard(chosen)
    total = sum(going.values())
    return {
        "withheld": [_withheld(one) for one in (chosen if dry_run else team.withheld())],
        "adopted": 0,
        "discarded": [{"device": _shown(one), "bundles": count} for one, count in sorted(going.items())],
        "dry_run": dry_run,
        "message": f"{total} bundles {'would go' if dry_run else 'are gone'} for good.",
    }


def _withheld(one: Withheld) -> dict[str, Any]:
    return {
        "device": _shown(one.device),
        "log": one.log,
        "first": one.first,
        "last": one.last,
        "bundles": one.count,
    }
