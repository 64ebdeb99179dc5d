"""Which step between this device and others is blocked, told from how the tries to reach them ended.

A device that is announced and does not answer is behind a firewall; one that was only written down may be switched off,
and says nothing of the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sync.contacts import Tried
from sync.dialling import Route
from sync.networks import Step

QUIET: Final = 30.0
"""Seconds after which a linked device that is not announced never will be: so long an announcement is believed."""


def steps(tries: Iterable[Tried], linked: int, unheard: Sequence[str]) -> list[Step]:
    """The steps towards others, of which `unheard` are linked and yet not announced."""
    failed = [one for one in tries if one.code and one.route is Route.LAN]
    return [*_announced(unheard), *_asked(failed), _reached(failed, linked)]


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
