"""The team's other devices: joining them, and seeing which are here."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from app import shapes
from app.commands import beyond
from app.commands.table import Arg, Opt, Report, Said, command
from app.place import PRIVATE, Place, enclosing
from engine.faults import Conflict, Refused, WrongUse

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.networks import Hint
    from sync.tickets import Ticket

SECONDS: Final = 60.0
"""How long `join` waits for the film, as long as nothing of it comes."""
LOOKING: Final = 20.0
"""How long a device is looked for that takes a ticket."""
KNOCKING: Final = 300.0
"""How long `join --knock` waits for an owner."""


@command(
    "peers",
    examples=["restrike peers", "restrike peers --why Mara", "restrike peers --json"],
)
async def peers(
    studio: Studio,
    *,
    why: Annotated[
        str | None,
        Opt("--why", help="Say why this device is not in sync with that one.", shown="MEMBER|DEVICE"),
    ] = None,
) -> dict[str, Any]:
    """Show the team's devices that are here: over which link, how far away, what each does.

    While restrike serve, or restrike worker, has the project open; otherwise nobody is here.
    """
    company = studio.company
    if company is None:
        if why is not None:
            raise Refused("the project is not open for others", "run restrike serve, and ask again")
        return {"peers": [], "reasons": [], "checks": []}
    reasons = [] if why is None else [asdict(one) for one in company.why(why)]
    checks = [shapes.check(one.name, one.ok, one.detail, one.fix) for one in company.steps()]
    return {"peers": company.peers(), "reasons": reasons, "checks": checks}


@command(
    "join",
    examples=[
        "restrike join restrike1… ~/film",
        "restrike join restrike1… . --name Mara",
        "restrike join --knock ~/film",
        "restrike join --code 7-otter-maple ~/film",
    ],
)
async def join(
    place: Place,
    report: Report,
    *,
    ticket: Annotated[str | None, Arg("The ticket that restrike invite printed.", shown="TICKET")] = None,
    folder: Annotated[
        Path | None, Arg("The folder to begin; it is made if it is not there.", shown="DIR")
    ] = None,
    code: Annotated[
        str | None, Opt("--code", help="The code that somebody on this network said.", shown="CODE")
    ] = None,
    knock: Annotated[bool, Opt("--knock", help="Without a ticket: ask an owner on this network.")] = False,
    name: Annotated[str | None, Opt("--name", help="What the others see you as.")] = None,
    seconds: Annotated[
        float | None, Opt("--for", help="Give up after so long without news.", shown="SECONDS")
    ] = None,
    no_lan: Annotated[bool, Opt("--no-lan", help="Go by the ticket's relay alone.")] = False,
) -> dict[str, Any]:
    """Join a project with a ticket: find a member's device, be let in, and fetch the film.

    One of the members has to have the project open (restrike serve), on this network or at an address in the ticket.
    Called again it goes on where it stopped. With --knock and a folder alone this device asks whoever is on this
    network; an owner compares its name and id with his screen, and admits it (restrike admit). With --code and a folder
    alone it asks for the ticket of a code that restrike invite --spoken made. Exit 5 if nobody lets it in, 3 if nobody
    answers.
    """
    from app import entrance
    from sync.salvage import begun

    began = time.monotonic()
    if knock and code is not None:
        raise WrongUse("a code lets this device in without knocking", "leave --knock out")
    target, found = _wanted(place, ticket, folder, alone=knock or code is not None)
    if code is not None and not begun(target / PRIVATE):
        report(Said("looking for whoever said that code …"))
        found = await entrance.by_code(code, place, seconds or LOOKING)
    if not begun(target / PRIVATE):
        await _enter(place, report, target, found, name, seconds, lan=not no_lan)
    report(Said("fetching the film …"))
    return await _fetch(found, target, place, seconds or SECONDS, report, began, lan=not no_lan)


def _wanted(
    place: Place, ticket: str | None, folder: Path | None, *, alone: bool
) -> tuple[Path, Ticket | None]:
    """The folder to begin, and the ticket unless the folder is all that is named."""
    from sync import tickets
    from sync.salvage import begun

    if alone:
        if folder is not None:
            raise WrongUse("who knocks or has a code has no ticket", "name the folder alone")
        folder, found = Path(ticket or "."), None
    elif ticket is None or folder is None:
        raise WrongUse(
            "a ticket and a folder are needed", "restrike join TICKET DIR, or restrike join --knock DIR"
        )
    else:
        found = tickets.decode(ticket)
    target = (place.folder / folder).resolve()
    if target.exists() and not target.is_dir():
        raise WrongUse(f"{target} is a file", "name a folder")
    around = None if begun(target / PRIVATE) else enclosing(target.parent)
    if around is not None:
        raise Refused(f"{target} lies inside the project {around}", "choose a folder outside it")
    return target, found


async def _enter(
    place: Place,
    report: Report,
    target: Path,
    ticket: Ticket | None,
    name: str | None,
    seconds: float | None,
    *,
    lan: bool,
) -> None:
    """Get into the project, and begin the folder."""
    from app import entrance

    if ticket is not None:
        report(Said("looking for a device of the project …"))
        await entrance.by_ticket(
            ticket, target, place, name, _hints(ticket), min(seconds or SECONDS, LOOKING), lan=lan
        )
        return
    report(Said("looking for devices on this network …"))
    opener = await entrance.by_knock(
        target, place, name, seconds or KNOCKING, lambda sentence: report(Said(sentence))
    )
    report(Said(f"let in by {opener}"))


def _hints(ticket: Ticket | None) -> list[Hint]:
    from sync.dialling import Route
    from sync.networks import Hint

    addresses = ticket.addresses if ticket is not None else ()
    return [Hint(one, Route.LAN, (one,), True, kept=True) for one in addresses]


async def _fetch(
    ticket: Ticket | None,
    target: Path,
    place: Place,
    seconds: float,
    report: Report,
    began: float,
    *,
    lan: bool,
) -> dict[str, Any]:
    """Be in the project's company until this device agrees with another one."""
    from app.arriving import Arriving, synced
    from app.company import together
    from app.studio import Studio
    from sync import identity

    async with Studio.open(target, place.home, clock=place.clock) as studio:
        project = studio.project
        if ticket is not None and project.id != ticket.project:
            raise Conflict(f"{target} holds another project", "join into a folder of its own")
        relay = ticket.relay if ticket is not None else None
        met = beyond.chosen(studio, place, relay=relay, ice=[], mailbox=None)
        async with together(studio, place, lan=lan, ways=met, hints=_hints(ticket)) as company:
            await synced(project, company, seconds, Arriving(company, report, began))
            await company.first_pictures()
        counts = project.index.counts()
        role = project.members.role_of(project.device.public)
        return {
            "project": project.id,
            "name": project.name,
            "folder": target,
            "member": project.member,
            "role": role,
            "device": identity.shown(project.device.id),
            "assets": counts["assets"],
            "heads": project.index.heads(),
            "message": f"{project.name} is in {target}, with {counts['assets']} assets; you are its {role}. "
            f"restrike serve --project {target} keeps it in step.",
        }
