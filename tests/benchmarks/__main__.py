"""Print every goal with its measured figure, the ratio to the goal, and write them as JSON.

`python -m tests.benchmarks [NAME …] [--share 1.0] [--json FILE]`: NAME picks benchmarks, `--share` scales the counts.
Nothing here passes or fails; a figure that misses its goal is printed like the others.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from pathlib import Path

from tests.benchmarks.figure import Figure, number

NAMES = ("identity", "noise", "classes", "queue", "scale", "api", "team", "kills", "demo")


def main() -> int:
    """Run the benchmarks that were named, all by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(NAMES)} (default: all)"
    )
    parser.add_argument("--share", type=float, default=1.0, help="share of the full counts (default 1.0)")
    parser.add_argument(
        "--json", type=Path, default=Path("benchmarks.json"), help="where the figures are written"
    )
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name.partition(".")[0] not in NAMES]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(NAMES)}")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found: dict[str, list[Figure]] = {}
    for name in chosen.names or NAMES:
        start = time.monotonic()
        found[name] = importlib.import_module(f"tests.benchmarks.{name}").measure(chosen.share)
        show(name, found[name], time.monotonic() - start)
    chosen.json.write_text(json.dumps(report(found, chosen.share), indent=2, ensure_ascii=False) + "\n")
    missed = sum(figure.met is False for figures in found.values() for figure in figures)
    print(f"\n{sum(map(len, found.values()))} figures, {missed} miss their goal; written to {chosen.json}")
    return 0


def show(name: str, figures: list[Figure], seconds: float) -> None:
    """Print one benchmark's figures as aligned lines."""
    print(f"\n{name}  ({seconds:.0f} s)")
    for figure in figures:
        mark = {True: "met", False: "MISSED", None: ""}[figure.met]
        ratio = "" if figure.ratio is None else f"{figure.ratio:6.2f} of goal"
        value = f"{number(figure.value)} {figure.unit}"
        print(f"  {figure.what:<74} {value:>16}  {figure.goal:>14}  {ratio:>14}  {mark}")
        if figure.note:
            print(f"      {figure.note}")
    sys.stdout.flush()


def report(found: dict[str, list[Figure]], share: float) -> dict[str, object]:
    """The figures with the machine they were measured on."""
    machine = {"platform": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()}
    figures = {name: [figure.to_json() for figure in some] for name, some in found.items()}
    return {"machine": machine, "share": share, "figures": figures}


if __name__ == "__main__":
    sys.exit(main())
