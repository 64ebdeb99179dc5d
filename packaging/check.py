"""The whole check, as CI runs it: style, types, the shape of the house, and every test.

    python3 packaging/bootstrap.py test [--fast] [-- PYTEST ARGUMENTS]

Everything runs even after a failure; the exit status is 0 only when all passed. `--fast` leaves out the slow tests
and says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("engine", "sync", "app", "starter", "packaging", "tests")
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "QT_QPA_PLATFORM": "offscreen",
}


def steps() -> list[tuple[str, list[str]]]:
    """Every step but the tests, quickest first, each with its command."""
    tool = [sys.executable, "-m"]
    rooms = [room for room in ROOMS if (ROOT / room).is_dir()]
    programs = Path(sys.executable).parent
    return [
        ("ruff check", [*tool, "ruff", "check", *rooms]),
        ("ruff format", [*tool, "ruff", "format", "--check", *rooms]),
        ("import contracts", [str(programs / "lint-imports")]),
        ("mypy --strict", [*tool, "mypy", "--strict", *rooms]),
    ]


def pytest_command(fast: bool, extra: list[str]) -> list[str]:
    """The tests on two workers, a file at a time, so that a file's warm render child serves all its tests."""
    chosen = ["-m", "not slow"] if fast else []
    return [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *chosen, *extra]


def run(name: str, command: list[str]) -> bool:
    """One step with its output and its time; says whether it passed."""
    print(f"\n== {name}", flush=True)
    begin = time.monotonic()
    status = subprocess.call(command, cwd=ROOT, env={**os.environ, **SETTINGS}, stdin=subprocess.DEVNULL)
    print(f"== {name}: {'passed' if status == 0 else 'FAILED'}, {time.monotonic() - begin:.1f} s", flush=True)
    return status == 0


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and those after `--`, which are pytest's."""
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def main(arguments: list[str]) -> int:
    """Run all steps, the tests last, so that pytest's own closing line ends the output."""
    own, extra = split(arguments)
    if unknown := [word for word in own if word != "--fast"]:
        print(f"check: unknown {' '.join(unknown)} (pytest's own arguments come after --)", file=sys.stderr)
        return 2
    fast = "--fast" in own
    failed = [name for name, command in steps() if not run(name, command)]
    print(f"\n== before the tests: {'FAILED: ' + ', '.join(failed) if failed else 'all passed'}")
    if fast:
        print("== --fast leaves out the tests marked slow")
    print("== tests", flush=True)
    command = pytest_command(fast, extra)
    status = subprocess.call(command, cwd=ROOT, env={**os.environ, **SETTINGS}, stdin=subprocess.DEVNULL)
    return status or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
