"""An edit made at one device's program until it can be read at another's: two processes, WebRTC over loopback."""

from __future__ import annotations

import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.benchmarks.figure import Figure, percentile
from tests.benchmarks.served import CHANGED, SYNC, Caller, Served, listening
from tests.benchmarks.team.pair import devices, linked, until

PAUSE = (0.02, 0.2)
"""Seconds between two edits: less and more than anything that is done at intervals."""


def measure(share: float) -> list[Figure]:
    """500 edits of a film of 10,000 assets at full share."""
    with tempfile.TemporaryDirectory() as place:
        found = devices(Path(place), max(50, int(10_000 * share)))
        with linked(*found.programs) as (here, there):
            return _measured(here, there, found.names, max(20, int(500 * share)))


def _measured(here: Served, there: Served, names: list[str], count: int) -> list[Figure]:
    source = random.Random(7)
    begun, done = [], []
    with here.caller() as editor, there.caller() as reader, connect(**listening(there)) as client:
        _whole(client)
        for number, name in enumerate(source.choices(names, k=count)):
            words = f"edit {number} of {name}"
            start = time.monotonic()
            _edit(editor, here, name, words)
            saved = time.monotonic()
            _heard(client, words)
            heard = time.monotonic()
            begun.append((heard - start) * 1000)
            done.append((heard - saved) * 1000)
            if not number % 10:
                _check(reader, there, name, words)
            _quiet(client, source.uniform(*PAUSE))
    note = (
        f"{len(names):,} assets, {count} edits through the API of one, heard as an event of the other's; from when "
        f"the first had answered p50 {percentile(done, 0.5):.1f}, p99 {percentile(done, 0.99):.1f} ms; "
        f"slowest {max(begun):.0f} ms"
    )
    what = "edit on one process, readable in another (loopback, WebRTC)"
    return [
        Figure(what=f"{what}, p50", unit="ms", at_most=30, value=percentile(begun, 0.5), note=note),
        Figure(what=f"{what}, p99", unit="ms", at_most=150, value=percentile(begun, 0.99)),
    ]


def _edit(caller: Caller, served: Served, name: str, words: str) -> None:
    caller.ask("PATCH", f"{served.at}/assets/{name}", body={"assignments": [f"prompt={words}"]})


def _check(caller: Caller, served: Served, name: str, words: str) -> None:
    """What was told can be read."""

    def shown() -> bool:
        found: dict[str, Any] = caller.ask("GET", f"{served.at}/assets/{name}").value
        return bool(found["parameters"]["prompt"] == words)

    until(shown, 5.0)


def _heard(client: ClientConnection, words: str) -> None:
    while True:
        said = json.loads(client.recv(timeout=60))
        if said["type"] == CHANGED and said["data"]["parameters"]["prompt"] == words:
            return


def _quiet(client: ClientConnection, seconds: float) -> None:
    """Listen for a while, so that the next edit meets the programs at any moment of their rounds."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            client.recv(timeout=left)
        except TimeoutError:
            return


def _whole(client: ClientConnection) -> None:
    """The state that a client is told first."""
    while True:
        said = json.loads(client.recv(timeout=120))
        if said["type"] == SYNC and said["data"]["part"] == said["data"]["parts"]:
            return
