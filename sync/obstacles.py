"""Which step between this device and others is blocked, told from how the tries to reach them ended.

A device that is announced and does not answer is behind a firewall; one that was only written down may be switched off,
and says nothing of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sync.contacts import Contact, Tried
from sync.dialler import Dialler
from sync.dialling import Route
from sync.networks import Step
from sync.presence import Seen

Linked = tuple[Contact, Seen | None]
"""Somebody who is linked, and what was heard of him."""

QUIET: Final = 30.0
"""Seconds after which a linked device that is not announced never will be: so long an announcement is believed."""


def steps(dialler: Dialler, live: Sequence[Linked], now: float) -> list[Step]:
    """The steps towards others, of whom those in `live` are linked."""
    failed = [one for one in dialler.tries.values() if one.code and one.route is Route.LAN]
    quiet = unheard(live, dialler.dialling.announced, now)
    reached = [_reached(failed, len(live))] if failed or live else []
    return [*_announced(quiet), *_asked(failed), *reached]


def unheard(live: Iterable[Linked], announced: Callable[[str], bool], now: float) -> list[str]:
    """Who is linked over the LAN for a while, and under whose name there nobody is announced."""
    return [
        contact.peer.name
        for contact, seen in live
        if contact.route is Route.LAN and now - contact.since >= QUIET
        if seen is not None and not announced(seen.present.instance)
    ]


def _announced(unheard: Sequence[str]) -> Iterable[Step]:
    if unheard:
        yield Step(
            "multicast to others",
            False,
            f"{', '.join(unheard)}: linked by an address that is known, but not announced on this network",
            "let UDP port 5353 (multicast) through the firewalls on both sides, so that newcomers are found too",
        )


def _asked(failed: Iterable[Tried]) -> Iterable[Step]:
    """Those that are announced were asked for a connection, and did not answer."""
    silent = [one for one in failed if one.code == "no_answer" and one.announced]
    if silent:
        yield Step("asking others", False, silent[-1].message, silent[-1].hint)


def _reached(failed: Iterable[Tried], linked: int) -> Step:
    """Those that answered were to be reached over a data channel."""
    for one in failed:
        if one.code == "no_link":
            return Step("data channel to others", False, one.message, one.hint)
    return Step("data channel to others", True, f"{linked} other devices are linked")
