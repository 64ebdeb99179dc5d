"""Asking for pictures, the queue, and working on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from app.commands import beyond
from app.commands.table import Arg, Opt, Outcome, Report, Said, command
from app.place import PRIVATE, Place
from engine.faults import BadField, Conflict, WrongUse
from sync.kinds import Kind, Tier

if TYPE_CHECKING:
    from app.studio import Elsewhere, Studio
    from sync.tickets import Ticket

_JOB = "The job: its id or the beginning of it."
MOST_ITEMS = 1000


@command(
    "render",
    examples=[
        "restrike render SH010 --tier low --wait",
        "restrike render --stale",
        "restrike render MARA --count 4",
        "restrike render --scene SC-01 --tier high --dry-run",
    ],
)
async def render(
    studio: Studio,
    report: Report,
    *,
    names: Annotated[
        list[str], Arg("The assets; or select with options.", complete="asset", shown="NAME")
    ] = [],  # noqa: B006
    scene: Annotated[str | None, Opt("--scene", help="All shots of this scene.", complete="scene")] = None,
    all: Annotated[bool, Opt("--all", help="Every asset.")] = False,
    stale: Annotated[bool, Opt("--stale", help="What an edit has made outdated.")] = False,
    kind: Annotated[Kind | None, Opt("--kind", help="Assets of this kind.")] = None,
    where: Annotated[
        str | None, Opt("--where", help='A query, such as "tier = low and takes = 0".', shown="QUERY")
    ] = None,
    tier: Annotated[
        Tier | None, Opt("--tier", help="How good and how urgent; otherwise as the version says.")
    ] = None,
    count: Annotated[int, Opt("--count", help="How many takes, each with a seed of its own.", shown="N")] = 1,
    wait: Annotated[bool, Opt("--wait", help="Render here and now, and return when it is done.")] = False,
    dry_run: Annotated[bool, Opt("--dry-run", help="Only say what would be asked for.")] = False,
) -> dict[str, Any]:
    """Ask for pictures. What feeds an asset and has no take is rendered first.

    A recipe that already has a take, or a live job, is not rendered twice. Without --wait the jobs wait for a worker
    (restrike worker).
    """
    from app import requests, shift

    if not 1 <= count <= MOST_ITEMS:
        raise BadField("count", count, f"1 to {MOST_ITEMS}")
    selected = requests.select(studio, names, scene=scene, all=all, stale=stale, kind=kind, where=where)
    if dry_run:
        return requests.preview(studio, selected, tier, count)
    asked = requests.request(studio, selected, tier, count)
    if wait:
        return await shift.wait(studio, asked, report)
    return requests.answer(studio, asked)


@command("jobs", examples=["restrike jobs", "restrike jobs --all --limit 20"])
async def jobs(
    studio: Studio,
    *,
    all: Annotated[bool, Opt("--all", help="Those that ended as well.")] = False,
    limit: Annotated[int | None, Opt("--limit", help="At most so many.", shown="N")] = None,
    offset: Annotated[int, Opt("--offset", help="Leave out so many from the top.", shown="N")] = 0,
) -> dict[str, Any]:
    """List the jobs that have not ended and those that failed, what comes next at the top."""
    from app.listing import Listing
    from app.views import window

    states = None if all else ("pending", "owned", "failed")
    index = studio.project.index
    most, after = window(limit, offset)
    rows = index.jobs(states=states, limit=most, offset=after)
    paused = bool(studio.project.setting("paused", False))
    value: dict[str, Any] = {
        "jobs": Listing(studio).jobs([row.id for row in rows]),
        "total": len(rows) if limit is None and not after else index.job_count(states=states),
        "paused": paused,
    }
    if paused:
        value["message"] = "The queue is paused: restrike jobs resume goes on."
    return value


@command("jobs pause", examples=["restrike jobs pause"])
async def jobs_pause(studio: Studio) -> dict[str, Any]:
    """Let workers start nothing new in this project; what is being rendered is finished."""
    return _pause(studio, True)


@command("jobs resume", examples=["restrike jobs resume"])
async def jobs_resume(studio: Studio) -> dict[str, Any]:
    """Let workers start jobs again."""
    return _pause(studio, False)


@command("job show", examples=["restrike job show 3f2a81c0"])
async def job_show(
    studio: Studio, *, job: Annotated[str, Arg(_JOB, complete="job", shown="ID")]
) -> dict[str, Any]:
    """Show one job with its attempts, and while it waits, for what."""
    from app import finding, reasons

    return reasons.shown(studio, finding.job(studio, job))


@command("job why", examples=["restrike job why 3f2a81c0"])
async def job_why(
    studio: Studio, *, job: Annotated[str, Arg(_JOB, complete="job", shown="ID")]
) -> dict[str, Any]:
    """Say why a job is not being rendered, the deciding reason first, and what would help."""
    from app import finding, reasons
    from sync.rules import jobs as rules

    view = rules.view(studio.project.job(finding.job(studio, job)))
    found = [{"code": one.code, "sentence": one.sentence, "fix": one.fix} for one in reasons.of(studio, view)]
    return {"job": view.job, "state": str(view.state), "reasons": found}


@command("job cancel", examples=["restrike job cancel 3f2a81c0"])
async def job_cancel(
    studio: Studio,
    *,
    job: Annotated[str, Arg(_JOB, complete="job", shown="ID")],
    dry_run: Annotated[bool, Opt("--dry-run", help="Say what would happen, and change nothing.")] = False,
) -> dict[str, Any]:
    """Call a job off; a worker that renders it stops within one step. A result that is already there stands."""
    from app import finding
    from app.listing import Listing
    from app.render import queue

    if dry_run:
        shape = Listing(studio).job(finding.job(studio, job))
        ended = shape["state"] in ("finished", "failed", "cancelled")
        words = f"It is {shape['state']}." if ended else "It would be called off."
        return {**shape, "dry_run": True, "message": words}
    view = queue.call_off(studio, finding.job(studio, job))
    words = f"It is {view.state}." if view.state != "cancelled" else "Called off."
    return {**Listing(studio).job(view.job), "dry_run": False, "message": words}


@command("job retry", examples=["restrike job retry 3f2a81c0"])
async def job_retry(
    studio: Studio, *, job: Annotated[str, Arg(_JOB, complete="job", shown="ID")]
) -> dict[str, Any]:
    """Ask again for a job that failed or was cancelled; the attempts so far no longer count."""
    from app import finding, orders
    from app.listing import Listing

    again = orders.retry(studio, finding.job(studio, job))
    return {**Listing(studio).job(again), "message": "Asked for again."}


@command("job claim", examples=["restrike job claim 3f2a81c0"])
async def job_claim(
    studio: Studio, *, job: Annotated[str, Arg(_JOB, complete="job", shown="ID")]
) -> dict[str, Any]:
    """Reserve a job for the worker that you have running on this machine; it is then the one to render it."""
    from app import finding, orders
    from app.listing import Listing

    found = finding.job(studio, job)
    orders.reserve(studio, found)
    return {**Listing(studio).job(found), "message": "Reserved for your worker."}


@command("job release", examples=["restrike job release 3f2a81c0"])
async def job_release(
    studio: Studio, *, job: Annotated[str, Arg(_JOB, complete="job", shown="ID")]
) -> dict[str, Any]:
    """Give a claimed job back to the queue; the worker that has it stops within one step."""
    from app import finding, orders
    from app.listing import Listing

    found = finding.job(studio, job)
    orders.release(studio, found)
    return {**Listing(studio).job(found), "message": "Back in the queue."}


@command("job vote", examples=["restrike job vote 3f2a81c0", "restrike job vote 3f2a81c0 -1"])
async def job_vote(
    studio: Studio,
    *,
    job: Annotated[str, Arg(_JOB, complete="job", shown="ID")],
    vote: Annotated[
        str, Arg("+1 (sooner), -1 (later) or 0 (no opinion).", shown="+1|-1|0", signed=True)
    ] = "+1",
) -> dict[str, Any]:
    """Vote for a job to come earlier or later; your newest vote counts."""
    from app import finding, orders
    from app.listing import Listing

    values = {"+1": 1, "1": 1, "-1": -1, "0": 0}
    if vote not in values:
        raise BadField("vote", vote, "+1, -1 or 0")
    found = finding.job(studio, job)
    orders.vote(studio, found, values[vote])
    return Listing(studio).job(found)


async def _join_first(place: Place, report: Report, values: Mapping[str, Any]) -> None:
    """With a ticket and a folder that is no project yet: join it."""
    from app.commands.peers import join
    from app.place import PRIVATE
    from sync.salvage import begun

    ticket, folder = values["join"], values["folder"]
    if ticket is None:
        return
    if folder is None:
        raise WrongUse("a ticket alone does not say where", "restrike worker --join TICKET DIR")
    if not begun((place.folder / folder).resolve() / PRIVATE):
        await join(place, report, ticket=ticket, folder=folder)


def _ticket_for(studio: Studio, text: str | None) -> Ticket | None:
    """The ticket that a worker came with; raises `Conflict` where it is another project's."""
    from sync import tickets

    found = tickets.decode(text) if text is not None else None
    if found is not None and found.project != studio.project.id:
        raise Conflict("that ticket is for another project", "name a folder of its own")
    return found


@command(
    "worker",
    examples=[
        "restrike worker",
        "restrike worker ~/film --until-idle",
        "restrike worker --only-tier low",
        'restrike worker --hours "19-07 sat,sun:00-24" --polite',
        "restrike worker --join restrike1… ~/film",
    ],
    before=_join_first,
)
async def worker(
    studio: Studio,
    place: Place,
    report: Report,
    *,
    folder: Annotated[
        Path | None, Arg("The project; otherwise the one around here.", shown="DIR", opens=True)
    ] = None,
    device: Annotated[
        str | None,
        Opt("--device", help="Where to render: auto, cpu, cuda, cuda:N, mps; several with commas."),
    ] = None,
    until_idle: Annotated[bool, Opt("--until-idle", help="End when nothing is left to do.")] = False,
    only_tier: Annotated[Tier | None, Opt("--only-tier", help="Take jobs of this tier alone.")] = None,
    hours: Annotated[
        str | None,
        Opt("--hours", help="Begin nothing outside these hours: 19-07, sat,sun:00-24.", shown="SPANS"),
    ] = None,
    polite: Annotated[
        bool, Opt("--polite", help="Begin nothing while other programs need the GPU or the processor.")
    ] = False,
    no_lan: Annotated[bool, Opt("--no-lan", help="Look for nobody on the local network.")] = False,
    join: Annotated[
        str | None,
        Opt("--join", help="Join with this ticket first, if the folder is no project.", shown="TICKET"),
    ] = None,
    relay: beyond.Relay = None,
    no_relay: beyond.NoRelay = False,
    ice: beyond.Ice = [],  # noqa: B006
    mailbox: beyond.Mailbox = None,
) -> dict[str, Any]:
    """Work on the queue of a project until you stop it (Ctrl-C): a headless render node.

    Stopping gives claimed jobs back; a second worker may work on the same project at the same time. Whatever is being
    rendered when the hours end, or when somebody else needs the machine, is finished. With --join and a folder one line
    makes a render node of a bare machine; the same line goes on after a restart.
    """
    from app import shift, slots
    from app.company import together
    from app.gates import gates

    closed = gates(studio.clock, hours, polite=polite)
    ticket = _ticket_for(studio, join)
    devices = () if device is None else slots.read(device)
    async with slots.opened(studio, devices) as studios:
        if until_idle or studio.served:
            studio.elsewhere = studio.elsewhere or _through(studio)
            done = await shift.work_all(studios, report, only=only_tier, until_idle=until_idle, gates=closed)
        else:
            named = relay or (ticket.relay if ticket is not None else None)
            met = beyond.chosen(studio, place, relay=named, no_relay=no_relay, ice=ice, mailbox=mailbox)
            async with _open_for_callers(studio, place), together(studio, place, lan=not no_lan, ways=met):
                report(Said("waiting for jobs; Ctrl-C stops"))
                done = await shift.stay(studios, report, only=only_tier, gates=closed)
    value = {"finished": done.finished, "failed": done.failed, "aside": done.aside}
    takes = f"{len(done.finished)} picture{'' if len(done.finished) == 1 else 's'} rendered"
    stopped = "; stopped, what was claimed is back in the queue" if done.stopped else ""
    return Outcome(
        {**value, "stopped": done.stopped, "message": f"{takes}{stopped}."}, 1 if done.aside else 0
    )


def _through(studio: Studio) -> Elsewhere:
    """Asks others for pictures by way of the program that is in company, if one has this folder open."""
    from app import asking
    from app.company import LOCK

    return asking.through(studio, studio.project.folder / PRIVATE / LOCK, over=lambda: False)


@asynccontextmanager
async def _open_for_callers(studio: Studio, place: Place) -> AsyncIterator[None]:
    """The project served by this process, unless another one serves it already."""
    from app.api.server import Listening, serving

    async with AsyncExitStack() as stack:
        with suppress(Conflict):
            await stack.enter_async_context(serving(studio, place, Listening(), by="worker"))
        yield


def _pause(studio: Studio, paused: bool) -> dict[str, Any]:
    from app.commands.models import setting
    from sync.project import PROJECT_DOCUMENT

    if bool(studio.project.setting("paused", False)) != paused:
        studio.project.commit(lambda edit: edit.add(PROJECT_DOCUMENT, setting(edit, "paused", paused)))
    words = "Paused: workers finish what they are at and start nothing new." if paused else "Workers go on."
    return {"paused": paused, "message": words}
