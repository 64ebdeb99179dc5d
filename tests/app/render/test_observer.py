"""What a worker sees besides the jobs' facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.render import claiming, queue
from app.render.observer import Observer
from engine.renderer import Crashed
from sync.farm.absence import TTL
from sync.records import JobId, SessionId
from sync.rules import jobs
from tests.app.studios import Clock, add, ask, film


async def test_inputs_without_a_take_are_named(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        await add(studio, "character", "MIRA", "prompt=a robot", "seed=1")
        await add(studio, "shot", "SH010", "prompt=wide", "seed=1", inputs=["BAY", "MIRA"], scene="SC-01")
        shot = ask(studio, "SH010")[-1]
        observer = Observer(studio, Clock())
        at = observer.standpoint(jobs.view(studio.project.job(shot.job)))
        assert set(at.inputs) == {"BAY", "MIRA"}
        assert at.models == ()


async def test_back_off_counts_from_when_the_failure_was_seen(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio)
        clock = Clock()
        observer = Observer(studio, clock)
        held = claiming.claim_next(studio, observer, {})
        assert held is not None
        queue.end(studio, asked.job, held.epoch, Crashed("the child died", "again"))
        assert claiming.claim_next(studio, observer, {}) is None
        clock.seconds += 4.9
        assert claiming.claim_next(studio, observer, {}) is None
        clock.seconds += 0.2
        assert claiming.claim_next(studio, observer, {}) is not None


async def test_a_model_that_fails_with_three_jobs_is_left_alone_until_it_works(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio)
        observer = Observer(studio, Clock())
        for number in (1, 1, 1, 2):
            observer.failed(JobId(str(number)), asked.recipe)
        view = jobs.view(studio.project.job(asked.job))
        assert jobs.may_claim(view, observer.standpoint(view)) is None, "one bad recipe is no bad model"
        observer.failed(JobId("3"), asked.recipe)
        reason = jobs.may_claim(view, observer.standpoint(view))
        assert reason is not None
        assert reason.code == "set_aside"
        observer.worked(asked.recipe)
        assert jobs.may_claim(view, observer.standpoint(view)) is None


async def test_who_is_silent(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio)
        clock = Clock()
        observer = Observer(studio, clock)
        view = jobs.view(studio.project.job(asked.job))
        ours = replace(view, state=jobs.State.OWNED, owner=studio.project.session)
        stranger = replace(view, state=jobs.State.OWNED, owner=SessionId("z" * 26))
        assert observer.standpoint(view).silent == frozenset()
        assert observer.standpoint(ours).silent == frozenset()
        assert observer.standpoint(stranger).silent == frozenset()
        clock.seconds += TTL + 1
        assert observer.standpoint(stranger).silent == {"z" * 26}
        assert observer.standpoint(ours).silent == frozenset()
