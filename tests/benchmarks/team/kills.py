"""`kill -9` of either of two devices while both edit and sync over a real link: nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
import queue
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sync.project import Project
from tests.benchmarks.figure import Figure
from tests.benchmarks.program import SOURCES
from tests.sync.stage import Desk, contents, names

KILLS = 200
PAIRS = 4
"""So many pairs of devices live and die at the same time."""
LONGEST = 2.5
"""Seconds after its first word, or after it is linked, in which a device is killed."""
AGREE = 90.0


@dataclass(slots=True)
class Tally:
    """What became of the devices: kills, those of them while linked, names acknowledged, and what went wrong."""

    kills: int = 0
    linked: int = 0
    told: int = 0
    lost: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Artist:
    """A device and the process that runs it now."""

    def __init__(self, desk: Desk, name: str, port: int, other: int) -> None:
        self.desk, self.name = desk, name
        self.did: list[str] = []
        self.said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.links = 0
        self._words = [str(desk.home), str(desk.folder), name, str(port), str(other)]
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Begin another life."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.team.artist", *self._words], cwd=SOURCES,
            env={**os.environ, "OMP_NUM_THREADS": "1"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break
            word, *rest = line.decode().split()
            if word == "did":
                self.did.append(rest[0])
            self.links += word == "linked"
            self.said.put(" ".join([word, *rest]))
        self.said.put("")

    def until(self, word: str, seconds: float) -> str | None:
        """The next line that begins so, None at the end of the process or of the time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self.said.get(timeout=left)
            except queue.Empty:
                return None
            if line.startswith(word) or not line:
                return line or None
        return None

    def kill(self) -> str:
        """End it at once; what it complained of, if it had ended by itself."""
        assert self._process is not None
        assert self._reader is not None
        ended = self._process.poll()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._reader.join()
        _, complaint = self._process.communicate()
        while not self.said.empty():
            self.said.get()
        return "" if ended is None else f"{self.name} ended with {ended}: {complaint.decode()[-300:]}"

    def rest(self) -> None:
        """Edit no more."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(b"rest\n")
        self._process.stdin.flush()


def measure(share: float) -> list[Figure]:
    """200 kills at full share, of four pairs of devices at the same time."""
    kills = max(4, int(KILLS * share))
    pairs = min(PAIRS, max(1, kills // 8))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(pairs) as pool:
        work = [
            pool.submit(_pair, Path(place) / str(number), -(-kills // pairs), 4211 + number)
            for number in range(pairs)
        ]
        found = [one.result() for one in work]
    lost = [name for one in found for name in one.lost]
    faults = [name for one in found for name in one.faults]
    count = sum(one.kills for one in found)
    return [
        Figure(what="kill -9 of either of two devices mid-sync: acknowledged edits lost", unit="edits", at_most=0,
               value=len(lost),
               note=f"{count} kills, {sum(one.linked for one in found)} of them of a device that was linked; "
               f"{sum(one.told for one in found):,} edits acknowledged; {' '.join(lost)[:200]}"),
        Figure(what="devices that did not start again, or pairs that did not agree in the end", unit="devices",
               at_most=0, value=len(faults), note="; ".join(faults)[:600]),
        Figure(what=f"time of {count} kills", unit="s", at_most=360 * max(share, count / KILLS),
               value=time.monotonic() - start, note=f"{pairs} pairs of devices at the same time"),
    ]  # fmt: skip


def _pair(root: Path, kills: int, seed: int) -> Tally:
    """The story of one pair."""
    draw, tally = random.Random(seed), Tally()
    asyncio.run(_founded(root))
    with ExitStack() as stack:
        ports = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in "ab"]
    artists = [
        Artist(Desk.under(root, name), name, port, other)
        for name, port, other in (("ada", ports[0], ports[1]), ("bob", ports[1], ports[0]))
    ]
    for one in artists:
        one.start()
    try:
        for _ in range(kills):
            _kill(draw.choice(artists), draw, tally)
        _settle(artists, tally)
    finally:
        tally.faults += [said for said in [one.kill() for one in artists] if said]
    asyncio.run(_judge(artists, tally))
    return tally


def _kill(victim: Artist, draw: random.Random, tally: Tally) -> None:
    if draw.random() < 0.75:
        victim.until("did" if victim.links else "linked", 8.0)
    else:
        victim.until("did", 20.0)
    select.select([], [], [], draw.uniform(0.0, LONGEST) ** 2 / LONGEST)
    tally.linked += victim.links > 0
    complaint = victim.kill()
    tally.kills += 1
    tally.faults += [complaint] if complaint else []
    victim.links = 0
    victim.start()


def _settle(artists: list[Artist], tally: Tally) -> None:
    """Let both rest until they hold the same."""
    for one in artists:
        one.until("did", 20.0)
        one.rest()
    held: dict[str, str | None] = {}
    deadline = time.monotonic() + AGREE
    while time.monotonic() < deadline:
        for one in artists:
            held[one.name] = one.until("at", 0.2) or held.get(one.name)
        if len(set(held.values())) == 1 and None not in held.values():
            return
    tally.faults.append(f"after {AGREE:.0f} s of rest the two do not hold the same: {held}")


async def _founded(root: Path) -> None:
    ada, bob = Desk.under(root, "ada"), Desk.under(root, "bob")
    export = root / "export"
    async with ada.create() as one:
        one.export(export)
        async with bob.join(export) as two:
            one.admit(two.device.public)
            one.export(export)
            two.merge(export)


async def _judge(artists: list[Artist], tally: Tally) -> None:
    """Look into both projects for everything that either said it had done."""
    told = {name for one in artists for name in one.did}
    held = []
    for one in artists:
        async with Project.open(one.desk.folder, home=one.desk.home) as project:
            tally.lost += sorted(told - set(names(project)))
            tally.faults += [found.detail for found in project.verify() if found.what != "log"]
            held.append(contents(project))
    if held[0] != held[1]:
        tally.faults.append("the contents differ")
    tally.told += len(told)
