"""Devices whose links are refused here: why, from when on, and until somebody forgives them."""

from __future__ import annotations

from pathlib import Path

from sync import exchange, identity
from sync.identity import Device
from sync.project import Project
from sync.refusals import REFUSALS, said
from sync.suspensions import MOST, WITHIN
from tests.sync.company import Ether, equal, session, sessions, until
from tests.sync.stage import Desk, add_asset
from tests.sync.test_arrivals import Author
from tests.sync.test_session import team

BAD = REFUSALS["bad_bundle"]


async def test_it_takes_several_violations_and_they_are_forgotten(tmp_path: Path) -> None:
    async with Desk.under(tmp_path, "anna").create() as anna:
        suspensions = anna.team.suspensions
        assert not any(suspensions.blame(b"e" * 32, REFUSALS["too_slow"], n) for n in range(2 * MOST))
        assert not any(suspensions.blame(b"e" * 32, said("bad_bundle"), n) for n in range(2 * MOST))
        assert not any(suspensions.blame(b"e" * 32, BAD, n * WITHIN) for n in range(2 * MOST))
        assert suspensions.of(b"e" * 32) is None
        told = [suspensions.blame(b"f" * 32, BAD, n) for n in range(MOST)]
        assert told == [False] * (MOST - 1) + [True]
        [one] = suspensions.standing()
        assert (one.public, one.why) == (b"f" * 32, "bad_bundle")
        assert "not sound" in one.sentence
        assert [each.what for each in anna.team.findings()] == ["device"]
        async with Desk.under(tmp_path, "anna").open() as elsewhere:
            assert elsewhere.team.suspensions.forgive(b"f" * 32) == 1
        assert suspensions.standing() == []
        assert suspensions.forgive(b"f" * 32) == 0


def _sign_twice(anna: Project, device: Device, log: int) -> None:
    author = Author(device, anna.id, nonce=bytes([log]) * 16)
    both = [author.bundle(author.put(text)[0]).encode() for text in ("1", "2")]
    exchange.deliver(anna._ledger, (), both, anna.team._time())


async def test_who_signed_twice_is_suspended_once_for_each_log(tmp_path: Path) -> None:
    device = identity.load_or_create(tmp_path / "eve")
    async with Desk.under(tmp_path, "anna").create() as anna:
        anna.team.admit(device.public, role="artist", name="Eve")
        for log in range(2):
            _sign_twice(anna, device, log)
            [one] = anna.team.suspensions.standing()
            assert one.public == device.public
            assert "one number" in one.sentence
            assert anna.team.suspensions.forgive(device.public) == 1
            assert anna.team.suspensions.of(device.public) is None


async def test_links_of_a_suspended_device_are_refused_until_it_is_forgiven(tmp_path: Path) -> None:
    ether = Ether()
    async with team(tmp_path, "anna", "ben") as (anna, ben), sessions(ether, anna) as (first,):
        for n in range(MOST):
            anna.team.suspensions.blame(ben.device.public, BAD, float(n))
        async with session(ether, ben, "b") as second:
            asked = (anna.device.id, anna.device.public)
            await until(lambda: "suspended" in {one.code for one in second.why(*asked)}, first, second)
            assert not first.linked
        anna.team.suspensions.forgive(ben.device.public)
        add_asset(anna, "LAMP")
        async with session(ether, ben, "c") as second:
            await until(lambda: first.linked and equal(first, second), first, second)
