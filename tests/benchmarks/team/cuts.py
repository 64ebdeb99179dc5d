"""A network that is cut while two people work: when it is noticed, and when all is well again.

Two programs on machines of their own (network namespaces). Half of the cuts are silent, in the others a cable is
pulled. One of the two works on the queue, and so is counted out only when it may be taken for gone.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any, Final

import pytest

from app.api import address
from tests.benchmarks.figure import Figure, percentile
from tests.benchmarks.served import Caller
from tests.journeys.artists import Artist, begun
from tests.journeys.lab import Lab, Machine, why_not

CUTS: Final = {5: 6, 30: 2, 120: 2}
"""Seconds of a cut, and how many there are of it at full share."""
EDITS: Final = 100
LATEST: Final = 60.0
STEP: Final = 0.005


@dataclass(frozen=True)
class Side:
    """One of the two programs, asked over a connection that is kept."""

    artist: Artist
    caller: Caller
    at: str

    @property
    def peers(self) -> list[dict[str, Any]]:
        """Who is here."""
        found: list[dict[str, Any]] = self._ask("GET", "peers")["peers"]
        return found

    @property
    def linked(self) -> bool:
        """Whether the other one is linked."""
        return any(one["link"] for one in self.peers)

    def add(self, name: str) -> None:
        """A new asset."""
        body = {"kind": "prop", "name": name, "assignments": ["seed=1"]}
        self._ask("POST", "assets", body=body)

    def has(self, name: str) -> bool:
        """Whether an asset is here."""
        found = self._ask("GET", "assets", query={"fields": "name", "limit": 1000})["assets"]
        return any(one["name"] == name for one in found)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        """An answer; the server ends a connection over which nothing was asked for a while."""
        assert self.artist.machine is not None
        with self.artist.machine.inside():
            try:
                return self.caller.ask(method, f"{self.at}/{path}", **more).value
            except RemoteDisconnected:
                self.caller.__exit__(None, None, None)
                return self.caller.ask(method, f"{self.at}/{path}", **more).value


@dataclass
class Round:
    """What one cut took, in seconds."""

    noticed: float = 0.0
    counted: float = 0.0
    back: float = 0.0
    merged: float = 0.0


def measure(share: float) -> list[Figure]:
    """10 cuts of 5, 30 and 120 seconds at full share, and 100 edits over each of three networks."""
    if (reason := why_not()) is not None:
        return [Figure(what="cuts of the network", value=0, unit="cuts", note=f"left out: {reason}")]
    with tempfile.TemporaryDirectory() as place, Lab() as lab, _no_keyring():
        one, other = lab.lan(2)
        anna, ben = begun(Path(place), [one, other])
        names = (f"EDIT{number}" for number in itertools.count(1))
        with _side(anna) as left, _side(ben, "--render") as right:
            both = (left, right)
            _until(lab, lambda: left.linked and right.linked)
            found = _latencies(lab, both, names, max(3, int(EDITS * share)))
            for seconds, count in CUTS.items():
                if seconds * share < 3 and seconds > 5:
                    continue
                rounds = [
                    _cut(lab, both, seconds, names, pull=number % 2 == 1)
                    for number in range(max(1, round(count * share)))
                ]
                found += _figures(seconds, rounds)
    return found


def _figures(seconds: int, rounds: list[Round]) -> list[Figure]:
    what, note = f"a cut of {seconds} s", f"the slowest of {len(rounds)}, silent and with the cable pulled"
    noticed = max(one.noticed for one in rounds)
    back = max(one.back for one in rounds)
    merged = max(one.merged for one in rounds)
    found = [
        Figure(what=f"{what}: dead link noticed", value=noticed, unit="s", at_most=4.0, note=note),
        Figure(what=f"{what}: linked again after healing", value=back, unit="s", at_most=4.0, note=note),
        Figure(what=f"{what}: edits of both sides on both", value=merged, unit="s", at_most=4.0, note=note),
    ]
    if counted := max(one.counted for one in rounds):
        found.append(
            Figure(what=f"{what}: worker counted out", value=counted, unit="s", at_most=12.0, note=note)
        )
    return found


def _cut(lab: Lab, both: tuple[Side, Side], seconds: int, names: Iterator[str], *, pull: bool) -> Round:
    left, right = both
    found, added = Round(), [next(names), next(names)]
    _until(lab, lambda: left.linked and right.linked)
    began = time.monotonic()
    if pull:
        lab.pull(_machine(right))
    else:
        lab.split((_machine(left), _machine(right)))
    _until(lab, lambda: not left.linked)
    found.noticed = time.monotonic() - began
    _until(lab, lambda: not right.linked)
    found.noticed = max(found.noticed, time.monotonic() - began)
    for side, name in zip(both, added, strict=True):
        side.add(name)
    if seconds >= 15:
        _until(lab, lambda: not left.peers)
        found.counted = time.monotonic() - began
    lab.wait(max(0.0, began + seconds - time.monotonic()))
    healed = time.monotonic()
    lab.split()
    lab.mend(_machine(right))
    _until(lab, lambda: left.linked and right.linked)
    found.back = time.monotonic() - healed
    _until(lab, lambda: left.has(added[1]) and right.has(added[0]))
    found.merged = time.monotonic() - healed
    return found


def _latencies(lab: Lab, both: tuple[Side, Side], names: Iterator[str], count: int) -> list[Figure]:
    found = []
    for delay, loss, most in ((0, 0, 150.0), (40, 2, 500.0), (40, 10, 4000.0)):
        lab.poor(*(_machine(one) for one in both), delay=delay, loss=loss)
        took = []
        for number in range(count):
            here, there = both if number % 2 else both[::-1]
            name = next(names)
            began = time.monotonic()
            here.add(name)
            _until(lab, lambda there=there, name=name: there.has(name))  # type: ignore[misc]
            took.append((time.monotonic() - began) * 1000)
        what = f"edit there over a network of {delay} ms and {loss} % loss each way"
        note = f"{count} edits, both ways"
        found.append(Figure(what=f"{what}, p50", value=percentile(took, 0.5), unit="ms", note=note))
        found.append(
            Figure(what=f"{what}, p95", value=percentile(took, 0.95), unit="ms", at_most=most, note=note)
        )
    lab.poor(*(_machine(one) for one in both))
    return found


def _machine(side: Side) -> Machine:
    assert side.artist.machine is not None
    return side.artist.machine


@contextmanager
def _side(artist: Artist, *options: str) -> Iterator[Side]:
    with ExitStack() as stack:
        stack.enter_context(artist.serve(*options))
        with artist.here():
            there = address.read(artist.folder)
            assert there is not None
            caller = stack.enter_context(Caller(there.url, there.token))
        yield Side(artist, caller, f"/projects/{there.project}")


def _until(lab: Lab, so: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not so():
        if time.monotonic() - began > LATEST:
            raise TimeoutError("it never came")
        lab.wait(STEP)


@contextmanager
def _no_keyring() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        yield
