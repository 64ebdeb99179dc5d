"""A word on a single job."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import orders
from engine.faults import Conflict
from sync.rules import jobs as rules
from tests.app.studios import add, ask, film


async def test_single_jobs(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, film(tmp_path / "film") as worker:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio, "LAMP")
        with pytest.raises(Conflict, match="nobody has it"):
            orders.release(studio, asked.job)
        with pytest.raises(Conflict, match="pending"):
            orders.retry(studio, asked.job)
        with pytest.raises(Conflict, match="no worker"):
            orders.reserve(studio, asked.job)
        orders.vote(worker, asked.job, 1)
        orders.reserve(studio, asked.job)
        assert rules.view(studio.project.job(asked.job)).owner == worker.project.session
        with pytest.raises(Conflict, match="owned"):
            orders.reserve(studio, asked.job)
        orders.release(studio, asked.job)
        assert rules.view(studio.project.job(asked.job)).state is rules.State.PENDING
        assert orders.vote(studio, asked.job, 1).votes == 1
        assert orders.vote(studio, asked.job, -1).votes == -1
        assert len(studio.project.job(asked.job).votes) == 2
