"""Workers hear of each other: those of one folder by files, those of other devices by what is passed on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import roster
from app.roster import AGAIN, EVERY, GATHER, Heard, Roster
from sync.farm.absence import TTL
from sync.farm.card import At, Card
from sync.farm.hands import Hand
from sync.records import SessionId
from tests.app.studios import Clock, film

REMOTE = SessionId("remote")


def card(session: str, *, job: str = "", free: float = 0.0) -> Card:
    at = At(job=job, stage="rendering") if job else None
    return Card(hand=Hand(session=SessionId(session), slot=session, free=free), at=at)


class Wall:
    """A wall clock that goes with a monotonic one, unless the machine sleeps."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.slept = 0.0

    def __call__(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.clock() + self.slept)


async def test_two_processes_of_one_folder_hear_of_each_other(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, film(tmp_path / "film") as other:
        clock = Clock()
        one, two = Roster(studio, clock, Wall(clock)), Roster(other, clock, Wall(clock))
        two.say(card(other.project.session, job="a.0"))
        one.look({other.project.session: True})
        assert not one.alone
        assert one.cards[other.project.session].at is not None
        two.say(card(other.project.session, job="b.0"))
        one.look({other.project.session: False})
        assert one.alone
        one.look({other.project.session: True})
        two.clear()
        one.look({other.project.session: True})
        assert one.alone
        assert one.claimer.gone(other.project.session, clock())


async def test_a_card_is_written_at_once_for_another_job_and_else_now_and_then(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        clock = Clock()
        own = Roster(studio, clock, Wall(clock))
        session = studio.project.session
        path = roster.folder(studio) / f"{session}.json"

        def said(what: Card) -> bool:
            path.unlink(missing_ok=True)
            own.say(what)
            return path.exists()

        assert said(card(session))
        assert not said(card(session, free=1.0))
        assert said(card(session, job="a.0"))
        clock.seconds += EVERY
        assert not said(card(session, job="a.0"))
        assert said(card(session, job="a.0", free=2.0))
        clock.seconds += AGAIN
        assert said(card(session, job="a.0", free=2.0))


async def test_those_of_other_devices_are_passed_on_until_they_fall_silent(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        clock = Clock()
        own = Roster(studio, clock, Wall(clock))
        roster.passed_on(roster.folder(studio), [Heard(card(REMOTE), clock(), 0.4)])
        own.look(studio.project.sessions())
        assert own.cards[REMOTE] == card(REMOTE)
        assert own.claimer.settle() == pytest.approx(1.5 * 0.47)
        for _ in range(int(TTL) + 1):
            clock.seconds += 1
            own.look(studio.project.sessions())
        assert own.alone
        assert REMOTE not in own.cards


async def test_after_sleep_nothing_is_claimed_for_a_moment_and_nobody_is_counted_out(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        clock = Clock()
        wall = Wall(clock)
        own = Roster(studio, clock, wall)
        roster.passed_on(roster.folder(studio), [Heard(card(REMOTE), clock(), 0.0)])
        own.look(studio.project.sessions())
        wall.slept += 3600
        own.look(studio.project.sessions())
        assert own.gathering
        assert not own.claimer.gone(REMOTE, clock())
        clock.seconds += GATHER
        assert not own.gathering


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"cards": 5}', '{"cards": [{"card": "x"}, 5, null]}', '{"card": 1}']
)
async def test_files_that_say_nothing_sound_are_left_out(tmp_path: Path, text: str) -> None:
    async with film(tmp_path / "film") as studio, film(tmp_path / "film") as other:
        where = roster.folder(studio)
        where.mkdir(parents=True)
        (where / "others.json").write_text(text)
        (where / f"{other.project.session}.json").write_text(text)
        assert roster.others(where) == []
        assert roster.local(where, {other.project.session: True}) == {}
