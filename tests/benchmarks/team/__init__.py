"""What a team of devices has to reach: agreement, survival, and how fast a crowd hears of an edit.

Each part is a benchmark of its own as well: `python -m tests.benchmarks team.latency`.
"""

from __future__ import annotations

import importlib

from tests.benchmarks.figure import Figure

PARTS = (
    "latency",
    "joining",
    "pictures",
    "crowd",
    "reconnect",
    "offline",
    "cuts",
    "fifty",
    "idle",
    "revocation",
    "handshakes",
    "hostile_relay",
    "stories",
    "mutations",
    "kills",
)


def measure(share: float) -> list[Figure]:
    """Every part, one after the other."""
    return [
        figure
        for part in PARTS
        for figure in importlib.import_module(f"tests.benchmarks.team.{part}").measure(share)
    ]
