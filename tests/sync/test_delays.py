"""What waits and why, between devices that exchange files in the wrong order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sync import delays
from sync.delays import Delays
from sync.project import Project
from sync.refusals import REFUSALS
from sync.suspensions import MOST
from tests.sync.stage import Desk, add_asset, rename
from tests.sync.test_withdrawal import begun, both


@pytest.fixture
def desks(tmp_path: Path) -> list[Desk]:
    return [Desk.under(tmp_path, name) for name in ("ada", "ben", "cyd")]


def between(one: Project, other: Project, *linked: Project, hours: float = 0) -> Delays:
    """What keeps two apart, when those that are linked hold what they hold."""
    tails = {each.device.public: each.have() for each in linked}
    return delays.between(one, tails, other.device.public, one._clock() + timedelta(hours=hours))


async def test_what_builds_on_an_absent_device_names_it(desks: list[Desk], tmp_path: Path) -> None:
    file, only = tmp_path / "x", tmp_path / "only"
    await begun(desks, file)
    async with desks[0].open() as ada, desks[1].open() as ben, desks[2].open() as cyd:
        asset = add_asset(ben, "BEN")
        both(ben, cyd, file)
        before = cyd.have()
        rename(cyd, asset, "CYD")
        cyd.export(only, since=before)
        assert ada.merge(only).waiting == 1
        [reason] = between(ada, cyd, cyd).waiting
        assert reason.code == "waits_for_others"
        assert "1 bundle of cyd" in reason.sentence
        assert "what ben" in reason.sentence
        assert "nobody here has" in reason.sentence
        both(ada, ben, file)
        assert between(ada, cyd, cyd).waiting == ()


async def test_a_gap_in_a_log_waits_for_its_device_or_is_fetched(desks: list[Desk], tmp_path: Path) -> None:
    file, only = tmp_path / "x", tmp_path / "only"
    await begun(desks, file)
    async with desks[0].open() as ada, desks[1].open() as ben, desks[2].open() as cyd:
        add_asset(ben, "FIRST")
        before = ben.have()
        add_asset(ben, "SECOND")
        ben.export(only, since=before)
        assert ada.merge(only).waiting == 1
        [reason] = between(ada, cyd).waiting
        assert (reason.code, "ben (" in reason.sentence) == ("waits_for_others", True)
        found = between(ada, ben, ben)
        assert [one.code for one in found.waiting] == ["still_fetching"]
        assert found.fetching == 2


async def test_what_an_owner_has_to_decide_and_who_only_looks(desks: list[Desk], tmp_path: Path) -> None:
    file = tmp_path / "x"
    await begun(desks, file)
    async with desks[0].open() as ada, desks[1].open() as ben, desks[2].open() as cyd:
        add_asset(ben, "UNSEEN")
        ada.team.revoke(ada.team.revocation("ben"))
        ben.export(file)
        ada.merge(file)
        [reason] = between(ada, ben).waiting
        assert reason.code == "withheld"
        assert "restrike adopt" in reason.fix
        ada.team.set_role(ada.members.devices[cyd.device.public], "viewer")
        assert "viewer" in [one.code for one in between(ada, cyd).obstacles]


async def test_a_clock_that_is_far_ahead(desks: list[Desk], tmp_path: Path) -> None:
    file = tmp_path / "x"
    await begun(desks, file)
    desks[1].clock.now += timedelta(hours=3)
    async with desks[0].open() as ada, desks[1].open() as ben:
        add_asset(ben, "LAMP")
        both(ada, ben, file)
        [clock] = [one for one in between(ada, ben).obstacles if one.code == "clock"]
        assert "3 hours ahead" in clock.sentence
        assert "clock" not in [one.code for one in between(ada, ben, hours=3).obstacles]


async def test_who_was_not_handed_the_secret(desks: list[Desk], tmp_path: Path) -> None:
    await begun(desks, tmp_path / "x")
    async with desks[0].open() as ada, desks[1].open() as ben:
        ada.team.tend()
        assert ada.members.epochs
        assert "no_secret" in [one.code for one in between(ada, ben).obstacles]


async def test_one_who_is_suspended_here(desks: list[Desk], tmp_path: Path) -> None:
    await begun(desks, tmp_path / "x")
    async with desks[0].open() as ada, desks[1].open() as ben:
        for second in range(MOST):
            ada.team.suspensions.blame(ben.device.public, REFUSALS["too_large"], float(second))
        found = [one for one in between(ada, ben).obstacles if one.code == "suspended"]
        assert len(found) == 1
        assert "ben" in found[0].sentence
