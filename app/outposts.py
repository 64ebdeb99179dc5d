"""What `doctor` looks at far away: the relay, STUN and TURN servers, the mailbox folder, each step with its fix.

The relay is visited in a room that nobody else knows, so that a session which is there stays undisturbed.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from app import ice, settings, shapes, ways
from app.ice import Secrets, Server
from app.place import PRIVATE, Place
from app.ways import Ways
from engine.faults import Fault, NotFound
from sync.relay import names
from sync.relay.client import RelayClient

Shape = dict[str, Any]

SECONDS: Final = 6.0
SKEW: Final = 120.0
"""Seconds that two clocks may differ: tickets and claims are judged by them."""
LARGEST_ANSWER: Final = 65_536
PROBE: Final = "0/doctor"
_ASK: Final = "ask who runs the relay, or name another one: restrike serve --relay URL"


async def checks(place: Place, secrets: Secrets | None = None) -> list[Shape]:
    """Each step towards what this project, or this machine, was told of; nothing where it was told of nothing."""
    known = _ways(place)
    found: list[Shape] = []
    if known.relay is not None:
        found += [one async for one in _relay(known.relay, place)]
    for text in known.ice or ():
        found.append(await _server(ice.parse(text), secrets or Secrets(), place))
    if known.mailbox is not None:
        found.append(await asyncio.to_thread(_folder, known.mailbox))
    return found


def _ways(place: Place) -> Ways:
    try:
        told = ways.read(place.film() / PRIVATE)
    except NotFound:
        told = Ways()
    try:
        return ways.effective(told, settings.read(place.home))
    except Fault:  # which the look at the settings says
        return told


# --- the relay ---


async def _relay(relay: str, place: Place) -> AsyncIterator[Shape]:
    """The steps to a relay, as far as one can get."""
    parts = urlsplit(names.origin(relay))
    assert parts.hostname is not None
    assert parts.port is not None
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port)
    except (OSError, TimeoutError):
        fix = "check the address, restrike serve --relay URL, and this machine's name server"
        yield shapes.check("relay address", False, f"nobody knows an address of {parts.hostname}", fix)
        return
    yield shapes.check("relay address", True, f"{relay} has an address")
    reached = await _reached(parts.hostname, parts.port, tls=parts.scheme == "wss")
    yield reached
    if not reached["ok"]:
        return
    yield await _let_in(relay, place)
    yield await _clock(parts.scheme, parts.netloc, place)


async def _reached(host: str, port: int, *, tls: bool) -> Shape:
    what = "relay certificate" if tls else "relay port"
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(
                host, port, ssl=ssl.create_default_context() if tls else None
            )
            writer.close()
            await writer.wait_closed()
    except ssl.SSLError as error:
        said = f"the certificate of {host} is not believed: {error.reason or error}"
        return shapes.check(what, False, said, "renew it there, or set this machine's clock right")
    except (OSError, TimeoutError) as error:
        said = f"{host} port {port} does not answer: {str(error) or 'too late'}"
        fix = f"see whether the relay runs, and let TCP port {port} through the firewalls"
        return shapes.check(what, False, said, fix)
    return shapes.check(what, True, f"{host} port {port} answers" + (", and is who it says" if tls else ""))


async def _let_in(relay: str, place: Place) -> Shape:
    """Whether the relay accepts this device's answer to its challenge, and keeps an object for it."""
    device = settings.read(place.home)
    try:
        own = _device(place, keyring=device.keyring)
        room = names.Room.of(place.random(32))
        async with (
            asyncio.timeout(4 * SECONDS),
            RelayClient.visiting(relay, own, room, place.random) as client,
        ):
            await client.put(PROBE, b"there and back")
            back = await client.get(PROBE)
            await client.delete(PROBE)
    except TimeoutError:
        return shapes.check("relay", False, "the relay is too slow to be of use", _ASK)
    except Fault as fault:
        return shapes.check("relay", False, fault.message, fault.hint or _ASK)
    if back != b"there and back":
        return shapes.check("relay", False, "the relay gives out something else than was put there", _ASK)
    return shapes.check("relay", True, "the relay lets this device in, and keeps what is put there")


def _device(place: Place, *, keyring: bool) -> Any:
    from sync import identity

    return identity.load_or_create(place.home, keyring=keyring, random=place.random)


async def _clock(scheme: str, where: str, place: Place) -> Shape:
    """How far the relay's clock is from ours, and what it grants."""
    url = f"{'https' if scheme == 'wss' else 'http'}://{where}/health"
    try:
        said = await asyncio.to_thread(_fetched, url)
        theirs, quota, kept = float(said["time"]), int(said["mailbox_bytes"]), float(said["kept_seconds"])
    except (HTTPError, URLError, OSError, ValueError, KeyError, TypeError):
        detail = "the relay does not say how it is at /health; its clock was not compared"
        return shapes.check("relay clock", True, detail)
    skew = place.clock().timestamp() - theirs
    detail = f"it keeps {quota // (1 << 20)} MB of each device for {kept / 86400:.0f} days"
    if abs(skew) > SKEW:
        said_skew = f"this machine's clock and the relay's differ by {abs(skew):.0f} s; {detail}"
        return shapes.check("relay clock", False, said_skew, "set the clock that is wrong (NTP does it)")
    return shapes.check("relay clock", True, f"the clocks agree; {detail}")


def _fetched(url: str) -> dict[str, Any]:
    with urlopen(url, timeout=SECONDS) as answer:  # the scheme is http or https
        found = json.loads(answer.read(LARGEST_ANSWER))
    if not isinstance(found, dict):
        raise TypeError(url)
    return found


# --- servers and the folder ---


async def _server(server: Server, secrets: Secrets, place: Place) -> Shape:
    """Whether a STUN server says where this machine is, or a TURN server lends it an address."""
    from sync.links import webrtc

    now = place.clock()
    if ice.locked([server], secrets, now):
        fix = (
            f"set {ice.SECRET} or {ice.PASSWORD}, or: keyring set '{ice.KEYRING}' {server.user}@{server.host}"
        )
        return shapes.check("TURN server", False, f"no secret for {server.shown} is known here", fix)
    what = "TURN server" if server.turns else "STUN server"
    kinds = await webrtc.gathered(ice.servers([server], secrets, now))
    if ("relay" if server.turns else "srflx") in kinds:
        gives = "lends an address" if server.turns else "says where this machine is seen"
        return shapes.check(what, True, f"{server.shown} {gives}")
    fix = (
        "check the secret, which a TURN server refuses without a word, and its ports (3478, 5349)"
        if server.turns
        else "check its address, and let UDP port 3478 through"
    )
    return shapes.check(what, False, f"{server.shown} does not answer", fix)


def _folder(folder: Path) -> Shape:
    if not folder.is_dir():
        fix = "connect the disk, make the folder, or name another one: restrike serve --mailbox DIR"
        return shapes.check("mailbox", False, f"there is no folder {folder}", fix)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return shapes.check("mailbox", False, f"{folder} cannot be written", "change its permissions")
    return shapes.check("mailbox", True, f"{folder} can be written")
