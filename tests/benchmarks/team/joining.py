"""A second device joins: how long until names can be seen, until everything is there, and how much travels."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks.figure import Figure
from tests.benchmarks.program import Program
from tests.benchmarks.served import serving
from tests.benchmarks.team.pair import devices

PATIENCE = 600.0


def measure(share: float) -> list[Figure]:
    """`restrike join` beside `restrike serve` with 10,000 assets at full share; found by zeroconf, over WebRTC."""
    assets = max(20, int(10_000 * share))
    with tempfile.TemporaryDirectory() as place:
        owner = devices(Path(place), assets, 1).programs[0]
        guest = Program(Path(place) / "guest" / "film", Path(place) / "guest" / "home")
        guest.folder.parent.mkdir(parents=True)
        with serving(owner):
            ticket = owner.run("invite")["ticket"]
            load = psutil.getloadavg()[0]
            names, seconds, megabytes = _join(guest, ticket)
        same = guest.run("status")["heads"] == owner.run("status")["heads"]
    note = (
        f"{assets:,} assets with versions, takes, jobs; two processes on loopback, load before it {load:.1f}"
    )
    return [
        Figure(what="a device joins: until names are there", unit="s", at_most=5, value=names, note=note),
        Figure(what="a device joins: until everything is there", unit="s", value=seconds, note=note),
        Figure(what="a device joins: what travels without pictures", unit="MB", at_most=50, value=megabytes),
        Figure(what="a device joins: both hold the same", unit="", at_least=1, value=float(same)),
    ]


def _join(guest: Program, ticket: str) -> tuple[float, float, float]:
    """Seconds from the start of the process until names and until everything is there, and megabytes."""
    start = time.monotonic()
    names = None
    with subprocess.Popen(
        guest.words("join", ticket, str(guest.folder)),
        cwd=guest.folder.parent,
        env=guest.environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if names is None and "names are there" in line:
                names = time.monotonic() - start
        status = process.wait(PATIENCE)
    seconds = time.monotonic() - start
    found = re.search(r"([\d.,]+) MB came", said[-1]) if said else None
    if status or found is None:
        raise RuntimeError(f"join: exit {status}\n{''.join(said)}")
    return (seconds if names is None else names), seconds, float(found[1].replace(",", ""))
