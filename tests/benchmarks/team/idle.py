"""A program that is open with some others linked, and nobody does anything: what it costs its machine."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

import psutil

from tests.benchmarks.figure import Figure
from tests.benchmarks.served import Served
from tests.benchmarks.team.pair import devices, linked

SECONDS = 30.0
LEAST = 20.0
SETTLING = 10.0
DEVICES = 3


def measure(share: float) -> list[Figure]:
    """30 seconds of a film of 10,000 assets at full share; never less than 20."""
    with tempfile.TemporaryDirectory() as place:
        found = devices(Path(place), max(50, int(10_000 * share)), DEVICES)
        with linked(*found.programs) as served:
            return _measured(served, len(found.names), max(LEAST, SECONDS * share))


def _measured(served: Iterable[Served], assets: int, seconds: float) -> list[Figure]:
    turn = threading.Event()
    whole = [_family(one) for one in served]
    turn.wait(SETTLING)
    before = [_cpu(some) for some in whole]
    turn.wait(seconds)
    used = [100 * (_cpu(some) - was) / seconds for some, was in zip(whole, before, strict=True)]
    memory = [some[0].memory_info().rss / 1e6 for some in whole]
    children = max(sum(one.memory_info().rss for one in some[1:]) / 1e6 for some in whole)
    note = (
        f"{DEVICES} programs linked with each other, {assets:,} assets, over {seconds:.0f} s; the largest, with its "
        f"children; each program: {', '.join(f'{one:.2f}' for one in sorted(used))} %"
    )
    return [
        Figure(what="idle peer: CPU of a core", unit="%", at_most=2, value=max(used), note=note),
        Figure(what="idle peer: memory", unit="MB", at_most=150, value=max(memory),
               note=f"the largest of the programs; the child that tries changes has {children:.0f} MB beside it"),
    ]  # fmt: skip


def _family(served: Served) -> list[psutil.Process]:
    own = psutil.Process(served.pid)
    return [own, *own.children(recursive=True)]


def _cpu(some: list[psutil.Process]) -> float:
    return float(sum(one.cpu_times().user + one.cpu_times().system for one in some))
