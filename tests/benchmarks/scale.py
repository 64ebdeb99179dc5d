"""A film of 10,000 assets: how fast it opens, answers and keeps, and how little it weighs."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.models.facts import ModelFacts
from sync.edit import Edit
from sync.project import Project
from sync.records import AssetId, Kind, VersionId
from sync.rules import history
from sync.schema import asset_document
from tests.benchmarks import struck
from tests.benchmarks.figure import Figure, milliseconds, percentile
from tests.benchmarks.film import PICTURE, TAKES, VERSIONS, Film, bytes_of, version_of
from tests.benchmarks.program import Program

OPEN = """
import asyncio, json, sys, time
from pathlib import Path
import psutil
start = time.perf_counter()
from sync.project import Project
async def main():
    async with Project.open(Path(sys.argv[1]), home=Path(sys.argv[2])) as project:
        opened = time.perf_counter() - start
        project.index.counts()
        rows = project.index.assets()
        for row in rows:
            project.asset(row.id)
        memory = psutil.Process().memory_info().rss
        print(json.dumps({"open": opened, "memory": memory, "torch": "torch" in sys.modules}))
asyncio.run(main())
"""


def measure(share: float) -> list[Figure]:
    """10,000 assets with three versions of two takes each at full share."""
    with tempfile.TemporaryDirectory() as place:
        return asyncio.run(_measure(Path(place), max(100, int(10_000 * share))))


async def _measure(place: Path, assets: int) -> list[Figure]:
    folder, home = place / "film", place / "home"
    folder.mkdir()
    _, facts = struck.newest()
    source = random.Random(4211)
    async with Project.create(folder, "Ten thousand", home=home) as project:
        film = Film(project, facts, source)
        start = time.perf_counter()
        film.write(assets)
        built = time.perf_counter() - start
    takes = assets * VERSIONS * TAKES
    log = await _bytes_a_take(place / "single", home, max(10, assets // 50))
    opened = [_run(OPEN, folder, home) for _ in range(5)]
    async with Project.open(folder, home=home) as project:
        queries = _queries(project, film.names, source)
        adds = _adds(project, facts, film.names, source)
    status = [milliseconds(lambda: Program(folder, home).run("status")) / 1000 for _ in range(7)]
    what = f"{assets:,} assets × {VERSIONS} versions × {TAKES} takes"
    return [
        Figure(what=f"open the project, imports included ({what})", unit="s", at_most=1.0,
               value=percentile([one["open"] for one in opened], 0.5)),
        Figure(what="any list or search query, p99", unit="ms", at_most=10, value=max(queries.values()),
               note="; ".join(f"{name} {value:.1f}" for name, value in queries.items())),
        Figure(what="add a version, durable, p99", unit="ms", at_most=25, value=percentile(adds, 0.99),
               note=f"p50 {percentile(adds, 0.5):.1f} ms, {len(adds)} versions, each by itself"),
        Figure(what="bytes kept a take (log, snapshots, jobs, claims, proofs)", unit="KB", at_most=2.5,
               value=log / 1000, note="written as by hand, a commit for each wish, claim, result and proof; "
               f"in bulk {_log(folder) / takes / 1000:.2f} KB; index beside it {_index(folder) / takes / 1000:.2f} KB"),
        Figure(what="bytes that are not regeneratable, film of 1024 × 576 pictures", unit="%", at_most=5,
               value=100 * log / (log + PICTURE)),
        Figure(what="memory of the parent process, every asset read, torch not imported", unit="MB", at_most=300,
               value=max(one["memory"] for one in opened) / 1e6 if not any(one["torch"] for one in opened) else 1e9),
        Figure(what="restrike status as a whole process", unit="s", at_most=0.5, value=percentile(status, 0.5),
               note=f"slowest of {len(status)}: {max(status):.2f} s"),
        Figure(what="facts written in bulk", unit="/s", value=takes * 5.5 / built),
    ]  # fmt: skip


async def _bytes_a_take(folder: Path, home: Path, assets: int) -> float:
    folder.mkdir()
    _, facts = struck.newest()
    async with Project.create(folder, "One by one", home=home) as project:
        Film(project, facts, random.Random(7)).write_singly(assets)
    return _log(folder) / (assets * VERSIONS * TAKES)


def _log(folder: Path) -> int:
    """Bytes of everything but the derived index."""
    return bytes_of(folder) - _index(folder)


def _index(folder: Path) -> int:
    return sum(file.stat().st_size for file in (folder / ".restrike").iterdir() if "index.db" in file.name)


def _run(script: str, folder: Path, home: Path) -> dict[str, float]:
    command = [sys.executable, "-c", script, str(folder), str(home)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def _queries(project: Project, names: list[str], source: random.Random) -> dict[str, float]:
    index = project.index
    questions: dict[str, Callable[[], object]] = {
        "page": lambda: index.assets(limit=100, offset=source.randrange(len(names))),
        "kind": lambda: index.assets(kind=Kind.ENVIRONMENT, limit=100),
        "scene": lambda: index.assets(scene=f"SC-{source.randrange(200):03d}", limit=100),
        "where": lambda: index.assets(where="tier = standard and steps > 10 and prompt ~ boat", limit=100),
        "stale": lambda: index.assets(where="stale = true", limit=100),
        "search": lambda: index.search(source.choice(("red house", "boat night", "SHOT-00", "lighthouse"))),
        "name": lambda: index.find_asset(source.choice(names)),
        "takes": lambda: index.takes(asset=index.assets(names=[source.choice(names)])[0].id, limit=100),
        "jobs": lambda: index.jobs(limit=100),
        "counts": index.counts,
        "heads": index.heads,
    }
    return {
        name: percentile([milliseconds(ask) for _ in range(100)], 0.99) for name, ask in questions.items()
    }


def _adds(project: Project, facts: ModelFacts, names: list[str], source: random.Random) -> list[float]:
    found = []
    for number in range(200):
        row = project.index.find_asset(source.choice(names))
        assert row is not None
        asset = row.id

        def build(edit: Edit, asset: AssetId = asset, number: int = number) -> None:
            versions = edit.asset(asset).versions
            parents = tuple(one.id for one in history.tips(versions))
            version, _ = version_of(
                project, facts, parents, history.next_number(versions), (), f"a boat {number}", number
            )
            edit.add(asset_document(asset), replace(version, id=VersionId(edit.new_id())))

        found.append(milliseconds(lambda build=build: project.commit(build)))  # type: ignore[misc]
    return found
