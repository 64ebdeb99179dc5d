"""Two artists on one network: real processes, real multicast, real WebRTC; killed, cut off, and removed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sync import interfaces
from tests.app.commandline import Film, run
from tests.journeys.serving import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not any(interfaces.reachable(one) for one in interfaces.addresses()), reason="needs a network"
    ),
]

SECONDS = 30.0


@dataclass(frozen=True)
class Artist:
    """One person on a device: a home and a folder of the film."""

    home: Path
    folder: Path

    def __call__(self, *words: str, status: int = 0) -> Any:
        """A command's answer, as this person calls it."""
        with self._here():
            return Film(self.folder)(*words, status=status)

    @contextmanager
    def _here(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RESTRIKE_HOME", str(self.home))
            yield

    def away(self, *words: str) -> Any:
        """A command that opens no project yet."""
        with self._here():
            ran = run(*words, "--json")
        assert ran.status == 0, ran.err
        return ran.value

    def refused(self, *words: str) -> tuple[int, str]:
        """How a command that opens no project fails."""
        with self._here():
            ran = run(*words, "--json")
        return ran.status, ran.value["error"]["message"]

    def serve(self) -> Any:
        """The film open, found by others."""
        return serving(self.folder, self.home, lan=True)

    def names(self) -> list[str]:
        """What assets there are."""
        return sorted(one["name"] for one in self("asset", "list")["assets"])

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


def kill(process: subprocess.Popen[str]) -> None:
    """As a power cut does it."""
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.fixture
def anna(tmp_path: Path) -> Artist:
    """The owner of a new film."""
    found = Artist(tmp_path / "anna", tmp_path / "a" / "film")
    found.away("init", str(found.folder), "--name", "Harbour")
    return found


@pytest.fixture
def ben(tmp_path: Path, anna: Artist) -> Artist:
    """An artist who has joined; both then closed the film."""
    found = Artist(tmp_path / "ben", tmp_path / "b" / "film")
    anna("asset", "add", "prop", "LAMP", "seed=1", "prompt=a lamp")
    with anna.serve():
        ticket = anna("invite")["ticket"]
        joined = found.away("join", ticket, str(found.folder), "--name", "Ben")
        assert (joined["role"], joined["assets"], joined["name"]) == ("artist", 1, "Harbour")
        assert joined["heads"] == anna.heads
        status, message = Artist(tmp_path / "eve", tmp_path / "e").refused(
            "join", ticket, str(tmp_path / "e" / "film"), "--for", "5"
        )
        assert status == 5, message
        assert "used" in message
    return found


def linked(*artists: Artist) -> bool:
    return all(len(one("peers")["peers"]) == 1 for one in artists)


def equal(one: Artist, other: Artist) -> bool:
    return one.heads == other.heads


def test_edits_travel_both_ways(anna: Artist, ben: Artist) -> None:
    with anna.serve(), ben.serve():
        until(lambda: linked(anna, ben))
        assert anna("status")["peers"] == 1
        (peer,) = anna("peers")["peers"]
        assert (peer["name"], peer["role"], peer["link"]) == ("Ben", "artist", "lan")
        ben("asset", "add", "prop", "CHAIR", "seed=2")
        anna("asset", "add", "prop", "TABLE", "seed=3")
        until(lambda: anna.names() == ben.names() == ["CHAIR", "LAMP", "TABLE"])
        anna("asset", "set", "CHAIR", "prompt=a red chair")
        until(lambda: ben("asset", "show", "CHAIR")["recipe"].get("prompt") == "a red chair")
        until(lambda: equal(anna, ben))
        until(lambda: ben("peers", "--why", "owner")["reasons"][0]["code"] == "in_sync")


def test_what_both_did_alone_merges_and_one_field_forks(anna: Artist, ben: Artist) -> None:
    for name in ("VASE", "DESK"):
        anna("asset", "add", "prop", name, "seed=5", "prompt=plain")
    with anna.serve(), ben.serve():
        until(lambda: equal(anna, ben))
    anna("asset", "set", "VASE", "prompt=a blue vase")
    ben("asset", "set", "VASE", "seed=6")
    anna("asset", "set", "DESK", "seed=7")
    ben("asset", "set", "DESK", "seed=8")
    with anna.serve(), ben.serve():
        until(lambda: equal(anna, ben))
        for one in (anna, ben):
            assert one("asset", "show", "DESK")["forked"]
            saved = [version["saved"] for version in one("asset", "history", "VASE")["versions"]]
            assert saved == [True, True, True, False]
        shown = ben("asset", "show", "VASE")
        recipe, key = shown["recipe"], anna("asset", "show", "VASE")["recipe_key"]
        assert (shown["forked"], shown["recipe_key"]) == (False, key)
        anna("asset", "resolve", "VASE")  # nothing clashes, so nothing has to be chosen
        until(lambda: not ben("asset", "show", "VASE")["merged"])
        assert (recipe["prompt"], recipe["seed"]) == ("a blue vase", "6")
        anna("asset", "resolve", "DESK", status=2)


@pytest.mark.parametrize("victim", [0, 1])
def test_either_side_is_killed_and_comes_back(anna: Artist, ben: Artist, victim: int) -> None:
    sides = (anna, ben)
    survivor, killed = sides[1 - victim], sides[victim]
    with survivor.serve():
        with killed.serve() as process:
            until(lambda: linked(anna, ben))
            killed("asset", "add", "prop", "LAST", "seed=4")
            kill(process)
        survivor("asset", "add", "prop", "MEANWHILE", "seed=5")
        with killed.serve():
            until(lambda: anna.names() == ben.names() == ["LAMP", "LAST", "MEANWHILE"])
            until(lambda: equal(anna, ben))
        until(lambda: not survivor("peers")["peers"])


def test_a_removed_device_is_cut_off_within_seconds(anna: Artist, ben: Artist) -> None:
    with anna.serve(), ben.serve():
        until(lambda: linked(anna, ben))
        anna("revoke", "Ben")
        took = until(lambda: not anna("peers")["peers"] and not ben("peers")["peers"])
        assert took < 5.0
        anna("asset", "add", "prop", "SECRET", "seed=9")
        ben("asset", "add", "prop", "LATE", "seed=1", status=5)
        reasons = anna("peers", "--why", ben("members")["this_device"])["reasons"]
        assert reasons[0]["code"] == "removed_device"
        assert "SECRET" not in ben.names()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the lock of one folder is tested with two processes")
def test_nobody_answers(tmp_path: Path, anna: Artist) -> None:
    ticket = anna("invite")["ticket"]
    late = Artist(tmp_path / "late", tmp_path / "l")
    status, message = late.refused("join", ticket, str(tmp_path / "l" / "film"), "--for", "1")
    assert status == 3
    assert "nobody" in message
    assert not (tmp_path / "l" / "film" / ".restrike").exists()
