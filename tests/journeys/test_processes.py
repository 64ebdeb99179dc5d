"""Workers in processes of their own: killed at any moment, two at once, stopped with a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from app.studio import Studio
from sync.rules import jobs as rules
from tests.app.studios import add, ask, film, takes_of, work
from tests.fakes.renderer import FakeRenderer

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def worker(folder: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """A worker process on a film; killed at the end if it still runs."""
    command = [sys.executable, "-m", "tests.journeys.worker_process", str(folder), str(seconds)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], words: str) -> list[str]:
    """The lines of a worker up to the first that holds `words`."""
    assert process.stdout is not None
    return _until(process.stdout, words)


def _until(lines: IO[str], words: str) -> list[str]:
    found = []
    for line in lines:
        found.append(line.strip())
        if words in line:
            return found
    raise AssertionError(f"the worker ended without {words!r}: {found}")


async def lamps(studio: Studio, count: int) -> None:
    for number in range(count):
        await add(studio, "prop", f"LAMP{number}", "prompt=a tower", f"seed={number}", "steps=5")


def finished(studio: Studio) -> int:
    return len(studio.project.index.jobs(states=("finished",)))


@pytest.mark.parametrize("moment", ["rendering|1", "rendering|4", "rendered"])
async def test_a_killed_worker_loses_nothing_and_nothing_is_done_twice(tmp_path: Path, moment: str) -> None:
    folder = tmp_path / "film"
    async with film(folder) as studio:
        await lamps(studio, 4)
        ask(studio)
        with worker(folder, 0.02) as process:
            until(process, moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
        studio.project.poll()
        before = finished(studio)
        renderer = FakeRenderer()
        await work(studio, renderer)
        assert finished(studio) == 4
        assert len(renderer.struck) == 4 - before, "what was finished is not rendered again"
        for number in range(4):
            assert len(takes_of(studio, f"LAMP{number}")) == 1
        for row in studio.project.index.jobs(states=("finished",)):
            assert rules.view(studio.project.job(row.id)).attempts == (), (
                "a killed worker is no failure of the job"
            )


async def test_two_workers_share_a_queue_and_do_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    async with film(folder) as studio:
        await lamps(studio, 12)
        ask(studio)
        with worker(folder, 0.02) as one, worker(folder, 0.02) as other:
            told = [until(process, "finished|")[-1] for process in (one, other)]
        counts = [int(line.partition("|")[2]) for line in told]
        studio.project.poll()
        assert sum(counts) == 12
        assert min(counts) > 0, "both had work"
        assert finished(studio) == 12
        for number in range(12):
            assert len(takes_of(studio, f"LAMP{number}")) == 1
        for row in studio.project.index.jobs(states=("finished",)):
            facts = studio.project.job(row.id)
            assert len(facts.claims) == 1, "nobody claimed what another had"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stopped_worker_gives_its_claims_back(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "film"
    async with film(folder) as studio:
        await lamps(studio, 2)
        asked = ask(studio)
        with worker(folder, 0.05) as process:
            until(process, "rendering|1")
            process.send_signal(number)
            told = process.communicate()[0]
        assert (process.returncode == 0) == (number is signal.SIGTERM)
        assert ("finished|0" in told) == (number is signal.SIGTERM)
        studio.project.poll()
        for one in asked:
            facts = studio.project.job(one.job)
            assert rules.view(facts).state is rules.State.PENDING
            assert {each.code for each in facts.ended} <= {"released"}
        assert any(studio.project.job(one.job).ended for one in asked)
