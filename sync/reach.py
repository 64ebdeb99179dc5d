"""Where the others were last, written down: `.restrike/reach.json`, so that a restart need not wait to be found.

It holds the port that this device listens on, which is asked for again, and one address for each other device. All of
it is a hint that may be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sync.dialling import Route, offers
from sync.networks import Hint
from sync.records import DeviceId

FILE: Final = "reach.json"
MOST: Final = 200
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Reach:
    """The port of this device, 0 where it has none yet, and the address of each other."""

    port: int = 0
    peers: Mapping[DeviceId, str] = field(default_factory=dict)

    def hints(self, own: DeviceId) -> list[Hint]:
        """The others as hints."""
        return [
            Hint(where, Route.LAN, (where,), offers(own, device), device, kept=True)
            for device, where in self.peers.items()
        ]


def read(private: Path) -> Reach:
    """What was written down; nothing where that cannot be read."""
    try:
        found = json.loads((private / FILE).read_text("utf-8"))
        port, peers = found["port"], found["peers"]
        fits = isinstance(port, int) and 0 <= port < 1 << 16 and isinstance(peers, dict)
        return Reach(port, dict(filter(_fits, peers.items()))) if fits else Reach()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Reach()


def write(private: Path, reach: Reach) -> None:
    """Write it down, whole or not at all."""
    value = {"port": reach.port, "peers": dict(list(reach.peers.items())[-MOST:])}
    fresh = private / f"{FILE}.part"
    fresh.write_text(json.dumps(value) + "\n", "utf-8")
    fresh.replace(private / FILE)


def _fits(one: tuple[Any, Any]) -> bool:
    return all(isinstance(text, str) and len(text) <= _LONGEST and text.isprintable() for text in one)
