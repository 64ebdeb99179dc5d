"""The worker's loop; whole stories are in tests/journeys."""

from __future__ import annotations

from pathlib import Path

from app import orders
from app.listing import Listing
from app.render import queue
from app.worker import CLAIM_AHEAD, Pace, Told, Worker
from engine.renderer import Progress
from sync.identity import now
from sync.records import Claim, JobId, SessionId
from sync.rules import jobs as rules
from tests.app.studios import Clock, add, ask, film, takes_of, work
from tests.fakes.renderer import FakeRenderer


def test_the_pace_knows_what_is_left_and_when_it_is_time_to_claim() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.step(Progress("loading model", 0, 10)) is None
    assert pace.step(Progress("rendering", 0, 10)) is None
    clock.seconds += 2
    assert pace.step(Progress("rendering", 1, 10)) == 18
    assert not pace.soon.is_set()
    clock.seconds += 14
    left = pace.step(Progress("rendering", 8, 10))
    assert left == 4
    clock.seconds += 2
    left = pace.step(Progress("rendering", 9, 10))
    assert left is not None
    assert left < CLAIM_AHEAD
    assert pace.soon.is_set()


async def test_the_next_job_is_prepared_and_the_last_one_published_while_one_renders(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        for number in range(3):
            await add(studio, "prop", f"LAMP{number}", "prompt=a tower", f"seed={number}")
        ask(studio)
        news: list[Told] = []
        async with FakeRenderer() as renderer:
            await Worker(studio, renderer).run(until_idle=True, report=news.append)
        order = [(one.what, one.name) for one in news if one.what != "step"]
        assert order == [
            ("started", "LAMP0 v01"), ("started", "LAMP1 v01"), ("finished", "LAMP0 v01"), ("started", "LAMP2 v01"),
            ("finished", "LAMP1 v01"), ("finished", "LAMP2 v01"),
        ]  # fmt: skip
        during = [one for one in news if one.what == "step" and one.name == "LAMP1 v01"]
        assert news.index(during[-1]) > news.index(next(one for one in news if one.what == "finished"))


async def test_only_the_named_jobs_are_worked_on(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        await add(studio, "prop", "BEACON", "prompt=a tower", "seed=2")
        [_, beacon] = ask(studio, "LAMP", "BEACON")
        await work(studio, jobs=[beacon.job])
        assert (len(takes_of(studio, "LAMP")), len(takes_of(studio, "BEACON"))) == (0, 1)


async def test_the_owner_that_says_nothing_is_waited_for_and_then_replaced(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio, "LAMP")
        stranger = SessionId("a" * 26)
        claim = Claim(
            job=asked.job, session=stranger, epoch=1, member=studio.project.member, time=now(studio.clock)
        )
        studio.project.commit(lambda edit: edit.add(edit.queue_document(asked.job), claim))
        clock = Clock()
        await work(studio, clock=clock)
        assert sum(clock.rests) > 12
        view = rules.view(studio.project.job(asked.job))
        assert (view.state, view.epoch) == (rules.State.FINISHED, 2)


async def test_a_claim_made_for_this_worker_is_worked_on(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, film(tmp_path / "film") as other:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio, "LAMP")
        orders.reserve(other, asked.job)
        studio.project.poll()
        assert rules.view(studio.project.job(asked.job)).owner == studio.project.session
        await work(studio)
        assert len(takes_of(studio, "LAMP")) == 1


async def test_a_job_that_is_released_by_word_stops(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, film(tmp_path / "film") as other:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1", "steps=20")
        [asked] = ask(studio, "LAMP")
        released = False

        def told(news: Told) -> None:
            nonlocal released
            if news.progress is not None and news.progress.step == 5 and not released:
                released = True
                orders.release(other, asked.job)

        renderer = FakeRenderer()
        async with renderer:
            await Worker(studio, renderer).run(until_idle=True, report=told)
        assert len(renderer.struck) == 2, "given back, then done anew"
        assert len(takes_of(studio, "LAMP")) == 1


async def test_a_job_called_off_before_its_turn_is_not_started(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        for number in range(2):
            await add(studio, "prop", f"LAMP{number}", "prompt=a tower", f"seed={number}")
        first, second = ask(studio)
        called: list[JobId] = []

        def told(news: Told) -> None:
            saving = news.progress is not None and news.progress.stage == "saving"
            if news.job == first.job and saving and not called:
                called.append(second.job)
                queue.call_off(studio, second.job)

        renderer = FakeRenderer()
        async with renderer:
            await Worker(studio, renderer).run(until_idle=True, report=told)
        assert renderer.struck == [first.recipe.key]


async def test_what_it_does_can_be_seen_meanwhile_and_not_afterwards(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio, "LAMP")
        seen = []

        def told(news: Told) -> None:
            if news.progress is not None and news.progress.step == 5:
                seen.append(Listing(studio).job(asked.job))

        async with FakeRenderer() as renderer:
            await Worker(studio, renderer).run(until_idle=True, report=told)
        assert seen[0]["state"] == "running"
        assert seen[0]["stage"]
        after = Listing(studio).job(asked.job)
        assert (after["state"], after["progress"], after["stage"]) == ("finished", 1.0, None)
