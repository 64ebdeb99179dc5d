"""`kill -9` at random instants, during edits and during renders: what was acknowledged is still there."""

from __future__ import annotations

import asyncio
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from sync.blobs.folder import FolderStore
from sync.project import Project
from sync.records import TakeId
from tests.benchmarks.figure import Figure
from tests.benchmarks.program import Program

EDITS = """
import os, sys
from app.cli import main
for number in range(int(sys.argv[1]), 10**9):
    name = f"PROP-{number:07d}"
    if main(["asset", "add", "prop", name, f"prompt=a red boat {number}", "seed=1"]):
        os._exit(1)
    if main(["asset", "set", name, "seed=2", "--note", "second"]):
        os._exit(1)
    os.write(int(sys.argv[2]), f"{number}\\n".encode())
"""
SHOTS = 60
RENDER_SHARE = 0.2
LONGEST_EDIT = 1.5
LONGEST_RENDER = 12.0


@dataclass(slots=True)
class Tally:
    """What was told, what of it was lost, and how many starts failed."""

    kills: int = 0
    told: int = 0
    lost: int = 0
    failed: list[str] = field(default_factory=list)


def measure(share: float) -> list[Figure]:
    """200 kills at full share, a fifth of them while the bundled model renders."""
    kills = max(3, int(200 * share))
    renders = max(1, int(kills * RENDER_SHARE))
    source = random.Random(4211)
    with tempfile.TemporaryDirectory() as place:
        program = Program(Path(place), Path(place) / "home")
        program.run("init", "film", "--name", "Kills")
        film = Program(Path(place) / "film", Path(place) / "home")
        edits = _edits(film, kills - renders, source)
        struck, twice = _renders(film, renders, source)
    tallies = (edits, struck)
    return [
        Figure(what="kill -9 during edits and renders: acknowledged facts lost", unit="facts", at_most=0,
               value=sum(one.lost for one in tallies),
               note=f"{edits.kills} kills during edits, {struck.kills} during renders; "
               f"{edits.told:,} edits and {struck.told} takes acknowledged"),
        Figure(what="starts that failed after a kill", unit="starts", at_most=0,
               value=sum(len(one.failed) for one in tallies), note="; ".join([*edits.failed, *struck.failed])[:300]),
        Figure(what="recipes rendered more than once to the end", unit="recipes", at_most=0, value=twice),
    ]  # fmt: skip


def _edits(film: Program, kills: int, source: random.Random) -> Tally:
    tally, names, number = Tally(), set[str](), 0
    for _ in range(kills):
        acknowledged = _killed_edit(film, number, source.uniform(0.05, LONGEST_EDIT), tally)
        names |= {f"PROP-{one:07d}" for one in acknowledged}
        number = max([number, *acknowledged]) + 2  # the one after the last may have been half done
        asyncio.run(_check_edits(film, names, tally))
    return tally


def _killed_edit(film: Program, number: int, seconds: float, tally: Tally) -> list[int]:
    """The numbers that a process acknowledged before it was killed, `seconds` after the first."""
    reader, writer = os.pipe()
    victim = subprocess.Popen(
        [sys.executable, "-c", EDITS, str(number), str(writer)],
        cwd=film.folder, env=film.environment(), pass_fds=(writer,), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], 60)
    if ready and victim.poll() is None:
        deadline = time.monotonic() + seconds
        while victim.poll() is None and time.monotonic() < deadline:
            select.select([], [], [], max(0.0, deadline - time.monotonic()))
    if victim.poll() is not None:
        tally.failed.append(victim.communicate()[1].decode()[-200:])
    _kill(victim)
    with os.fdopen(reader, "rb") as told:
        found = [int(line) for line in told.read().split(b"\n")[:-1]]
    tally.kills += 1
    tally.told += 2 * len(found)
    return found


async def _check_edits(film: Program, names: set[str], tally: Tally) -> None:
    async with Project.open(film.folder, home=film.home) as project:
        versions = {row.name: row.versions for row in project.index.assets()}
    tally.lost += sum(max(0, 2 - versions.get(name, 0)) for name in names)


def _renders(film: Program, kills: int, source: random.Random) -> tuple[Tally, int]:
    tally, seen = Tally(), set[TakeId]()
    for number in range(SHOTS):
        film.run(
            "asset",
            "add",
            "shot",
            f"SHOT-{number:03d}",
            f"prompt=a red boat, the sea, {number}",
            f"seed={number}",
        )
    film.run("render", "--kind", "shot", "--all")
    for _ in range(kills):
        asyncio.run(_killed_worker(film, source.uniform(0.5, LONGEST_RENDER), tally, seen))
        asyncio.run(_check_takes(film, tally, seen))
    film.run("worker", "--until-idle")
    asyncio.run(_check_takes(film, tally, seen))
    takes = film.run("take", "list")["takes"]
    keys = [take["recipe_key"] for take in takes]
    tally.told = len(seen)
    if len(set(keys)) != SHOTS:
        tally.failed.append(f"{len(set(keys))} of {SHOTS} shots were rendered in the end")
    return tally, len(keys) - len(set(keys))


async def _killed_worker(film: Program, seconds: float, tally: Tally, seen: set[TakeId]) -> None:
    """A worker, killed with its children after `seconds`; `seen` gains the takes that others could see before."""
    async with Project.open(film.folder, home=film.home) as project:
        victim = film.start("worker", "--until-idle")
        deadline = time.monotonic() + seconds
        while victim.poll() is None and time.monotonic() < deadline:
            select.select([], [], [], 0.02)
            if project.poll() is not None:
                seen |= {row.take.id for row in project.index.takes()}
    if victim.poll() not in (None, 0):
        tally.failed.append(f"worker ended with {victim.poll()}")
    _kill(victim)
    tally.kills += 1


async def _check_takes(film: Program, tally: Tally, seen: set[TakeId]) -> None:
    blobs = FolderStore(film.folder / ".restrike" / "blobs")
    async with Project.open(film.folder, home=film.home) as project:
        there = {row.take.id: row.take for row in project.index.takes()}
    tally.lost += sum(one not in there or not blobs.verify(there[one].sha256) for one in seen)


def _kill(victim: subprocess.Popen[bytes]) -> None:
    if victim.poll() is None:
        os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    if victim.stderr is not None:
        victim.stderr.close()
