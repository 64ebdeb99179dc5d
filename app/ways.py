"""How the others are met beyond the local network: a relay, STUN and TURN servers, a shared folder as mailbox.

What a person says once is remembered for this project on this machine, in `.restrike/ways.json`; for projects of which
nothing was said the settings of the machine hold. No secret is among it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from app import ice
from app.settings import Settings
from engine.faults import BadField

FILE: Final = "ways.json"
NONE: Final = "none"
"""What is said to have something forgotten."""
MOST_SERVERS: Final = 8


@dataclass(frozen=True, slots=True)
class Ways:
    """The relay's address, the URLs of servers, the folder; what is None was never said."""

    relay: str | None = None
    ice: tuple[str, ...] | None = None
    mailbox: Path | None = None


def read(private: Path) -> Ways:
    """What was remembered in a project's private folder; nothing where that cannot be read."""
    try:
        found = json.loads((private / FILE).read_text("utf-8"))
        return Ways(_relay(found["relay"]), _servers(found["ice"]), _folder(found["mailbox"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError, BadField):
        return Ways()


def remember(private: Path, ways: Ways) -> None:
    """Write down what the next start is to use, whole or not at all."""
    value = {
        "relay": ways.relay,
        "ice": None if ways.ice is None else list(ways.ice),
        "mailbox": None if ways.mailbox is None else str(ways.mailbox),
    }
    fresh = private / f"{FILE}.part"
    fresh.write_text(json.dumps(value) + "\n", "utf-8")
    fresh.replace(private / FILE)


def told(
    private: Path, folder: Path, *, relay: str | None, servers: Sequence[str], mailbox: Path | None
) -> Ways:
    """What a command line says, besides what was remembered, remembered from now on; raises `BadField`."""
    before = read(private)
    found = before
    if relay is not None:
        found = replace(found, relay=None if relay == NONE else _relay(relay))
    if servers:
        found = replace(found, ice=_servers([] if list(servers) == [NONE] else servers))
    if mailbox is not None:
        found = replace(found, mailbox=None if str(mailbox) == NONE else (folder / mailbox).resolve())
    if found != before:
        remember(private, found)
    return found


def effective(ways: Ways, settings: Settings, *, relay: bool = True) -> Ways:
    """The ways with the machine's settings where nothing was said; without the relay for this once if asked."""
    server = ways.relay or settings.relay or None
    return Ways(
        relay=server if relay else None,
        ice=settings.ice if ways.ice is None else ways.ice,
        mailbox=ways.mailbox,
    )


def _relay(value: Any) -> str | None:
    from sync.relay import names

    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 255 or not value.isprintable():
        raise BadField("relay", value, "an address like wss://relay.example.org")
    names.origin(value)
    return value


def _servers(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    found = tuple(value)
    if len(found) > MOST_SERVERS:
        raise BadField("--ice", f"{len(found)} servers", f"at most {MOST_SERVERS}")
    for one in found:
        ice.parse(one)
    return found


def _folder(value: Any) -> Path | None:
    return None if value is None else Path(value)
