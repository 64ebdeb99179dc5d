"""Ways in, between real processes on one network: knocking, spoken codes, and several devices of one member."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sync import interfaces
from tests.journeys.serving import ROOT
from tests.journeys.test_team import Artist, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not any(interfaces.reachable(one) for one in interfaces.addresses()), reason="needs a network"
    ),
]


@pytest.fixture
def anna(tmp_path: Path) -> Artist:
    """The owner of a film with a lamp in it."""
    found = Artist(tmp_path / "anna", tmp_path / "a" / "film")
    found.away("init", str(found.folder), "--name", "Harbour")
    found("asset", "add", "prop", "LAMP", "seed=1", "prompt=a lamp")
    return found


@contextmanager
def knocking(artist: Artist, name: str) -> Iterator[subprocess.Popen[str]]:
    """Somebody who knocks in a process of his own."""
    words = ["join", "--knock", str(artist.folder), "--name", name, "--for", "60"]
    with subprocess.Popen(
        [sys.executable, "-m", "app", *words],
        cwd=ROOT,
        env={**os.environ, "RESTRIKE_HOME": str(artist.home)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.communicate()


def test_who_knocks_is_let_in_or_sent_away(tmp_path: Path, anna: Artist) -> None:
    ben, eve = (Artist(tmp_path / name, tmp_path / name / "film") for name in ("ben", "eve"))
    with anna.serve():
        with knocking(eve, "Eve") as process:
            until(lambda: anna("members")["knocks"])
            [knock] = anna("admit")["knocks"]
            assert anna("admit", knock["device"], "--decline")["admitted"] is None
            assert process.wait(30) == 5
            assert anna("admit")["knocks"] == []
        with knocking(ben, "Ben\x1b[31m") as process:
            until(lambda: anna("admit")["knocks"])
            [knock] = anna("admit")["knocks"]
            assert knock["name"].startswith("Ben")
            assert knock["name"].isprintable()
            anna("admit", knock["device"], "--role", "viewer")
            assert process.wait(60) == 0
        assert ben.heads == anna.heads
        assert anna("members")["knocks"] == []
    assert not eve.folder.exists()


def test_a_spoken_code_leads_in_once(tmp_path: Path, anna: Artist) -> None:
    ben, eve = (Artist(tmp_path / name, tmp_path / name / "film") for name in ("ben", "eve"))
    with anna.serve():
        until(lambda: anna("peers", "--why", "owner")["reasons"][0]["code"] != "elsewhere")
        code = anna("invite", "--spoken", "--device")["code"]
        wrong = f"{code.partition('-')[0]}-zebra-zephyr"
        status, message = eve.refused("join", "--code", wrong, str(eve.folder))
        assert status == 5, message
        assert [one["state"] for one in anna("members")["codes"]] == ["wrong"]
        assert eve.refused("join", "--code", code, str(eve.folder))[0] == 5
        code = anna("invite", "--spoken", "--device")["code"]
        assert ben.away("join", "--code", code, str(ben.folder))["role"] == "owner"
        assert [one["state"] for one in anna("members")["codes"]] == ["wrong", "used"]
        [member] = anna("members")["members"]
        assert len(member["devices"]) == 2
        own = ben("members")["this_device"]
        with ben.serve():
            until(lambda: ben("peers")["peers"])
            ben("revoke", own)
            until(lambda: not anna("peers")["peers"])
            assert "by itself" in ben("members")["farewell"]
            assert ben.names() == ["LAMP"]
            ben("asset", "add", "prop", "LATE", "seed=1", status=5)
    assert not eve.folder.exists()
