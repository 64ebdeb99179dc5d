"""People at their devices: each with a home, a folder of the film and, where there is a lab, a machine."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any, Final

import pytest

from tests.app.commandline import Film, run
from tests.journeys.lab import ROOT, Machine
from tests.journeys.serving import serving

SECONDS: Final = 30.0
NAMES: Final = ("Ben", "Cleo", "Dora", "Emil")


@dataclass(frozen=True)
class Artist:
    """One person on a device; without a machine it is this one."""

    home: Path
    folder: Path
    machine: Machine | None = None

    def __call__(self, *words: str, status: int = 0) -> Any:
        """A command's answer, as this person calls it."""
        with self.here():
            return Film(self.folder)(*words, status=status)

    @contextmanager
    def here(self) -> Iterator[None]:
        """This process is on the person's device until left."""
        with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
            patch.setenv("RESTRIKE_HOME", str(self.home))
            if self.machine is not None:
                stack.enter_context(self.machine.inside())
            yield

    def away(self, *words: str) -> Any:
        """A command that opens no project yet."""
        with self.here():
            ran = run(*words, "--json")
        assert ran.status == 0, ran.err
        return ran.value

    @contextmanager
    def serve(self, *options: str) -> Iterator[Popen[str]]:
        """The film open, found by others."""
        with ExitStack() as stack:
            with self.here():
                process = stack.enter_context(serving(self.folder, self.home, *options, lan=True))
            yield process

    @contextmanager
    def relay(self, port: int) -> Iterator[Popen[str]]:
        """A relay on this device, for everybody who reaches it."""
        command = [sys.executable, "-m", "app", "relay", "--host", "0.0.0.0", "--port", str(port)]
        with self.here():
            process = Popen(command, cwd=ROOT, stdout=DEVNULL, stderr=PIPE, text=True)
        with process:
            assert process.stderr is not None
            try:
                assert "listens on" in process.stderr.readline()
                yield process
            finally:
                process.terminate()
                process.communicate()

    def knows(self, whom: Artist) -> bool:
        """Whether it has written down where that one is."""
        where = self.folder / ".restrike" / "reach.json"
        there = json.loads(where.read_text())["peers"] if where.exists() else {}
        return any(one.startswith(whom.device[:4]) for one in there)

    def checks(self) -> list[dict[str, Any]]:
        """The steps of a connection, as the program that serves has met with them."""
        found: list[dict[str, Any]] = self("peers")["checks"]
        return found

    def names(self) -> list[str]:
        """What assets there are."""
        return sorted(one["name"] for one in self("asset", "list")["assets"])

    def links(self) -> list[str | None]:
        """Over what the others are linked."""
        return [one["link"] for one in self("peers")["peers"]]

    def reasons(self, whom: Artist) -> list[dict[str, str]]:
        """Why this device does or does not agree with that one."""
        found: list[dict[str, str]] = self("peers", "--why", whom.device)["reasons"]
        return found

    @property
    def device(self) -> str:
        """What this device is called."""
        return str(self("members")["this_device"])

    @property
    def heads(self) -> str:
        """A digest over everything."""
        return str(self("status")["heads"])


def until(found: Callable[[], object], seconds: float = SECONDS) -> float:
    """Ask until something is so; returns how long that took."""
    began = time.monotonic()
    while not found():
        assert time.monotonic() - began < seconds, "it never came"
    return time.monotonic() - began


def begun(folder: Path, machines: list[Machine | None]) -> list[Artist]:
    """A film with a lamp in it, and so many people who have joined it; all have closed it again."""
    found = [
        Artist(folder / f"home{number}", folder / f"device{number}" / "film", machine)
        for number, machine in enumerate(machines)
    ]
    owner, *others = found
    owner.away("init", str(owner.folder), "--name", "Harbour")
    owner("asset", "add", "prop", "LAMP", "seed=1", "prompt=a lamp")
    with owner.serve():
        ticket = owner("invite", "--uses", str(max(1, len(others))))["ticket"]
        for one, name in zip(others, NAMES, strict=False):
            one.away("join", ticket, str(one.folder), "--name", name)
    for one in found:  # nobody remembers where anybody was
        (one.folder / ".restrike" / "reach.json").unlink(missing_ok=True)
    return found


def again(begun: Path, folder: Path, machines: list[Machine | None]) -> list[Artist]:
    """The same people on other machines, each test's own."""
    shutil.copytree(begun, folder, dirs_exist_ok=True)
    return [
        Artist(folder / f"home{number}", folder / f"device{number}" / "film", machine)
        for number, machine in enumerate(machines)
    ]
