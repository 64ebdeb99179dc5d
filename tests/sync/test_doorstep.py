"""Who stands at the door: so many, of one address so many, not whom an owner declined, and only where an owner is."""

from __future__ import annotations

from pathlib import Path

from sync.doorstep import BURST, EACH_SECONDS, MOST, MOST_OF_ONE, Doorstep
from sync.project import Project
from tests.sync.stage import Desk


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def doorstep(project: Project, *, listens: bool = True) -> Doorstep:
    return Doorstep(project.team, project.device, open=listens, now=0.0)


async def test_strangers_wait_until_they_leave(tmp_path: Path) -> None:
    async with Desk.under(tmp_path, "anna").create() as anna:
        step = doorstep(anna)
        assert step.listens
        assert step.came(key(1), "Ben", "10.0.0.1", 0.0) is None
        assert [(one.public, one.name) for one in anna.team.knocks()] == [(key(1), "Ben")]
        [device] = step.waiting
        step.left(device)
        step.left(device)
        assert anna.team.knocks() == []
        assert not step.waiting


async def test_many_cannot_flood_it(tmp_path: Path) -> None:
    async with Desk.under(tmp_path, "anna").create() as anna:
        step = doorstep(anna)
        of_one = [step.came(key(n), "Eve", "10.0.0.1", 0.0) for n in range(BURST)]
        assert of_one == [None] * MOST_OF_ONE + ["crowded"] * (BURST - MOST_OF_ONE)
        assert step.came(key(0), "Eve", "10.0.0.1", 0.0) is None, "who waits already may call again"
        later = [step.came(key(100 + n), "Eve", f"10.0.1.{n}", 0.0) for n in range(2 * BURST)]
        assert later.count(None) == BURST - MOST_OF_ONE
        for n in range(2 * MOST):
            step.came(key(200 + n), "Eve", f"10.0.2.{n}", (n + 1) * EACH_SECONDS)
        assert len(step.waiting) == len(anna.team.knocks()) == MOST
        fresh = doorstep(anna)
        fresh.sweep()
        assert anna.team.knocks() == []


async def test_who_was_declined_is_not_heard_again_for_a_while(tmp_path: Path) -> None:
    async with Desk.under(tmp_path, "anna").create() as anna:
        step = doorstep(anna)
        step.came(key(1), "Eve", "10.0.0.1", 0.0)
        anna.team.decline(key(1))
        assert list(step.sent_away()) == list(step.waiting)
        assert anna.team.knocks() == []
        assert step.came(key(1), "Eve", "10.0.0.1", 1.0) == "declined"
        assert step.came(key(2), "Ben", "10.0.0.1", 1.0) is None


async def test_nobody_is_heard_where_nobody_could_answer(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path, "ben")
    async with Desk.under(tmp_path, "anna").create() as anna:
        assert doorstep(anna, listens=False).came(key(1), "Eve", "10.0.0.1", 0.0) == "knocks_closed"
        export = tmp_path / "export"
        anna.export(export)
        async with desk.join(export) as ben:
            anna.team.admit(ben.device.public, role="artist", name="Ben")
            anna.export(export)
            ben.merge(export)
            assert not doorstep(ben).listens
            assert doorstep(ben).came(key(1), "Eve", "10.0.0.1", 0.0) == "knocks_closed"
