"""Removal in a team of real processes: how soon every other device has heard of it, and the removed one is cut off.

Each device is a `restrike serve` with a home and a folder of its own on this machine, found by multicast, linked by
WebRTC. A device is removed at the first one; the others are asked through their APIs until their members say so.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.figure import Figure, percentile
from tests.benchmarks.program import Program
from tests.benchmarks.served import Caller, Served, serving

STAYING = 4
"""The owner, and so many others who stay."""
REMOVALS = 3
SECONDS = 5.0
PATIENCE = 60.0


@dataclass(frozen=True)
class Side:
    """One device as its API shows it."""

    served: Served
    caller: Caller

    def linked(self) -> int:
        """How many others are here."""
        return len(self.caller.ask("GET", f"{self.served.at}/peers").value["peers"])

    def removed(self) -> int:
        """How many devices it knows to be removed."""
        return len(self.caller.ask("GET", f"{self.served.at}/members").value["removed"])

    def farewell(self) -> str:
        """What it is told of its own removal."""
        return str(self.caller.ask("GET", f"{self.served.at}/members").value["farewell"])


@dataclass(frozen=True)
class Times:
    """Seconds from the answer to `revoke`: until all who stay know it, and until the removed one is out and told."""

    known: float
    out: float


def measure(share: float) -> list[Figure]:
    """Three removals one after the other at full share, of two devices that stay and one that goes at the least."""
    staying, removals = (STAYING, max(1, round(REMOVALS * share))) if share >= 0.2 else (2, 1)
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        sides = _team(Path(place), staying + removals, stack)
        times = [_removal(sides, staying + number, staying) for number in range(removals)]
    load = f"{staying} devices stay, {removals} are removed one by one; load {os.getloadavg()[0]:.1f}"
    return [
        Figure(
            what=f"{what}, the longest",
            value=max(found),
            unit="s",
            at_most=SECONDS,
            note=f"median {percentile(found, 0.5):.2f} s; {load}",
        )
        for what, found in (
            ("revocation: from its answer until every online device knows it", [one.known for one in times]),
            (
                "revocation: until the removed device is cut off everywhere and told by whom",
                [one.out for one in times],
            ),
        )
    ]


def _team(place: Path, count: int, stack: ExitStack) -> list[Side]:
    """Devices that are all linked; the first is the owner's."""
    owner = Program(place / "0" / "film", place / "0" / "home")
    owner.folder.mkdir(parents=True)
    owner.run("init", str(owner.folder), "--name", "Harbour")
    sides = [_side(owner, stack)]
    for number in range(1, count):
        there = place / str(number)
        there.mkdir()
        ticket = owner.run("invite")["ticket"]
        Program(there, there / "home").run("join", ticket, str(there / "film"), "--name", f"Ben {number}")
        sides.append(_side(Program(there / "film", there / "home"), stack))
    _until(lambda: all(one.linked() == count - 1 for one in sides))
    return sides


def _side(program: Program, stack: ExitStack) -> Side:
    served = stack.enter_context(serving(program))
    return Side(served, stack.enter_context(served.caller()))


def _removal(sides: list[Side], number: int, staying: int) -> Times:
    """Remove one device, and see how long it takes; those removed before are out already."""
    first, one = sides[0], sides[number]
    others = [*sides[:staying], *sides[number + 1 :]]
    removed = first.removed() + 1
    first.caller.ask("DELETE", f"{first.served.at}/members/Ben%20{number}")
    began = time.perf_counter()
    known = _until(lambda: all(each.removed() == removed for each in others), began)
    _until(lambda: one.farewell() != "" and not one.linked(), began)
    out = _until(lambda: all(each.linked() == len(others) - 1 for each in others), began)
    return Times(known, out)


def _until(found: Callable[[], bool], began: float | None = None) -> float:
    """Ask until something is so; the seconds since `began`."""
    start = began if began is not None else time.perf_counter()
    while not found():
        if time.perf_counter() - start > PATIENCE:
            raise TimeoutError("it never came")
    return time.perf_counter() - start
