"""Two devices of one film, each with a folder and a home of its own: served by two processes that find each other."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync import identity
from sync.project import Project
from tests.benchmarks import struck
from tests.benchmarks.film import Film
from tests.benchmarks.program import Program
from tests.benchmarks.served import Caller, Served, serving

PATIENCE = 300.0
LOOK = 0.02


@dataclass(frozen=True, slots=True)
class Devices:
    """The programs of an owner and of artists, all with the same film, and its assets' names."""

    programs: tuple[Program, ...]
    names: list[str]


def devices(place: Path, assets: int, count: int = 2) -> Devices:
    """A film of so many assets on so many devices, none of them running."""
    owner = Program(place / "0" / "film", place / "0" / "home")
    others = [
        Program(place / f"{number}" / "film", place / f"{number}" / "home") for number in range(1, count)
    ]
    owner.folder.mkdir(parents=True)
    names = asyncio.run(_written(owner, others, assets))
    for one in others:
        shutil.copytree(owner.folder, one.folder)
    return Devices((owner, *others), names)


async def _written(owner: Program, others: list[Program], assets: int) -> list[str]:
    _, facts = struck.newest()
    async with Project.create(owner.folder, "Ten thousand", home=owner.home) as project:
        film = Film(project, facts, random.Random(4211))
        film.write(assets)
        for one in others:
            device = identity.load_or_create(one.home, keyring=False, random=os.urandom)
            project.admit(device.public, role="artist", name=one.home.parent.name)
    return film.names


@contextmanager
def linked(*programs: Program) -> Iterator[tuple[Served, ...]]:
    """All of them served, and each linked with all the others."""
    with ExitStack() as stack:
        found = tuple(stack.enter_context(serving(one)) for one in programs)
        for one in found:
            with one.caller() as caller:
                until(lambda: len(peers(caller, one)) == len(programs) - 1)  # noqa: B023
        yield found


def peers(caller: Caller, served: Served) -> list[dict[str, Any]]:
    """The other devices that a program is linked with."""
    found: list[dict[str, Any]] = caller.ask("GET", f"{served.at}/peers").value["peers"]
    return [one for one in found if one["link"]]


def heads(caller: Caller, served: Served) -> str:
    """The digest over everything that a program shows."""
    return str(caller.ask("GET", f"{served.at}/status").value["heads"])


def until(found: Callable[[], object], seconds: float = PATIENCE) -> float:
    """Ask until something is so; the seconds that it took."""
    start, turn = time.monotonic(), threading.Event()
    while not found():
        if time.monotonic() - start > seconds:
            raise RuntimeError(f"it did not come about within {seconds:.0f} seconds")
        turn.wait(LOOK)
    return time.monotonic() - start
