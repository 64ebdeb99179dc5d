"""Fifty devices of one team, all linked with all: how soon an edit has reached everybody, and what a quiet one costs.

All sessions run in one process, each with a real project on disk and with links in memory; so one core does the work of
fifty machines, and whoever is reached last has waited for the work of all the others.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from sync.presence import Present
from sync.project import Project
from sync.session import Session
from tests.benchmarks.figure import Figure, percentile
from tests.sync.company import Ether, equal, session, until
from tests.sync.stage import Desk, add_asset

PEERS = 50
EDITS = 100
QUIET = 20.0
"""Seconds in which nobody does anything."""
PATIENCE = 300.0


def measure(share: float) -> list[Figure]:
    """50 devices and 100 edits from a fifth of full share on, fewer of both below."""
    peers = max(4, min(PEERS, int(5 * PEERS * share)))
    with tempfile.TemporaryDirectory() as place:
        return asyncio.run(
            _measure(Path(place), peers, max(5, int(EDITS * share)), QUIET * min(1.0, 5 * share))
        )


async def _measure(root: Path, peers: int, edits: int, quiet: float) -> list[Figure]:
    async with team(root, peers) as projects:
        before = _memory()
        begun = time.monotonic()
        async with AsyncExitStack() as stack:
            all_of_them = await _met(projects, stack)
            linked = time.monotonic() - begun
            await until(lambda: _settled(all_of_them), *all_of_them, seconds=PATIENCE)
            settled = time.monotonic() - begun
            times = [await _reached(projects, number, f"PROP{number:04d}") for number in range(edits)]
            await until(lambda: equal(*all_of_them), *all_of_them, seconds=PATIENCE)
            idle = await _idle(all_of_them, quiet)
            memory = _memory() - before
    links = peers * (peers - 1) // 2
    return [
        Figure(what=f"{peers} devices: from an edit until it can be read on all, p95", unit="s", at_most=1.0,
               value=percentile(times, 0.95),
               note=f"p50 {percentile(times, 0.5):.3f} s, longest {max(times):.3f} s of {edits}; links in memory, one "
               f"process for all; {links:,} links came about in {linked:.1f} s, all agreed after {settled:.1f} s"),
        Figure(what=f"{peers} devices: work of a quiet one, of a core", unit="%", at_most=2.0, value=100 * idle / peers,
               note=f"{quiet:.0f} s, {peers - 1} links each"),
        Figure(what=f"{peers} devices: memory that a session with {peers - 1} links adds", unit="MB",
               value=memory / peers / 1e6, at_most=150, note=f"one process holds {_memory() / 1e6:.0f} MB for all"),
    ]  # fmt: skip


@asynccontextmanager
async def team(root: Path, count: int) -> AsyncIterator[list[Project]]:
    """A project on so many devices, all admitted and equal."""
    export = root / "export"
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Desk.under(root, "d0").create())
        add_asset(first, "LAMP")
        first.export(export)
        found = [first]
        for number in range(1, count):
            desk = Desk.under(root, f"d{number}")
            found.append(await stack.enter_async_context(desk.join(export)))
            first.admit(found[-1].device.public)
        first.export(export)
        for one in found[1:]:
            one.merge(export)
        yield found


async def _met(projects: Sequence[Project], stack: AsyncExitStack) -> list[Session]:
    """A session of each, which come one after the other, each once the one before is linked with all."""
    ether, found = Ether(), list[Session]()
    for number, project in enumerate(projects):
        one = await stack.enter_async_context(session(ether, project, f"{number}"))
        one.say(Present(instance=f"{number}"))
        found.append(one)
        await until(partial(_meshed, found), *found, seconds=PATIENCE)
    return found


def _meshed(all_of_them: Sequence[Session]) -> bool:
    return all(one.linked == len(all_of_them) - 1 for one in all_of_them)


def _settled(all_of_them: Sequence[Session]) -> bool:
    """Whether everybody knows of everybody that they hold the same, membership included."""
    entries = {frozenset(one.replica.entries()) for one in all_of_them}
    return (
        len(entries) == 1
        and equal(*all_of_them)
        and all(peer.synced for one in all_of_them for peer in one.peers())
    )


async def _reached(projects: Sequence[Project], number: int, name: str) -> float:
    """How long an edit of one device takes until the last of the others can read it."""
    author = projects[number * 7 % len(projects)]
    lacking = {id(one) for one in projects if one is not author}
    done = asyncio.Event()

    def told(project: Project) -> None:
        if id(project) in lacking and project.index.find_asset(name) is not None:
            lacking.discard(id(project))
            if not lacking:
                done.set()

    with ExitStack() as stack:
        for one in projects:
            stack.enter_context(one.subscribe(lambda _, one=one: told(one)))  # type: ignore[misc]
        start = time.perf_counter()
        add_asset(author, name)
        async with asyncio.timeout(PATIENCE):
            await done.wait()
        return time.perf_counter() - start


async def _idle(all_of_them: Sequence[Session], seconds: float) -> float:
    """The share of a core that all of them take while nothing happens."""
    gc.collect()
    worked, start = time.process_time(), time.monotonic()
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()
    return (time.process_time() - worked) / (time.monotonic() - start)


def _memory() -> int:
    """Bytes that this process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
