"""The local API of a film of 10,000 assets, asked from outside a `restrike serve` in a process of its own."""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sync.project import Project
from tests.benchmarks import calls, events, struck
from tests.benchmarks.figure import Figure, percentile
from tests.benchmarks.film import TAKES, VERSIONS, Film
from tests.benchmarks.program import Program
from tests.benchmarks.served import Caller, Reply, Served, serving
from tests.journeys.fuzzing import fuzz

PAGE = 500
LISTED = 100
"""Things in a filtered list: what the API gives when nobody says otherwise."""
TURNED_AWAY = re.compile(
    r": ignored_auth: .*got `429 |: missing_required_header: .*Got 429 when missing required 'Authorization'"
)
"""Failures that are none: whoever shows no token, or a wrong one, again and again is answered with 429."""
Ask = Callable[[], Reply]


def measure(share: float) -> list[Figure]:
    """10,000 assets with three versions of two takes each at full share; schemathesis has a small film of its own."""
    with tempfile.TemporaryDirectory() as place:
        program, names = _film(Path(place), max(100, int(10_000 * share)))
        found = _measure(program, names, share)
    with tempfile.TemporaryDirectory() as place:
        program, names = _film(Path(place), 12)
        return [*found, _fuzzed(program, names, share)]


def _film(place: Path, assets: int) -> tuple[Program, list[str]]:
    program = Program(place / "film", place / "home")
    program.folder.mkdir()
    return program, asyncio.run(_written(program, assets))


async def _written(program: Program, assets: int) -> list[str]:
    _, facts = struck.newest()
    async with Project.create(program.folder, "Ten thousand", home=program.home) as project:
        film = Film(project, facts, random.Random(4211))
        film.write(assets)
    return film.names


def _measure(program: Program, names: list[str], share: float) -> list[Figure]:
    source = random.Random(99)
    with serving(program) as served, served.caller() as caller:
        what = f"{len(names):,} assets × {VERSIONS} versions × {TAKES} takes"
        started = Figure(
            what=f"serve: from its start to its first answer ({what})", unit="s", value=served.seconds
        )
        found = [started, *_pages(caller, served, max(2, int(5 * share)))]
        found += _submitted(caller, served, names, max(20, int(1000 * share)))
        found.append(_lists(caller, served, names, source, max(5, int(100 * share))))
        found.append(Figure(what="memory of the serving process, every asset read", unit="MB",
                            value=served.memory / 1e6))  # fmt: skip
        found += calls.figures(caller, served, source.sample(names, 20), max(3, int(25 * share)))
        found += events.figures(served, names, source, share)
    return found


def _pages(caller: Caller, served: Served, rounds: int) -> list[Figure]:
    """Every page of the state several times, first in a fresh process; then every page that the caller has."""
    path, known = f"{served.at}/regenerative", {}
    taken: list[list[Reply]] = []
    for _ in range(rounds):
        replies, offset = [], 0
        while offset is not None:
            replies.append(caller.ask("GET", path, {"limit": PAGE, "offset": offset}))
            known[offset] = replies[-1].etag
            offset = replies[-1].value["next"]
        taken.append(replies)
    times = [one.ms for replies in taken for one in replies]
    again = [
        [caller.ask("GET", path, {"limit": PAGE, "offset": at}, known=tag) for at, tag in known.items()]
        for _ in range(rounds)
    ]
    changed = [one for replies in again for one in replies if one.status != 304]
    if changed:
        raise RuntimeError(f"{len(changed)} pages came again though nothing had changed")
    same = [one.ms for replies in again for one in replies]
    return [
        Figure(what=f"a page of {PAGE} of the state, p99", unit="ms", at_most=100, value=percentile(times, 0.99),
               note=f"p50 {percentile(times, 0.5):.1f} ms of {len(times)}, decoded; slowest of the first round "
               f"{max(one.ms for one in taken[0]):.1f} ms; {len(taken[-1][0].body) / 1e3:.0f} kB a page"),
        Figure(what="a conditional GET of a page that is unchanged, p99", unit="ms", at_most=10,
               value=percentile(same, 0.99),
               note=f"p50 {percentile(same, 0.5):.2f} ms; all {len(known)} pages one after another "
               f"{percentile([sum(one.ms for one in replies) for replies in again], 0.5):.1f} ms"),
    ]  # fmt: skip


def _submitted(caller: Caller, served: Served, names: list[str], count: int) -> list[Figure]:
    """Give so many shots a new version, ask for pictures of them, and ask once more."""
    shots = [name for name in names if name.startswith("SHOT")][:count]
    state = caller.ask("GET", f"{served.at}/regenerative", {"limit": 1})
    wanted = [{"asset": name, "parameters": {"prompt": f"{name} by night"}} for name in shots]
    saved = caller.ask(
        "PUT", f"{served.at}/regenerative", body={"version": state.value["version"], "assets": wanted}
    )
    body = {"assets": shots, "quality": "standard"}
    first = caller.ask("POST", "/regeneration/jobs", body=body)
    again = caller.ask("POST", "/regeneration/jobs", body=body)
    fresh = sum(not one["deduplicated"] for one in first.value["jobs"])
    left = sum(not one["deduplicated"] for one in again.value["jobs"])
    if (fresh, left) != (len(shots), 0):
        raise RuntimeError(f"{fresh} of {len(shots)} jobs were new, then {left}")
    return [
        Figure(what=f"{len(shots):,} jobs submitted in one call", unit="s", at_most=1.0, value=first.ms / 1000,
               note=f"answer of {len(first.body) / 1e3:.0f} kB, decoded"),
        Figure(what="the same submitted once more, nothing of it new", unit="s", at_most=1.0,
               value=again.ms / 1000),
        Figure(what=f"{len(shots):,} assets saved in one PUT of the state", unit="s", value=saved.ms / 1000),
    ]  # fmt: skip


def _lists(caller: Caller, served: Served, names: list[str], source: random.Random, times: int) -> Figure:
    """Filtered lists of assets, of the state, of jobs and of takes."""

    def ask(path: str, **query: Any) -> Ask:
        return lambda: caller.ask("GET", path, {"limit": LISTED, **query})

    def scene() -> str:
        return f"SC-{source.randrange(1 + len(names) // 50):03d}"

    assets, state, jobs = f"{served.at}/assets", f"{served.at}/regenerative", "/regeneration/jobs"
    sought = "tier = standard and steps > 10 and prompt ~ boat"
    questions: dict[str, Ask] = {
        "assets of a kind": ask(assets, kind="environment"),
        "assets of a scene": lambda: ask(assets, scene=scene())(),
        "assets where": ask(assets, where=sought),
        "stale assets": ask(assets, stale="true"),
        "assets where, far on": ask(assets, where="kind = shot", offset=len(names) // 2),
        "state where": ask(state, where=sought),
        "state of a kind": ask(state, kind="shot"),
        "state of a scene": lambda: ask(state, scene=scene())(),
        "pending jobs": ask(jobs, state="pending"),
        "finished jobs": ask(jobs, state="finished"),
        "failed jobs": ask(jobs, state="failed"),
        "jobs of an asset": lambda: ask(jobs, asset=source.choice(names))(),
        "takes of an asset": lambda: ask(f"{served.at}/takes", name=source.choice(names))(),
    }
    found = {name: [question().ms for _ in range(times)] for name, question in questions.items()}
    worst = {name: percentile(values, 0.99) for name, values in found.items()}
    middle = {name: percentile(values, 0.5) for name, values in found.items()}
    return Figure(what=f"a filtered list of {LISTED}, p99 of the slowest", unit="ms", at_most=20,
                  value=max(worst.values()),
                  note="; ".join(f"{name} {worst[name]:.1f} (p50 {middle[name]:.1f})" for name in found))  # fmt: skip


def _fuzzed(program: Program, names: list[str], share: float) -> Figure:
    """Whatever schemathesis finds in the whole OpenAPI; every limit of every schema is tried at larger shares alone."""
    examples, coverage = max(1, int(50 * share)), share >= 0.1
    with serving(program) as served:
        with served.caller() as caller:
            known = _known(caller, served, names)
        found = fuzz(served.url, served.token, served.project, known, examples=examples, coverage=coverage)
    turned_away = [one for one in found.failures if TURNED_AWAY.search(one)]
    failures = [one for one in found.failures if one not in turned_away]
    first = f"; {' '.join(failures[0].split())[:300]}" if failures else ""
    return Figure(what=f"schemathesis over {len(found.operations)} operations: failures", unit="failures", at_most=0,
                  value=len(failures),
                  note=f"{found.cases:,} cases, {examples} examples an operation, "
                  f"{'with' if coverage else 'without'} its coverage phase; {len(turned_away)} of the many without a "
                  f"token were turned away with 429 where it expects 401{first}")  # fmt: skip


def _known(caller: Caller, served: Served, names: list[str]) -> dict[str, list[str]]:
    """Things of the film that a guess would never name, by the parameters that take them."""
    takes = caller.ask("GET", f"{served.at}/takes").value["takes"]
    asked = caller.ask("POST", "/regeneration/jobs", body={"assets": names[:2], "quality": "low"})
    return {
        "name": names[:3],
        "asset": [*names[:2], takes[0]["id"]],
        "take": [names[0], *(one["id"] for one in takes[:2])],
        "job": [one["id"] for one in asked.value["jobs"]],
        "sha256": [takes[0]["sha256"]],
        "version": ["v01", "v02", "prompt=fog"],
    }
