"""Two artists who share no network: by a relay alone, and never there at the same time, by a relay or a folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import pytest

from sync import interfaces
from tests.journeys.serving import ROOT, serving
from tests.journeys.test_team import Artist, until

pytestmark = pytest.mark.slow
NETWORKED = pytest.mark.skipif(
    not any(interfaces.reachable(one) for one in interfaces.addresses()), reason="needs a network"
)


@contextmanager
def relaying(folder: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A relay in a process of its own, and its address."""
    command = [sys.executable, "-m", "app", "relay", "--port", str(port), "--data", str(folder / "relay")]
    environment = {**os.environ, "RESTRIKE_HOME": str(folder / "home of the relay")}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert "listens on" in said, said
        try:
            yield process, said.split("listens on ")[1].split(";")[0]
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate()


@contextmanager
def here(artist: Artist, *options: str) -> Iterator[None]:
    """An artist's film open, with the ways that were said; nobody is looked for on the LAN."""
    with serving(artist.folder, artist.home, *options):
        yield


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Artist, Artist]:
    """An owner with a film of one asset, and somebody who has no film yet."""
    anna = Artist(tmp_path / "anna", tmp_path / "annas")
    anna.away("init", str(anna.folder), "--name", "Harbour")
    anna("asset", "add", "character", "MIRA", "prompt=a purple traveller")
    return anna, Artist(tmp_path / "ben", tmp_path / "bens")


def joined(anna: Artist, newcomer: Artist, name: str = "Ben") -> None:
    """Somebody joins with Anna's ticket through the relay that is in it; Anna is here."""
    ticket = anna("invite")["ticket"]
    assert newcomer.away("join", ticket, str(newcomer.folder), "--name", name, "--no-lan")["assets"] == 1


def agreed(artist: Artist) -> bool:
    """Whether the one other who is here holds the same."""
    return [one["synced"] for one in artist("peers")["peers"]] == [True]


def kept(shared: Path, address: str) -> int:
    """How many objects lie in the folder and at the relay."""
    with urlopen(f"http{address.removeprefix('ws')}/health", timeout=5) as answer:
        objects = int(json.load(answer)["objects"])
    return objects + sum(path.is_file() for path in shared.rglob("*"))


@NETWORKED
def test_a_relay_alone_brings_two_together_and_a_direct_link_outlasts_it(
    tmp_path: Path, pair: tuple[Artist, Artist]
) -> None:
    anna, ben = pair
    with relaying(tmp_path) as (relay, address), here(anna, "--relay", address):
        joined(anna, ben)
        with here(ben):  # the ticket's relay was remembered
            until(lambda: [one["link"] for one in ben("peers")["peers"]] == ["direct"])
            relay.kill()
            anna("asset", "add", "character", "HUND", "prompt=a dog")
            until(lambda: ben.names() == ["HUND", "MIRA"])
            ben("asset", "set", "MIRA", "seed=7")
            until(lambda: anna("asset", "show", "MIRA")["version"] == 2)
            assert anna.heads == ben.heads


@pytest.mark.parametrize("way", ["relay", "folder"])
def test_two_who_are_never_here_at_the_same_time_merge(
    tmp_path: Path, pair: tuple[Artist, Artist], way: str
) -> None:
    anna, ben = pair
    shared = tmp_path / "shared"
    shared.mkdir()
    with relaying(tmp_path) as (_, address):
        with here(anna, "--relay", address):
            joined(anna, ben)
            with here(ben):  # once, for the secret
                until(partial(agreed, ben))
        options = ("--mailbox", str(shared), "--relay", "none") if way == "folder" else ()
        before = kept(shared, address)
        ben("asset", "add", "character", "HUND", "prompt=a dog")
        with here(ben, *options):
            until(lambda: kept(shared, address) > before)
            ben(
                "asset", "add", "character", "BOOT", "prompt=a boat"
            )  # posted as the last thing before it ends
        anna("asset", "add", "character", "MOND", "prompt=the moon")
        with here(anna, *options):
            until(lambda: len(anna.names()) == 4)
        assert anna.names() == ["BOOT", "HUND", "MIRA", "MOND"]
        with here(ben):
            until(lambda: len(ben.names()) == 4)
        assert anna.heads == ben.heads
    for place in (shared, tmp_path / "relay"):
        seen = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
        assert seen or place is shared
        assert not any(word in seen for word in (b"HUND", b"a dog", b"the moon", b"Ben", b"Harbour"))


def test_whoever_was_away_reads_on_after_a_removal_and_the_removed_one_does_not(
    tmp_path: Path, pair: tuple[Artist, Artist]
) -> None:
    anna, ben = pair
    carl = Artist(tmp_path / "carl", tmp_path / "carls")
    with relaying(tmp_path) as (_, address):
        with here(anna, "--relay", address):
            for name, newcomer in (("Ben", ben), ("Carl", carl)):
                joined(anna, newcomer, name)
                with here(newcomer):
                    until(partial(agreed, newcomer))
        anna("revoke", "Carl")
        anna("asset", "add", "environment", "NEBEL", "prompt=fog")
        before = kept(tmp_path / "shared", address)
        with here(anna):
            until(lambda: kept(tmp_path / "shared", address) > before + 1)  # a letter, and bundles
        with here(ben):
            until(lambda: "NEBEL" in ben.names())
        with here(anna), here(carl):
            until(lambda: carl("members")["removed"])
            assert carl.names() == ["MIRA"]
