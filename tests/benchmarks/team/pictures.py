"""Pictures between devices on one machine: a large one over lines, beside a bare copy, and a first screen."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from engine.recipe import FileDigest
from sync.blobs.folder import FolderStore
from sync.blobs.sources import Sources
from sync.identity import Device
from sync.records import ProjectId
from tests.benchmarks.figure import Figure
from tests.benchmarks.program import SOURCES
from tests.journeys.artists import Artist, until

LARGE = 100_000_000
TIMES = 3
SCREEN = 24
PROJECT = ProjectId("ab" * 32)
TAKER = Device.of_seed(bytes(32))


def measure(share: float) -> list[Figure]:
    """A blob of 100 MB at full share, three times each way, the best counts; and the first screen of 24."""
    size = max(1_000_000, int(LARGE * share))
    with tempfile.TemporaryDirectory() as place:
        return [*_large(Path(place), size), *_screen(Path(place), max(3, int(SCREEN * min(1.0, 10 * share))))]


# --- a large one ---


def _large(root: Path, size: int) -> list[Figure]:
    data = random.Random(4211).randbytes(size)
    with ExitStack() as stack:
        ports, digest = [], FileDigest("")
        for number in (1, 2):
            digest = FolderStore(root / f"giver{number}").put(data)
            ports.append(stack.enter_context(_giver(root / f"giver{number}", number)))
        bare = min(_bare(root / "bare", ports[0][1], size) for _ in range(TIMES))
        one = min(_fetched(root, digest, ports[:1], f"one{time_}") for time_ in range(TIMES))
        two = min(_fetched(root, digest, ports, f"two{time_}") for time_ in range(TIMES))
    load = (
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {size / 1e6:,.0f} MB, the best of {TIMES}"
    )
    return [
        Figure(what="a bare copy over a socket, written and flushed", unit="MB/s", value=size / bare / 1e6, note=load),
        Figure(what="a picture over the line (TLS, hashed, written and flushed)", unit="MB/s",
               value=size / one / 1e6, note=f"{one / bare:.1f} × the time of the bare copy"),
        Figure(what="the same from two devices at once", unit="MB/s", value=size / two / 1e6,
               note=f"{two / bare:.1f} × the time of the bare copy; givers and taker share the cores"),
    ]  # fmt: skip


@contextmanager
def _giver(folder: Path, number: int) -> Iterator[tuple[int, int]]:
    """The ports of a device in a process of its own."""
    seed = bytes([number]) * 32
    words = [str(folder), seed.hex(), TAKER.public.hex(), PROJECT]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.team.giver", *words], cwd=SOURCES,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        served, bare = process.stdout.readline().split()
        yield int(served), int(bare)
        process.communicate()


def _bare(target: Path, port: int, size: int) -> float:
    """Seconds in which the bytes are copied as they are."""
    began, got = time.perf_counter(), 0
    with socket.create_connection(("127.0.0.1", port)) as giver, target.open("wb") as file:
        while data := giver.recv(1 << 20):
            file.write(data)
            got += len(data)
        file.flush()
        os.fsync(file.fileno())
    assert got == size
    return time.perf_counter() - began


def _fetched(root: Path, digest: FileDigest, ports: Sequence[tuple[int, int]], name: str) -> float:
    """Seconds in which a device has the blob from these."""
    store = FolderStore(root / name)

    async def fetch() -> float:
        async with Sources(store, TAKER, PROJECT, lambda public: True) as sources:
            began = time.perf_counter()
            for number, (port, _) in enumerate(ports, 1):
                sources.peer_up(Device.of_seed(bytes([number]) * 32).public, [f"127.0.0.1:{port}"])
            assert await sources.want(digest)
            return time.perf_counter() - began

    seconds = asyncio.run(fetch())
    store.delete(digest)
    return seconds


# --- the first screen ---


def _screen(root: Path, count: int) -> list[Figure]:
    """A film of so many pictures that is joined: from `join` until its thumbnails are here."""
    owner = Artist(root / "home0", root / "film0" / "film")
    newcomer = Artist(root / "home1", root / "film1" / "film")
    owner.away("init", str(owner.folder), "--name", "Harbour")
    thumbs = [_drawn(owner, root, number) for number in range(count)]
    with owner.serve():
        ticket = owner("invite")["ticket"]
        command = [
            sys.executable,
            "-m",
            "app",
            "join",
            ticket,
            str(newcomer.folder),
            "--name",
            "Ben",
            "--json",
        ]
        began = time.perf_counter()
        with subprocess.Popen(
            command, cwd=SOURCES, env={**os.environ, "RESTRIKE_HOME": str(newcomer.home)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            until(lambda: all(_place(newcomer, one).is_file() for one in thumbs))
            seconds = time.perf_counter() - began
            assert process.wait() == 0
    size = sum(_place(owner, one).stat().st_size for one in thumbs)
    return [
        Figure(what=f"from `join` until the first screen of {count} thumbnails is here", unit="s", at_most=5,
               value=seconds,
               note=f"{size / 1000:,.0f} kB; the program starts, finds the other, is let in, fetches the film; "
               f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"),
    ]  # fmt: skip


def _drawn(owner: Artist, folder: Path, number: int) -> str:
    """An asset made of a picture; the digest of its thumbnail."""
    pixels = np.random.default_rng(number).integers(0, 256, (400, 400, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "picture.png")
    name = f"PICTURE{number:02d}"
    before = set(_blobs(owner))
    owner("asset", "add", "prop", name, "--from-image", str(folder / "picture.png"))
    return min(set(_blobs(owner)) - before, key=lambda one: _place(owner, one).stat().st_size)


def _blobs(one: Artist) -> list[str]:
    return [file.name for file in (one.folder / ".restrike" / "blobs").glob("??/*")]


def _place(one: Artist, digest: str) -> Path:
    return one.folder / ".restrike" / "blobs" / digest[:2] / digest
