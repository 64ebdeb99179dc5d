"""A million inputs of a hostile device, and the named bombs: nothing dies, hangs, or is believed wrongly."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from sync import identity
from sync.replica import ProjectReplica
from sync.verifier import Verifier
from tests.benchmarks.figure import Figure
from tests.sync import corpus
from tests.sync.forgers import forging
from tests.sync.hostile import WRONG, Tally, storm
from tests.sync.stage import Desk, contents

INPUTS = 1_000_000
CHUNK = 2_500
FORGED = 4_000
WAITS = "an unknown dependency"
"""The one crafted change that is sound but for what it follows, so that it waits."""


def measure(share: float) -> list[Figure]:
    """1,000,000 mutated inputs at full share, each chunk with a seed of its own; the crafted ones all, each time."""
    start = time.monotonic()
    total, died, chunks = _stormed(max(1, int(INPUTS * share / CHUNK)))
    seconds = time.monotonic() - start
    tried = sum(total.tried.values())
    kinds = ", ".join(
        f"{name} {count:,}" for name, count in sorted(total.tried.items(), key=lambda one: -one[1])
    )
    believed, unnamed, ended, unread = asyncio.run(_bombs())
    forged = asyncio.run(_forged(max(20, int(FORGED * share))))
    return [
        Figure(what="mutated inputs that ended a process", unit="deaths", at_most=0, value=died,
               note=f"{tried:,} inputs in {chunks} chunks: {kinds}"),
        Figure(what="mutated inputs that took longer than a second", unit="hangs", at_most=0, value=len(total.slow),
               note="; ".join(total.slow)[:300] or f"the longest {1000 * total.longest:.0f} ms"),
        Figure(what="mutated inputs that were not refused by name, or ruined a document", unit="inputs", at_most=0,
               value=len(total.found), note="; ".join(total.found)[:600]),
        Figure(what=f"{len(corpus.CHANGES)} named bombs in bundles of a member: believed or without a name",
               unit="bombs", at_most=0, value=len(believed) + len(unnamed), note=", ".join(believed + unnamed)),
        Figure(what="checking processes that the bombs ended, and documents that cannot be read after them",
               unit="documents", at_most=0, value=ended + unread),
        Figure(what="forged facts in sound changes that stopped a project, or that it could not be read after",
               unit="facts", at_most=0, value=len(forged), note="; ".join(forged)[:600]),
        Figure(what="mutated inputs a second", unit="/s", value=tried / seconds,
               note=f"{seconds:.0f} s on {os.cpu_count()} cores"),
    ]  # fmt: skip


def _stormed(chunks: int) -> tuple[Tally, int, int]:
    """All chunks; a process that dies costs its chunk and is counted."""
    total, died = Tally(), 0
    context = multiprocessing.get_context("spawn")
    left = list(range(1, chunks + 1))
    while left:
        with ProcessPoolExecutor(min(os.cpu_count() or 1, len(left)), context) as pool:
            running = {seed: pool.submit(storm, CHUNK, seed) for seed in left}
            try:
                while left:
                    total.add(running[left[0]].result())
                    del left[0]
            except BrokenProcessPool:
                died += 1
                del left[0]  # it, or one that ran beside it
    return total, died, chunks


async def _bombs() -> tuple[list[str], list[str], int, int]:
    """Send every crafted change to a real project: those believed, those refused without a name, and what broke."""
    believed, unnamed = [], []
    with tempfile.TemporaryDirectory() as place, Verifier() as verifier:
        async with Desk.under(Path(place)).started("MARA") as project:
            device = identity.load_or_create(Path(place) / "evil")
            project.admit(device.public)
            before = contents(project)
            replica = ProjectReplica(project, verifier)
            for number, (name, make) in enumerate(corpus.CHANGES.items()):
                bundle = corpus.crafted(device, project.id, make(), number)
                taken = replica.take([bundle.plain()], ())
                believed += [name] if taken.bundles else []
                named = all(one.id.startswith(bundle.log) for one in taken.unsound) and taken.unsound
                unnamed += [name] if not named and name != WAITS else []
            wrong = [one for one in project.verify() if one.what not in ("bundle", "fact", "waiting")]
            return believed, unnamed, verifier.ended, len(wrong) + (contents(project) != before)


async def _forged(count: int) -> list[str]:
    """Send so many forged facts to a real project, and read it after each: what went wrong."""
    wrong: list[str] = []
    for seed in range(-(-count // 500)):
        with tempfile.TemporaryDirectory() as place:
            async with forging(Path(place), seed) as forger:
                for number in range(min(500, count)):
                    try:
                        forger.send(forger.forge())
                        forger.read()
                    except WRONG as error:
                        wrong.append(f"seed {seed}, number {number}: {type(error).__name__}: {error}"[:200])
                wrong += [
                    one.detail for one in forger.project.verify() if one.what in ("document", "index", "log")
                ]
    return wrong
