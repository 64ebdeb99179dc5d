"""Discovery on a real network of its own: two processes in network namespaces on one switch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PREFIX = f"rs{os.getpid()}x"  # several runs on one machine do not meet
SWITCH = f"{PREFIX}s"
ONE, OTHER = "one000000000", "other0000000"


def ip(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


def _why_not() -> str | None:
    """What keeps this machine from having a network of its own, or None."""
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    tried = ip("netns", "add", SWITCH, check=False)
    ip("netns", "del", SWITCH, check=False)
    return None if tried.returncode == 0 else f"no network namespaces: {tried.stderr.strip()}"


@pytest.fixture
def lan() -> Iterator[None]:
    """A switch, and two machines on it: 10.78.0.1 and 10.78.0.2."""
    if (reason := _why_not()) is not None:
        pytest.skip(reason)
    with ExitStack() as stack:
        for name in (SWITCH, f"{PREFIX}1", f"{PREFIX}2"):
            ip("netns", "add", name)
            stack.callback(ip, "netns", "del", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip(
            "-n",
            SWITCH,
            "link",
            "add",
            "br0",
            "type",
            "bridge",
            "stp_state",
            "0",
            "forward_delay",
            "0",
            "mcast_snooping",
            "0",
        )
        ip("-n", SWITCH, "link", "set", "br0", "up")
        for number in ("1", "2"):
            ip(
                "-n",
                SWITCH,
                "link",
                "add",
                f"p{number}",
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                f"{PREFIX}{number}",
            )
            ip("-n", SWITCH, "link", "set", f"p{number}", "master", "br0", "up")
            move(number, f"10.78.0.{number}")
        yield


def move(number: str, address: str) -> None:
    """Another address for a machine, as after another Wi-Fi."""
    ip("-n", f"{PREFIX}{number}", "addr", "flush", "dev", "eth0", "scope", "global")
    ip("-n", f"{PREFIX}{number}", "addr", "add", f"{address}/24", "brd", "+", "dev", "eth0")
    ip("-n", f"{PREFIX}{number}", "link", "set", "eth0", "up")
    ip("-n", f"{PREFIX}{number}", "route", "replace", "default", "via", "10.78.0.254")


@contextmanager
def instance(number: str, name: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is on the network."""
    command = [
        "ip",
        "netns",
        "exec",
        f"{PREFIX}{number}",
        sys.executable,
        "-m",
        "tests.journeys.lan",
        name,
        f"700{number}",
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert heard(process)["instance"] == name
            yield process
        finally:
            process.kill()
            _, complaints = process.communicate()
            assert complaints == ""


def heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next thing that a process found; the machine's own time limit ends a wait for nothing."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found: dict[str, Any] = json.loads(line)
    return found


def until_at(process: subprocess.Popen[str], name: str, addresses: list[str]) -> None:
    """Read on until an instance is where it should be; an old address may be named behind it for a while."""
    while (news := heard(process))["instance"] != name or news["addresses"][:1] != addresses:
        pass


@pytest.mark.slow
def test_an_instance_appears_moves_vanishes_and_comes_back(lan: None) -> None:
    with instance("1", ONE) as one:
        with instance("2", OTHER) as other:
            until_at(one, OTHER, ["10.78.0.2"])
            until_at(other, ONE, ["10.78.0.1"])
            move("2", "10.78.0.77")
            until_at(one, OTHER, ["10.78.0.77"])
        until_at(one, OTHER, [])  # killed without a goodbye
        with instance("2", OTHER):
            until_at(one, OTHER, ["10.78.0.77"])


@pytest.mark.slow
def test_a_split_is_noticed_and_healed(lan: None) -> None:
    with instance("1", ONE) as one, instance("2", OTHER) as other:
        until_at(one, OTHER, ["10.78.0.2"])
        until_at(other, ONE, ["10.78.0.1"])
        ip("-n", SWITCH, "link", "set", "p2", "nomaster")  # silent: both still have a carrier
        until_at(one, OTHER, [])
        until_at(other, ONE, [])
        ip("-n", SWITCH, "link", "set", "p2", "master", "br0")
        until_at(one, OTHER, ["10.78.0.2"])
        until_at(other, ONE, ["10.78.0.1"])


@pytest.mark.slow
def test_a_pulled_cable_is_noticed_and_mended(lan: None) -> None:
    with instance("1", ONE) as one, instance("2", OTHER) as other:
        until_at(one, OTHER, ["10.78.0.2"])
        ip("-n", SWITCH, "link", "set", "p2", "down")
        until_at(one, OTHER, [])
        ip("-n", SWITCH, "link", "set", "p2", "up")
        until_at(one, OTHER, ["10.78.0.2"])
        until_at(other, ONE, ["10.78.0.1"])
