"""A process that commits until it is killed, and the story around it; the benchmark tells it with more kills."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.sync.stage import Desk, add_asset, names

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Survival:
    """What became of so many kills: names that were acknowledged, and those of them that are gone."""

    kills: int
    acknowledged: int
    lost: tuple[str, ...]
    failed_starts: int


async def survive(root: Path, kills: int, seed: int = 1) -> Survival:
    """Kill a committing process again and again at random instants and count what was lost."""
    desk = Desk.under(root)
    async with desk.create():
        pass
    draw = random.Random(seed)
    acknowledged: list[str] = []
    failed = 0
    for n in range(kills):
        told, code = await asyncio.to_thread(_one_life, root, n, draw.uniform(0.0, 0.15))
        acknowledged += told
        failed += code not in (0, -9)
    async with desk.open() as project:
        there = set(names(project))
        lost = [one for one in acknowledged if one not in there]
        lost += [one.detail for one in project.verify() if one.what not in ("log",)]
    return Survival(kills, len(acknowledged), tuple(lost), failed)


def _one_life(root: Path, n: int, seconds: float) -> tuple[list[str], int]:
    """One process: what it said it had done, until it was killed some time after its first word."""
    command = [sys.executable, "-m", "tests.sync.kills", str(root), str(n)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        timer = threading.Timer(seconds, child.kill)
        timer.start()
        told = [first, *child.stdout]
        child.wait()
        timer.cancel()
        timer.join()
    return [line.strip() for line in told if line.endswith("\n")], child.returncode


async def _live(root: Path, n: int) -> None:
    desk = Desk.under(root)
    async with desk.open() as project:
        for k in range(1000):
            name = f"A{n:03d}.{k:03d}"
            add_asset(project, name)
            print(name, flush=True)


if __name__ == "__main__":
    asyncio.run(_live(Path(sys.argv[1]), int(sys.argv[2])))
