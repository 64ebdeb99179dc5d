"""Running a relay for teams whose devices cannot reach each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

from app.commands.table import Opt, Report, Said, command
from app.place import Place
from engine.faults import BadField

PORT: Final = 8427
MOST_QUOTA: Final = 1024 * 1024


@command(
    "relay",
    examples=[
        "restrike relay",
        "restrike relay --host 0.0.0.0 --port 8427 --data /var/lib/restrike-relay --quota 32",
    ],
)
async def relay(
    place: Place,
    report: Report,
    *,
    host: Annotated[
        str, Opt("--host", help="The address to listen on; loopback, unless you say otherwise.")
    ] = "127.0.0.1",
    port: Annotated[int, Opt("--port", help="The port; 0 takes a free one.", shown="N")] = PORT,
    data: Annotated[
        Path | None,
        Opt("--data", help="Where mailboxes are kept; otherwise RESTRIKE_HOME/relay.", shown="DIR"),
    ] = None,
    quota: Annotated[
        int, Opt("--quota", help="How many megabytes a device may leave in a mailbox.", shown="MB")
    ] = 32,
) -> dict[str, Any]:
    """Run a relay until you stop it (Ctrl-C): a meeting place, and a mailbox for those who are away.

    It needs no project and cannot read anything: it sees sealed frames, blinded names and rounded sizes. Objects are
    kept for 14 days. TLS is for a proxy in front of it. /health says how it is, /metrics counts for Prometheus.
    """
    from app import relay as running
    from app.signals import sigterm
    from sync import identity
    from sync.relay.quotas import MIB, Limits
    from sync.relay.server import Relay

    if not 0 <= port <= 65535:
        raise BadField("--port", port, "0 to 65535")
    if not 1 <= quota <= MOST_QUOTA:
        raise BadField("--quota", quota, f"1 to {MOST_QUOTA}")
    limits = replace(Limits(), mailbox=quota * MIB)
    folder = place.folder / data if data is not None else place.home / running.FOLDER
    async with Relay.listening(
        folder, host=host, port=port, limits=limits, clock=place.clock, random=place.random
    ) as found:
        address = f"ws://{f'[{host}]' if ':' in host else host}:{found.port}"
        with sigterm() as stopped, running.noted(place.home, address, identity.now(place.clock)):
            report(Said(f"The relay listens on {address}; Ctrl-C stops"))
            await stopped.wait()
    return {
        "running": False,
        "address": address,
        "started": None,
        "message": "Stopped; what was acknowledged is kept.",
    }
