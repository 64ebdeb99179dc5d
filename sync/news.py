"""What a session tells of the other devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sync.records import DeviceId

What = Literal[
    "up",
    "down",
    "changed",
    "synced",
    "shown",
    "preview",
    "worker",
    "knock",
    "knock_over",
    "attempt",
    "removed",
]


@dataclass(frozen=True, slots=True)
class News:
    """Something about another device: it came, went, does something else, agrees, shows a picture, works, knocks.

    An `attempt` is one that failed; its device is empty where nobody knows who it was.
    """

    what: What
    device: DeviceId
