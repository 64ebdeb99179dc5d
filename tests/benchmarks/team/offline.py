"""Two devices that were apart for a month: each has thousands of changes, and both meet again."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from sync.identity import new_id
from sync.project import Project
from sync.records import AssetId, VersionId
from sync.rules import history
from sync.schema import asset_document
from tests.benchmarks import struck
from tests.benchmarks.figure import Figure
from tests.benchmarks.film import version_of
from tests.benchmarks.program import Program
from tests.benchmarks.team.pair import devices, heads, linked, until

IN_A_ROW = 5
"""Versions that one sitting gives an asset, before the next is taken up."""


def measure(share: float) -> list[Figure]:
    """5,000 changes on either side of a film of 10,000 assets at full share."""
    count = max(50, int(5_000 * share))
    with tempfile.TemporaryDirectory() as place:
        found = devices(Path(place), max(50, int(10_000 * share)))
        written = [asyncio.run(_away(one, count, seed)) for seed, one in enumerate(found.programs)]
        return _met(found.programs, written[0] | written[1], count, len(found.names))


def _met(
    programs: tuple[Program, ...], written: dict[VersionId, AssetId], count: int, assets: int
) -> list[Figure]:
    """From the moment at which the devices are linked until both show everything."""
    begun = time.monotonic()
    with linked(*programs) as (here, there), here.caller() as one, there.caller() as other:
        start = time.monotonic()
        until(lambda: heads(one, here) == heads(other, there))
        seconds = time.monotonic() - start
    lost = [_missing(program, written) for program in programs]
    apart = len(set(written.values()))
    note = (
        f"{count:,} changes on each side, in {apart:,} of {assets:,} assets, {IN_A_ROW} in a row; from the link until "
        f"both programs show the same; {start - begun:.1f} s before it for both to start and to find each other"
    )
    return [
        Figure(what="a month offline on both sides: merged and shown", unit="s", at_most=3, value=seconds, note=note),
        Figure(what="a month offline on both sides: changes lost", unit="changes", at_most=0, value=sum(lost)),
    ]  # fmt: skip


async def _away(program: Program, count: int, seed: int) -> dict[VersionId, AssetId]:
    """Write so many versions, each a commit of its own, on a device that nobody hears."""
    _, facts = struck.newest()
    source = random.Random(seed)
    made: dict[VersionId, AssetId] = {}
    async with Project.open(program.folder, home=program.home) as project:
        rows = project.index.assets()
        while len(made) < count:
            asset = source.choice(rows).id
            for _ in range(min(IN_A_ROW, count - len(made))):
                versions = project.asset(asset).versions
                tips, number = tuple(one.id for one in history.tips(versions)), history.next_number(versions)
                words = f"change {len(made)} of device {seed}"
                version, _ = version_of(project, facts, tips, number, (), words, len(made))
                version = replace(version, id=VersionId(new_id()))
                project.commit(lambda edit: edit.add(asset_document(asset), version))  # noqa: B023
                made[version.id] = asset
    return made


def _missing(program: Program, written: dict[VersionId, AssetId]) -> int:
    """How many versions a device does not have that either wrote."""

    async def missing() -> int:
        async with Project.open(program.folder, home=program.home) as project:
            shown = project.assets(set(written.values()))
            held = {version.id for facts in shown.values() for version in facts.versions}
            return len(written.keys() - held)

    return asyncio.run(missing())
