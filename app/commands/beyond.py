"""The options that say how others are met beyond the local network, alike for every command that meets them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from app import ways
from app.commands.table import Opt
from app.place import PRIVATE, Place
from app.ways import Ways

if TYPE_CHECKING:
    from app.studio import Studio

Relay = Annotated[
    str | None,
    Opt(
        "--relay",
        help="Meet the others at this relay as well, such as wss://relay.example.org; none forgets it.",
        shown="URL",
    ),
]
NoRelay = Annotated[bool, Opt("--no-relay", help="Leave the relay out this time.")]
Ice = Annotated[
    list[str],
    Opt(
        "--ice",
        help="A STUN or TURN server for direct links, such as turn:USER@turn.example.org; none forgets them.",
        shown="URL",
    ),
]
Mailbox = Annotated[
    Path | None,
    Opt("--mailbox", help="A shared folder to leave what is new in, sealed; none forgets it.", shown="DIR"),
]


def chosen(
    studio: Studio,
    place: Place,
    *,
    relay: str | None,
    no_relay: bool = False,
    ice: list[str],
    mailbox: Path | None,
) -> Ways:
    """The ways of an open project: what was said now and is remembered, else what was remembered, else the settings."""
    private = studio.project.folder / PRIVATE
    told = ways.told(private, place.folder, relay=relay, servers=ice, mailbox=mailbox)
    return ways.effective(told, studio.settings, relay=not no_relay)
