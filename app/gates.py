"""What keeps a worker from beginning anything: its hours, and whoever else needs the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from app import hours as spans
from app import strain
from app.worker import Gate


def gates(clock: Callable[[], datetime], hours: str | None, *, polite: bool) -> list[Gate]:
    """The gates of a worker, by `clock` for the hours; raises `BadField` for hours that are none."""
    found: list[Gate] = []
    if hours is not None:
        found.append(_hours(spans.parse(hours), clock))
    if polite:
        found += [lent(), strain.Strain(strain.on_processor(), time.monotonic).reason]
    return found


def lent() -> Gate:
    """The gate of a GPU that its artist lends: closed while another program needs it."""
    return strain.Strain(strain.on_gpu(), time.monotonic).reason


def _hours(found: spans.Hours, clock: Callable[[], datetime]) -> Gate:
    def reason() -> str | None:
        local = clock().astimezone().replace(tzinfo=None)
        if found.open(local):
            return None
        opens = found.opens(local)
        when = opens.strftime("until %A %H:%M") if opens is not None else "for good"
        return f"the hours are {found.text}: nothing is begun {when}"

    return reason
