"""What a command costs that goes through the API: the whole process, less its interpreter's start and the request."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from tests.benchmarks.figure import Figure, percentile
from tests.benchmarks.served import Caller, Reply, Served

GOAL = 60
BARE = ("pass", "import app.cli")
"""What the interpreter is started with alone: with nothing, and with the command line's own modules."""


def figures(caller: Caller, served: Served, names: list[str], rounds: int) -> list[Figure]:
    """Commands, bare requests and bare interpreters in turn, so that all meet the machine in the same state."""
    lines, requests = _commands(names), _requests(caller, served, names)
    found: dict[str, list[float]] = {name: [] for name in (*lines, *BARE)}
    asked: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(rounds):
        for code in BARE:
            found[code].append(_wall(served, [sys.executable, "-c", code]))
        for name, words in lines.items():
            found[name].append(_wall(served, [*served.program.words(*words()), "--json"]))
            asked[name].append(requests[name]().ms)
    apart = "the interpreter's start", "the interpreter's start with `import app.cli`"
    return [_figure(found, asked, code, what) for code, what in zip(BARE, apart, strict=True)]


def _figure(found: dict[str, list[float]], asked: dict[str, list[float]], code: str, apart: str) -> Figure:
    costs = {
        name: [
            whole - start - request
            for whole, start, request in zip(found[name], found[code], asked[name], strict=True)
        ]
        for name in asked
    }
    told = "; ".join(
        f"{name} {percentile(values, 0.5):.1f}, p95 {percentile(values, 0.95):.1f} "
        f"(whole {percentile(found[name], 0.5):.0f}, request {percentile(asked[name], 0.5):.1f})"
        for name, values in costs.items()
    )
    return Figure(
        what=f"a command through the API over its request, {apart} apart, p50",
        unit="ms",
        at_most=GOAL,
        value=max(percentile(values, 0.5) for values in costs.values()),
        note=f"the slowest; apart: python -c {code!r} {percentile(found[code], 0.5):.0f} ms, the request on a kept "
        f"connection; {told}",
    )


def _commands(names: list[str]) -> dict[str, Callable[[], list[str]]]:
    number = count()
    return {
        "status": lambda: ["status"],
        "jobs": lambda: ["jobs"],
        "asset list --limit 100": lambda: ["asset", "list", "--limit", "100"],
        "asset show": lambda: ["asset", "show", names[0]],
        "asset set": lambda: ["asset", "set", names[1], f"prompt=by hand {next(number)}"],
    }


def _requests(caller: Caller, served: Served, names: list[str]) -> dict[str, Callable[[], Reply]]:
    """The same routes with nothing around them."""
    number = count()

    def get(path: str, **query: Any) -> Callable[[], Reply]:
        return lambda: caller.ask("GET", f"{served.at}/{path}", query)

    def save() -> Reply:
        body = {"assignments": [f"prompt=by request {next(number)}"]}
        return caller.ask("PATCH", f"{served.at}/assets/{names[1]}", body=body)

    return {
        "status": get("status"),
        "jobs": get("jobs", limit=1000),
        "asset list --limit 100": get("assets", limit=100),
        "asset show": get(f"assets/{names[0]}"),
        "asset set": save,
    }


def _wall(served: Served, words: list[str]) -> float:
    """Milliseconds of a whole process."""
    start = time.perf_counter()
    done = subprocess.run(
        words, cwd=served.program.folder, env=served.program.environment(), capture_output=True, check=False
    )
    wall = (time.perf_counter() - start) * 1000
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}\n{done.stderr.decode()}")
    return wall
