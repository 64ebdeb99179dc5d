"""The team's other devices: joining them, and seeing which are here."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from app import settings
from app.commands.projects import lay_out
from app.commands.table import Arg, Opt, Report, Said, command
from app.place import PRIVATE, Place, enclosing
from engine.faults import Conflict, NotFound, Refused, WrongUse

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.networks import Hint, Network
    from sync.project import Project
    from sync.session import News
    from sync.tickets import Ticket

SECONDS: Final = 60.0
"""How long `join` waits for the film, as long as nothing of it comes."""


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
        return {"peers": [], "reasons": []}
    reasons = [] if why is None else [asdict(one) for one in company.why(why)]
    return {"peers": company.peers(), "reasons": reasons}


@command("join", examples=["restrike join restrike1… ~/film", "restrike join restrike1… . --name Mara"])
async def join(
    place: Place,
    report: Report,
    *,
    ticket: Annotated[str, Arg("The ticket that restrike invite printed.")],
    folder: Annotated[Path, Arg("The folder to begin; it is made if it is not there.", shown="DIR")],
    name: Annotated[str | None, Opt("--name", help="What the others see you as.")] = None,
    seconds: Annotated[
        float, Opt("--for", help="Give up after so long without news.", shown="SECONDS")
    ] = SECONDS,
) -> dict[str, Any]:
    """Join a project with a ticket: find a member's device, be let in, and fetch the film.

    One of the members has to have the project open (restrike serve), on this network or at an address in the ticket.
    Called again it goes on where it stopped. Exit 5 if the ticket lets nobody in, 3 if nobody answers.
    """
    from sync import tickets
    from sync.salvage import begun

    found = tickets.decode(ticket)
    target = (place.folder / folder).resolve()
    if target.exists() and not target.is_dir():
        raise WrongUse(f"{target} is a file", "name a folder")
    if not begun(target / PRIVATE):
        around = enclosing(target.parent)
        if around is not None:
            raise Refused(f"{target} lies inside the project {around}", "choose a folder outside it")
        report(Said("looking for a device of the project …"))
        await _begin(found, target, place, name, min(seconds, 20.0))
    report(Said("fetching the film …"))
    return await _fetch(found, target, place, seconds)


async def _begin(ticket: Ticket, target: Path, place: Place, name: str | None, seconds: float) -> None:
    """Get the membership, and begin the folder with it."""
    from sync import identity
    from sync.joining import Applicant, Visit
    from sync.lan import Lan
    from sync.project import Project

    found = settings.read(place.home)
    called = name or found.member
    device = identity.load_or_create(place.home, keyring=found.keyring, name=called, random=place.random)
    lan = Lan(ticket.project, clock=place.clock, random=place.random, known=_hints(ticket))
    applicant = Applicant(ticket.project, device, place.clock, ticket)
    networks: list[Network] = [lan]
    if ticket.relay is not None:
        from sync.far import Far

        networks.append(Far(ticket.relay, ticket.project, device, random=place.random))
    visit = Visit(applicant, device, networks, now=time.monotonic, random=place.random, ticket=ticket)
    entries = await visit.entries(seconds)
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


def _hints(ticket: Ticket) -> list[Hint]:
    from sync.dialling import Route
    from sync.networks import Hint

    return [Hint(one, Route.LAN, (one,), True, kept=True) for one in ticket.addresses]


async def _fetch(ticket: Ticket, target: Path, place: Place, seconds: float) -> dict[str, Any]:
    """Be in the project's company until this device agrees with another one."""
    from app.company import together
    from app.studio import Studio
    from sync import identity

    async with Studio.open(target, place.home, clock=place.clock) as studio:
        project = studio.project
        if project.id != ticket.project:
            raise Conflict(f"{target} holds another project", "join into a folder of its own")
        async with together(studio, place, relay=ticket.relay, hints=_hints(ticket)) as company:
            await _synced(project, company, seconds)
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


async def _synced(project: Project, company: Any, seconds: float) -> None:
    """Wait for agreement; every piece of news gives it more time."""
    stirred, synced = asyncio.Event(), asyncio.Event()

    def hear(news: News) -> None:
        stirred.set()
        if news.what == "synced":
            synced.set()

    company.subscribe(hear)
    with project.subscribe(lambda change: stirred.set()):
        while not synced.is_set():
            stirred.clear()
            try:
                async with asyncio.timeout(seconds):
                    await stirred.wait()
            except TimeoutError as error:
                reasons = company.session.steps() if company.session is not None else []
                failed = [one for one in reasons if not one.ok]
                hint = failed[0].fix if failed else "let the member's device be on, and call join again"
                raise NotFound("the film did not come", hint) from error
