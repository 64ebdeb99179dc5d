"""What keeps a worker from beginning anything is said in a sentence, and only what runs is finished."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.gates import gates, lent
from app.worker import Told, Worker
from engine.faults import BadField
from tests.app.studios import Clock, add, ask, film, takes_of
from tests.fakes.renderer import FakeRenderer


def test_outside_the_hours_the_sentence_says_when_they_begin() -> None:
    at = datetime(2026, 1, 5, 12).astimezone()
    [gate] = gates(lambda: at.astimezone(UTC), "19-07", polite=False)
    reason = gate()
    assert reason is not None
    assert reason.endswith("until Monday 19:00")
    [gate] = gates(lambda: at.replace(hour=20).astimezone(UTC), "19-07", polite=False)
    assert gate() is None
    with pytest.raises(BadField):
        gates(lambda: at, "never", polite=False)


def test_a_polite_worker_looks_at_gpu_and_processor() -> None:
    assert gates(lambda: datetime.now(UTC), None, polite=False) == []
    assert len(gates(lambda: datetime.now(UTC), None, polite=True)) == 2
    assert lent()() is None or isinstance(lent()(), str)


async def test_a_worker_rests_and_goes_on(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio)
        clock, told = Clock(), list[Told]()

        def gate() -> str | None:
            return "blender uses the GPU" if clock() < 1010 else None

        async with FakeRenderer() as renderer:
            worker = Worker(studio, renderer, gates=[gate], now=clock, rest=clock.rest)
            await worker.run(until_idle=True, report=told.append)
        assert clock() >= 1010
        assert [one.message for one in told if one.what == "resting"] == ["blender uses the GPU", ""]
        assert len(takes_of(studio, "LAMP")) == 1
