"""A file that one process at a time holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app import onlyone


def test_one_holds_it_and_the_next_one_after(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with onlyone.held(path) as ours:
        assert ours
        with onlyone.held(path) as again:
            assert not again
    with onlyone.held(path) as ours:
        assert ours


def test_a_process_that_dies_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, pathlib; from app import onlyone\n"
        "with onlyone.held(pathlib.Path(sys.argv[1])): print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(path)]
    root = Path(onlyone.__file__).parents[1]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with onlyone.held(path) as ours:
            assert not ours
        other.kill()
        other.wait()
    with onlyone.held(path) as ours:
        assert ours


def test_places_are_taken_from_the_smallest_on_and_free_again(tmp_path: Path) -> None:
    with onlyone.place(tmp_path / "places") as first:
        with onlyone.place(tmp_path / "places") as second:
            assert (first, second) == (0, 1)
        with onlyone.place(tmp_path / "places") as again:
            assert again == 1
    with onlyone.place(tmp_path / "places") as last:
        assert last == 0
