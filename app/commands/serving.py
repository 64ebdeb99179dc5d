"""Keeping a project open for other programs."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from app.commands import beyond
from app.commands.table import Opt, Report, Said, command
from app.place import Place
from app.signals import sigterm
from sync.team import STILL

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.news import News


def _tell_removal(studio: Studio, report: Report, news: News) -> None:
    """Say it plainly when this device was removed; what is here stays, and can be read."""
    if news.what == "removed":
        report(Said(f"{studio.project.team.farewell()}. {STILL}"))


@command(
    "serve",
    examples=[
        "restrike serve",
        "restrike serve --render --port 8420",
        "restrike serve --host 192.168.1.20 --origin https://tools.example.org",
    ],
)
async def serve(
    studio: Studio,
    place: Place,
    report: Report,
    *,
    port: Annotated[int, Opt("--port", help="The port; 0 takes a free one.", shown="N")] = 0,
    render: Annotated[bool, Opt("--render", help="Work on the queue as well.")] = False,
    host: Annotated[
        str, Opt("--host", help="The address to listen on; any but loopback is served by TLS alone.")
    ] = "127.0.0.1",
    origin: Annotated[
        list[str], Opt("--origin", help="A web page that may call, such as https://tools.example.org.")
    ] = [],  # noqa: B006
    no_lan: Annotated[bool, Opt("--no-lan", help="Look for nobody on the local network.")] = False,
    relay: beyond.Relay = None,
    no_relay: beyond.NoRelay = False,
    ice: beyond.Ice = [],  # noqa: B006
    mailbox: beyond.Mailbox = None,
    certificate: Annotated[
        Path | None, Opt("--certificate", help="A PEM certificate; otherwise one is made.", shown="FILE")
    ] = None,
    key: Annotated[Path | None, Opt("--key", help="The certificate's key.", shown="FILE")] = None,
) -> dict[str, Any]:
    """Keep the project open without a window until you stop it (Ctrl-C): for the others, and for its local API.

    The team's other devices on the local network are found, and both keep the same. Relay, servers and mailbox are
    remembered for this project on this machine.

    Address and token are in .restrike/api.json, which only you can read; the API is described at /docs. While it runs,
    commands in this project go through it.
    """
    from app.api.server import Listening, serving
    from app.company import together
    from app.gates import lent
    from app.resident import Resident

    met = beyond.chosen(studio, place, relay=relay, no_relay=no_relay, ice=ice, mailbox=mailbox)
    listening = Listening(host=host, port=port, origins=tuple(origin), certificate=certificate, key=key)
    if render:
        studio.resident = Resident(studio, gates=[lent()])
    async with (
        serving(studio, place, listening, by="serve") as desk,
        together(studio, place, lan=not no_lan, ways=met) as company,
    ):
        company.subscribe(partial(_tell_removal, studio, report))
        report(
            Said(f"{studio.project.name} is open at {desk.url} (description: {desk.url}/docs); Ctrl-C stops")
        )
        async with asyncio.TaskGroup() as group:
            working = group.create_task(studio.resident.run()) if studio.resident is not None else None
            with sigterm() as stopped:
                await stopped.wait()
            if working is not None:
                working.cancel()
    return {"url": desk.url, "message": "Stopped; what was reported as done is saved."}
