"""Events of edits that another process makes: how soon one client hears of them, and the state it is told first."""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import Final

from websockets.sync.client import ClientConnection, connect

from tests.benchmarks import crowd
from tests.benchmarks.editor import Editor, editing
from tests.benchmarks.figure import Figure, percentile
from tests.benchmarks.served import CHANGED, SYNC, Served, listening

PATIENCE: Final = 120
QUIET: Final = 0.12
"""At most so many seconds between two edits: more than twice the time between two looks of the server."""


def figures(served: Served, names: list[str], source: random.Random, share: float) -> list[Figure]:
    """One client and single edits, then fifty clients and as many edits as one process can make."""
    with editing(served.program) as editor:
        found, last = _single(served, editor, names, source, max(20, int(500 * share)))
        times = max(200, int(5000 * share))
        return [*found, *asyncio.run(crowd.figures(served, editor, names, source, times, last))]


def _single(
    served: Served, editor: Editor, names: list[str], source: random.Random, times: int
) -> tuple[list[Figure], str]:
    """The figures, and the id of the last event."""
    with connect(**listening(served)) as client:
        state, last = _whole(client)
        begun, durable = [], []
        for number, name in enumerate(source.choices(names, k=times)):
            words = f"remote edit {number} of {name}"
            editor.ask([(name, words)])
            edit = editor.edited()
            last = _heard(client, edit.asset, words)
            heard = time.monotonic_ns()
            begun.append((heard - edit.start) / 1e6)
            durable.append((heard - edit.done) / 1e6)
            last = _quiet(client, source.uniform(0.0, QUIET)) or last
    told = Figure(what="event of a remote edit to a client, p99", unit="ms", at_most=150,
                  value=percentile(begun, 0.99),
                  note=f"from before the commit; p50 {percentile(begun, 0.5):.1f} ms of {times}, slowest "
                  f"{max(begun):.1f}; from the commit's end p50 {percentile(durable, 0.5):.1f}, "
                  f"p99 {percentile(durable, 0.99):.1f}")  # fmt: skip
    return [state, told], last


def _whole(client: ClientConnection) -> tuple[Figure, str]:
    """What the state takes that a client is told first, and the id that it ends with."""
    start, size = time.perf_counter(), 0
    while True:
        text = client.recv(timeout=PATIENCE)
        said = json.loads(text)
        if said["type"] != SYNC:
            continue
        size += len(text)
        parts = said["data"]["parts"]
        if said["data"]["part"] == parts:
            break
    return Figure(what="the whole state told to a client that comes", unit="s",
                  value=time.perf_counter() - start,
                  note=f"{size / 1e6:.1f} MB in {parts} messages, decoded"), str(said["id"])  # fmt: skip


def _heard(client: ClientConnection, asset: str, words: str) -> str:
    """Wait for the event that tells the asset's new words; its id."""
    while True:
        said = json.loads(client.recv(timeout=PATIENCE))
        if said["type"] != CHANGED or said["subject"] != asset:
            continue
        if said["data"]["parameters"]["prompt"] == words:
            return str(said["id"])


def _quiet(client: ClientConnection, seconds: float) -> str:
    """Listen for a while, so that the next edit meets the server at any moment of its rounds; the last id."""
    end, last = time.monotonic() + seconds, ""
    while (left := end - time.monotonic()) > 0:
        try:
            last = json.loads(client.recv(timeout=left))["id"]
        except TimeoutError:
            break
    return last
