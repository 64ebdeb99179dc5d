"""Picking jobs and saying what became of them."""

from __future__ import annotations

from pathlib import Path

from app.render import claiming, queue
from app.render.observer import Observer
from engine.renderer import Crashed
from sync.rules import jobs
from tests.app.studios import Clock, add, ask, film


async def test_a_job_is_claimed_once_at_the_next_epoch(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, film(tmp_path / "film") as other:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio)
        first = claiming.claim_next(studio, Observer(studio, Clock()), {})
        assert first is not None
        assert (first.job, first.epoch) == (asked.job, 1)
        assert claiming.claim_next(other, Observer(other, Clock()), {}) is None
        assert queue.still_mine(studio, asked.job, 1)
        assert not queue.still_mine(other, asked.job, 1)
        queue.end(studio, asked.job, 1, None)
        again = claiming.claim_next(other, Observer(other, Clock()), {})
        assert again is not None
        assert again.epoch == 2
        assert not queue.still_mine(studio, asked.job, 1)


async def test_only_a_standing_claim_can_end(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio)
        held = claiming.claim_next(studio, Observer(studio, Clock()), {})
        assert held is not None
        view = queue.end(studio, asked.job, held.epoch, Crashed("x" * 9000, "again"))
        assert [one.code for one in view.attempts] == ["crashed"]
        assert len(view.attempts[0].message) == queue.LONGEST_MESSAGE
        before = studio.project.index.heads()
        queue.end(studio, asked.job, held.epoch, None)
        assert studio.project.index.heads() == before


async def test_calling_off_is_for_ever_and_changes_nothing_twice(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio)
        assert queue.call_off(studio, asked.job).state is jobs.State.CANCELLED
        before = studio.project.index.heads()
        queue.call_off(studio, asked.job)
        assert studio.project.index.heads() == before
        assert claiming.claim_next(studio, Observer(studio, Clock()), {}) is None


async def test_all_pages_of_a_long_queue_are_seen(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio, "LAMP", count=queue.PAGE + 3)
        assert len(list(queue.live(studio))) == queue.PAGE + 3
        last = list(queue.live(studio))[-1].id
        assert [row.id for row in queue.live(studio, {last})] == [last]
