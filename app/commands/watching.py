"""Watching what goes on in a project."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

from app.commands.table import Line, Opt, Report, Said, command
from app.place import Place
from engine.faults import BadField, Fault

if TYPE_CHECKING:
    import ssl

    from app.api.address import Address

AGAIN: Final = 0.25
"""Seconds between looks for a server that went away."""


class ForeignCertificate(Fault):
    """Somebody else answers where our server should."""

    code = "foreign_certificate"


@command(
    "events",
    examples=[
        "restrike events",
        "restrike events --types job_changed,regeneration_progress",
        "restrike events --since ID --for 60",
    ],
)
async def events(
    place: Place,
    report: Report,
    *,
    types: Annotated[
        str | None,
        Opt("--types", help="Only these, separated by commas, such as asset_changed.", shown="A,B"),
    ] = None,
    since: Annotated[
        str | None, Opt("--since", help="Go on after the event with this id.", shown="ID")
    ] = None,
    seconds: Annotated[float | None, Opt("--for", help="End after so many seconds.", shown="SECONDS")] = None,
    count: Annotated[int | None, Opt("--count", help="End after so many events.", shown="N")] = None,
) -> dict[str, Any]:
    """Print live events as JSON lines, one object a line, until you stop it (Ctrl-C).

    The first is the whole state (full_sync, in several parts when it is large), unless --since names an event of the
    server that still runs: then come exactly those that were missed. Through restrike serve or restrike worker, if one
    of them has the project open, otherwise on its own. A server that goes away is waited for, and nothing is missed.
    """
    from app.api import address
    from app.events import chosen

    if seconds is not None and not seconds >= 0:
        raise BadField("--for", seconds, "seconds, 0 or more")
    if count is not None and count < 1:
        raise BadField("--count", count, "1 or more")
    printed = _Printed(report, chosen(types), count, since)
    folder = place.film()
    try:
        async with asyncio.timeout(seconds) as limit:
            if address.read(folder) is None:
                await _alone(place, folder, printed)
            else:
                await _served(folder, printed)
    except TimeoutError:
        if not limit.expired():
            raise
    return {}


class _Printed:
    """What was printed: the last id, and how many are still wanted."""

    def __init__(
        self, report: Report, types: frozenset[str] | None, count: int | None, last: str | None
    ) -> None:
        self.report = report
        self.types = types
        self.last = last
        self._left = count

    def __call__(self, text: str) -> bool:
        """Print an event if it is wanted; whether that was the last one."""
        event: Mapping[str, Any] = json.loads(text)
        self.last = event["id"]
        if self.types is not None and event["type"] not in self.types:
            return False
        self.report(Line(text))
        if self._left is not None:
            self._left -= 1
        return self._left == 0


async def _alone(place: Place, folder: Path, printed: _Printed) -> None:
    """Watch the project in this process."""
    from app.api.hub import Hub
    from app.studio import Studio

    async with (
        Studio.open(folder, place.home, clock=place.clock) as studio,
        Hub.open(studio, place.clock, place.random) as hub,
        hub.connect(printed.last, printed.types) as listener,
    ):
        async for text in listener:
            if printed(text):
                return


async def _served(folder: Path, printed: _Printed) -> None:
    """Listen to the server, and to the one that takes its place."""
    from websockets.exceptions import WebSocketException

    from app.api import address

    there = True
    while True:
        found = address.read(folder)
        if found is not None:
            try:
                if await _listened(found, printed):
                    return
            except (OSError, WebSocketException):
                found = None
        if there and found is None:
            printed.report(Said("the server went away; waiting for it to come back"))
        there = found is not None
        await asyncio.sleep(AGAIN)


async def _listened(found: Address, printed: _Printed) -> bool:
    """Print what one server says until it ends; whether that was everything that is wanted."""
    from websockets.asyncio.client import connect

    parts = urlsplit(found.url)
    asked = {"since": printed.last, "types": ",".join(sorted(printed.types or ()))}
    query = urlencode({name: value for name, value in asked.items() if value})
    scheme = "wss" if parts.scheme == "https" else "ws"
    async with connect(
        f"{scheme}://{parts.netloc}/api/v1/events?{query}",
        additional_headers={"Authorization": f"Bearer {found.token}"},
        max_size=None,
        proxy=None,
        ssl=None if scheme == "ws" else await asyncio.to_thread(_pinned, found),
    ) as socket:
        async for text in socket:
            if printed(text if isinstance(text, str) else text.decode()):
                return True
    return False


def _pinned(found: Address) -> ssl.SSLContext:
    """Trust in the one certificate that api.json names, and in no other."""
    import hashlib
    import ssl

    parts = urlsplit(found.url)
    if found.certificate is None:
        return ssl.create_default_context()
    shown = ssl.get_server_certificate((parts.hostname or "", parts.port or 443), timeout=10.0)
    if hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest() != found.certificate.lower():
        raise ForeignCertificate(
            "the server shows another certificate than api.json says",
            "somebody else may be listening there; start restrike serve again",
        )
    context = ssl.create_default_context(cadata=shown)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
