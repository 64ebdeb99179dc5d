"""A newcomer with a ticket: what it is told, what it begins with, and why it is turned away."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from engine.faults import Fault, NotFound, Refused
from sync import identity, membership
from sync.identity import Device
from sync.joining import Applicant, Visit
from sync.membership import Entry
from sync.project import Project
from sync.records import LogId
from sync.tickets import Ticket
from tests.sync.company import Ether, Plug, equal, session, sessions, until
from tests.sync.stage import Desk, Ticks, add_asset


def device(root: Path) -> Device:
    return identity.load_or_create(root)


async def visit(ether: Ether, own: Device, ticket: Ticket, seconds: float = 10.0) -> list[Entry]:
    """What a newcomer is told on an ether."""
    applicant = Applicant(ticket.project, own, Ticks(), ticket)
    plug = Plug(ether, "newcomer")
    asked = Visit(applicant, own, [plug], now=time.monotonic, random=os.urandom, ticket=ticket)
    return await asked.entries(seconds)


async def test_a_ticket_leads_into_the_project(tmp_path: Path) -> None:
    ether, desk = Ether(), Desk.under(tmp_path, "ben")
    async with Desk.under(tmp_path, "anna").started("LAMP") as anna, sessions(ether, anna) as (first,):
        ticket = anna.team.invite("artist")
        entries = await visit(ether, device(desk.home), ticket)
        assert not anna.members.invites[ticket.key().public].used, "it only asked so far"
        async with (
            Project.begin(desk.folder, entries, ticket, home=desk.home, clock=desk.clock) as ben,
            session(ether, ben, "ben") as second,
        ):
            await until(lambda: equal(first, second), first, second)
            assert ben.members.role_of(ben.device.public) == "artist"
            assert anna.members.invites[ticket.key().public].used == 1
            add_asset(ben, "CHAIR")
            await until(lambda: anna.index.find_asset("CHAIR") is not None, first, second)


async def test_a_folder_that_was_begun_goes_on_by_itself(tmp_path: Path) -> None:
    """As if the device had been killed right after it began its folder."""
    ether, desk = Ether(), Desk.under(tmp_path, "ben")
    async with Desk.under(tmp_path, "anna").started("LAMP") as anna, sessions(ether, anna) as (first,):
        ticket = anna.team.invite("worker")
        entries = await visit(ether, device(desk.home), ticket)
        async with Project.begin(desk.folder, entries, ticket, home=desk.home, clock=desk.clock):
            pass
        async with desk.open() as ben, session(ether, ben, "ben") as second:
            await until(lambda: equal(first, second), first, second)
            assert anna.members.role_of(ben.device.public) == "worker"


async def test_tickets_that_let_nobody_in(tmp_path: Path) -> None:
    ether = Ether()
    own = device(tmp_path / "eve")
    async with Desk.under(tmp_path, "anna").create() as anna, sessions(ether, anna):
        revoked = anna.team.invite("artist")
        anna.team.revoke(anna.team.revocation(revoked.encode()))
        expired = anna.team.invite("artist", expires=timedelta(minutes=1))
        unknown = Ticket.fresh(anna.id, "artist", expired.expires, os.urandom)
        anna._clock.now += timedelta(hours=1)  # type: ignore[attr-defined]
        for ticket, word in ((revoked, "revoked"), (expired, "expired")):
            with pytest.raises(Refused, match=word):
                await visit(ether, own, ticket)
        with pytest.raises(Fault, match="nobody issued"):
            await visit(ether, own, unknown, 2.0)


async def test_nobody_there(tmp_path: Path) -> None:
    async with Desk.under(tmp_path, "anna").create() as anna:
        ticket = anna.team.invite("artist")
    with pytest.raises(NotFound, match="nobody of the project answers"):
        await visit(Ether(), device(tmp_path / "ben"), ticket, 0.05)


async def test_an_applicant_holds_nothing_but_entries(tmp_path: Path) -> None:
    async with Desk.under(tmp_path, "anna").create() as anna:
        ticket = anna.team.invite("artist")
        data = [one.data for one in anna.ask(lambda ledger: ledger.store.entries())]
    applicant = Applicant(ticket.project, device(tmp_path / "ben"), Ticks(), ticket)
    assert applicant.members is None
    taken = applicant.take([b"a bundle"], [b"no entry", data[-1]])
    assert [one.what for one in taken.findings] == ["entry"]
    assert applicant.members is None, "the first entry has not come"
    applicant.take([], data)
    assert applicant.members is not None
    assert set(applicant.entries().values()) == set(data)
    assert [membership.decode(one.data) for one in applicant.found()]
    assert (applicant.have(), applicant.mine(), applicant.evidence(), applicant.share(0)) == (
        {},
        frozenset(),
        {},
        {},
    )
    assert not list(applicant.bundles(LogId("0" * 32), 1, 2))
