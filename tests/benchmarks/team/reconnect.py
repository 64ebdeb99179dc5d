"""Two devices that meet again and have nothing new for each other: what they say, and what it costs them."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sync import arrivals, identity, log, schema
from sync.actions import InSync
from sync.document import Document
from sync.identity import Device
from sync.log import Bundle, Intro
from sync.project import Project
from sync.records import AssetId
from sync.replica import ProjectReplica
from sync.schema import asset_document
from tests.benchmarks.figure import Figure, percentile
from tests.sync.talks import Talk

LOGS = 50
CHANGES = 10_000
ROUNDS = 25
PORTION = 500


def measure(share: float) -> list[Figure]:
    """50 logs of together 10,000 changes at full share."""
    with tempfile.TemporaryDirectory() as place:
        return asyncio.run(_measured(Path(place), LOGS, max(1, int(CHANGES * share / LOGS))))


async def _measured(place: Path, logs: int, each: int) -> list[Figure]:
    devices = [identity.load_or_create(place / f"{number}", random=os.urandom) for number in range(logs)]
    async with Project.create(place / "film", "Harbour", home=place / "0") as project:
        for device in devices[1:]:
            project.admit(device.public)
        replica = ProjectReplica(project, arrivals.here)
        found = [one for device in devices for one in _written(device, project, each)]
        for at in range(0, len(found), PORTION):
            replica.take(found[at : at + PORTION], [])
        if sum(n for n, _ in replica.have().values()) < logs * each:
            raise RuntimeError("not all that was written was taken in")
    shutil.copytree(place / "film", place / "other")
    async with (
        Project.open(place / "film", home=place / "0") as one,
        Project.open(place / "other", home=place / "1") as other,
    ):
        return _figures(one, other, logs, each)


def _written(device: Device, project: Project, count: int) -> Iterator[bytes]:
    """One device's log: each bundle renames an asset of its own."""
    intro = Intro("project", device.public, os.urandom(16), project.id)
    document = asset_document(AssetId(f"asset{intro.log}"))
    live = Document.load(schema.genesis(document), [], bytes.fromhex(intro.log))
    last: Bundle | None = None
    for n in range(1, count + 1):
        change = document, live.put([("renamed", f"{n}", "{}")])
        previous = last.hash if last is not None else log.NOTHING
        last = log.sign(device, intro.log, n, previous, [change], wall=0, intro=intro if n == 1 else None)
        yield last.plain()


def _figures(one: Project, other: Project, logs: int, each: int) -> list[Figure]:
    """Both meet again and again; greeting, proof and comparison are all counted."""
    sent, cost = [], []
    for number in range(ROUNDS):
        start = time.process_time()
        talk = Talk(
            (ProjectReplica(one, arrivals.here), one.device),
            (ProjectReplica(other, arrivals.here), other.device),
            seed=number,
        ).begin()
        cost.append((time.process_time() - start) * 1000 / 2)
        if not talk.of(0, InSync) or not talk.of(1, InSync):
            raise RuntimeError("they did not find that they hold the same")
        sent.append(max(talk.bytes))
    note = (
        f"{logs} logs, {logs * each:,} changes, {ROUNDS} times, from the greeting until both know that they hold the "
        f"same; CPU p95 {percentile(cost, 0.95):.1f} ms, the first time {cost[0]:.1f} ms"
    )
    what = "reconnect with nothing new"
    return [
        Figure(what=f"{what}: said by either", unit="KB", at_most=2, value=max(sent) / 1000, note=note),
        Figure(what=f"{what}: CPU of either, p50", unit="ms", at_most=5, value=percentile(cost, 0.5)),
    ]  # fmt: skip
