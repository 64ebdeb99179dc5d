"""A worker that is not alone claims what falls to it, waits for its claim, and helps a straggler out once."""

from __future__ import annotations

from pathlib import Path

from app import roster
from app.render import claiming
from app.render.observer import Observer
from app.roster import Heard, Roster
from app.studio import Studio
from sync.farm.card import Card
from sync.farm.claimer import SHORTEST
from sync.farm.hands import Hand
from sync.identity import now
from sync.records import Claim, JobId, SessionId
from sync.rules import jobs
from sync.rules.jobs import State
from tests.app.studios import Clock, add, ask, film

REMOTE = SessionId("remote")


def seen(studio: Studio, clock: Clock, *, rate: float = 1.0, free: float = 0.0) -> Observer:
    """An observer that hears of one worker elsewhere."""
    remote = Hand(session=REMOTE, slot="elsewhere", rate=rate, free=free)
    roster.passed_on(roster.folder(studio), [Heard(Card(hand=remote), clock(), 0.0)])
    return Observer(studio, clock, None, Roster(studio, clock, studio.clock))


def me(studio: Studio, *, rate: float = 1.0, free: float = 0.0) -> Hand:
    return Hand(session=studio.project.session, rate=rate, free=free)


def owned(studio: Studio, job: JobId) -> None:
    claim = Claim(job=job, session=REMOTE, epoch=1, member=studio.project.member, time=now(studio.clock))
    studio.project.commit(lambda edit: edit.add(edit.queue_document(job), claim))


async def test_a_claim_beside_others_holds_only_after_it_settled(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio)
        clock = Clock()
        held = claiming.claim_next(studio, seen(studio, clock, rate=8.0), {}, None, me(studio))
        assert held is not None
        assert (held.job, held.epoch, held.settled) == (asked.job, 1, clock() + SHORTEST)


async def test_the_only_job_is_left_to_the_faster_one(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio)
        observer = seen(studio, Clock(), rate=0.1)
        assert claiming.claim_next(studio, observer, {}, None, me(studio, rate=5.0)) is None


async def test_jobs_are_shared_and_each_claims_its_own(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        for number in range(6):
            await add(studio, "prop", f"LAMP{number}", "prompt=a tower", f"seed={number}")
        ask(studio)
        observer = seen(studio, Clock())
        held: list[JobId] = []
        own = me(studio)
        while (one := claiming.claim_next(studio, observer, held, None, own)) is not None:
            held.append(one.job)
            own = me(studio, free=100.0 * len(held))
        assert 1 <= len(held) < 6  # what is left would be done sooner by the other one


async def test_a_straggler_is_helped_out_once(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio)
        owned(studio, asked.job)
        clock = Clock()
        observer = seen(studio, clock, free=500.0)
        own = me(studio, rate=0.1)
        assert claiming.claim_next(studio, observer, {}, None, own) is None
        held = claiming.claim_next(studio, observer, {}, None, own, idle=True)
        assert held is not None
        view = jobs.view(studio.project.job(asked.job))
        assert (view.state, view.owner, view.epoch) == (State.OWNED, studio.project.session, 2)
        assert list(claiming._running(studio, observer, REMOTE)) == []


async def test_after_sleep_nothing_is_claimed(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio)
        clock = Clock()
        observer = Observer(studio, clock, None, Roster(studio, clock, studio.clock))
        clock.seconds += 3600
        assert claiming.claim_next(studio, observer, {}) is None
        clock.seconds += 10
        assert claiming.claim_next(studio, observer, {}) is not None
