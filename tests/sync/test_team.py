"""The team of a project: letting in, taking away, and what is told about it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from engine.faults import BadField, Conflict, NotFound, Refused
from sync import epochs, identity
from sync.project import Project
from sync.team import invite_id
from sync.tickets import BadTicket, Ticket
from tests.sync.stage import Desk, add_asset, names


@pytest.fixture
def desks(tmp_path: Path) -> list[Desk]:
    found = [Desk.under(tmp_path, name) for name in ("ada", "ben", "cyd")]
    for one in found:
        identity.load_or_create(one.home, name=one.home.parent.name)
    return found


def begin(desk: Desk, project: Project, ticket: Ticket | None = None) -> AbstractAsyncContextManager[Project]:
    """A newcomer's folder of a project that somebody else has open."""
    entries = project._ledger.store.entries()
    return Project.begin(desk.folder, entries, ticket, home=desk.home, clock=desk.clock, busy=desk.busy)


def carry(one: Project, two: Project, file: Path) -> None:
    for here, there in ((one, two), (two, one)):
        here.export(file)
        there.merge(file)


async def test_a_newcomer_joins_by_a_ticket_and_works_along(desks: list[Desk], tmp_path: Path) -> None:
    async with desks[0].started("MARA") as ada:
        ticket = ada.team.invite("artist")
        async with begin(desks[1], ada, ticket) as ben:
            assert ben.members.role_of(ben.device.public) == "artist"
            carry(ada, ben, tmp_path / "x")
            add_asset(ben, "NORA")
            carry(ada, ben, tmp_path / "x")
            assert names(ada) == names(ben) == ["MARA", "NORA"]
            assert ada.team.tend()
            assert not ada.team.tend()
            carry(ada, ben, tmp_path / "x")
            assert ben.team.secrets() == ada.team.secrets() != ()
            assert [one.name for one in ben.members.people.values()] == ["ada", "ben"]
            again = ben.team.join_by(ticket)
            assert again == ben.device.id
            with pytest.raises(Conflict):
                async with begin(desks[1], ada):
                    pass


async def test_every_wrong_ticket_is_refused_with_its_reason(desks: list[Desk], tmp_path: Path) -> None:
    async with desks[0].started() as ada:
        spent = ada.team.invite("artist")
        late = ada.team.invite("artist", expires=timedelta(minutes=1))
        off = ada.team.invite("artist")
        ada.team.revoke(ada.team.revocation(off.encode()))
        async with begin(desks[1], ada, spent) as ben:
            carry(ada, ben, tmp_path / "x")
        async with begin(desks[2], ada) as cyd:
            foreign = Ticket(ben.id[::-1], bytes(16), "artist", late.expires)  # type: ignore[arg-type]
            unknown = Ticket(ada.id, bytes(16), "artist", late.expires)
            for ticket, why in (
                (foreign, "another project"),
                (unknown, "nobody here knows"),
                (off, "called off"),
                (spent, "used already"),
            ):
                with pytest.raises((Refused, BadTicket), match=why):
                    cyd.team.join_by(ticket)
            desks[2].clock.now += timedelta(minutes=5)
            with pytest.raises(Refused, match="expired"):
                cyd.team.join_by(late)


async def test_only_owners_invite_admit_remove_and_adopt(desks: list[Desk], tmp_path: Path) -> None:
    async with desks[0].started() as ada:
        ticket = ada.team.invite("artist")
        async with begin(desks[1], ada, ticket) as ben:
            carry(ada, ben, tmp_path / "x")
            with pytest.raises(Refused, match="invites"):
                ben.team.invite("viewer")
            with pytest.raises(Refused, match="admits"):
                ben.team.admit(bytes(32))
            with pytest.raises(Refused, match="removes"):
                ben.team.revocation("ada")
            with pytest.raises(Refused, match="adopts"):
                ben.team.adopt([])
            with pytest.raises(Refused, match="roles"):
                ben.team.set_role(ada.member, "viewer")
            own = ben.team.invite("owner", own_device=True)
            assert own.role == "artist"
            carry(ada, ben, tmp_path / "x")
            async with begin(desks[2], ben, own) as laptop:
                assert laptop.member == ben.member
            ben.team.revoke(ben.team.revocation("ben"))  # leaving is everybody's right
            assert ben.device.public in ben.members.removed
    with pytest.raises(BadField):
        async with desks[0].open() as ada:
            ada.team.invite("king")


async def test_removing_changes_the_secret_and_ends_the_tickets_that_were_known(
    desks: list[Desk], tmp_path: Path
) -> None:
    async with desks[0].started() as ada:
        shared = ada.team.invite("artist", uses=5)
        async with begin(desks[1], ada, shared) as ben, begin(desks[2], ada, shared) as cyd:
            for one in (ben, cyd, ben):
                carry(ada, one, tmp_path / "x")
            ada.team.tend()
            carry(ada, ben, tmp_path / "x")
            before = ada.team.secrets()
            plan = ada.team.revocation("BEN")
            assert (plan.what, plan.devices) == ("member", (ben.device.public,))
            assert plan.invites == (shared.key().public,)
            ada.team.revoke(plan)
            for one in (ben, cyd):
                carry(ada, one, tmp_path / "x")
            assert len(ada.team.secrets()) == len(before) + 1
            assert cyd.team.secrets() == ada.team.secrets()
            assert epochs.newest(ben.device, ben.members) is None
            with pytest.raises(Refused, match="removed from the project by ada"):
                add_asset(ben, "NORA")
            with pytest.raises(Refused, match="called off"):
                ben.team.join_by(shared)


async def test_the_last_owner_stays(desks: list[Desk]) -> None:
    async with desks[0].started() as ada:
        shown = identity.shown(ada.device.id)
        for what in ("ada", ada.member, shown, shown.upper(), ada.device.id[:8]):
            with pytest.raises(Refused, match="last owner"):
                ada.team.revocation(what)
        with pytest.raises(Refused, match="last owner"):
            ada.team.set_role(ada.member, "artist")
        with pytest.raises(NotFound):
            ada.team.revocation("00000000")


async def test_who_knocks_waits_until_an_owner_answers(desks: list[Desk]) -> None:
    async with desks[0].started() as ada:
        key = identity.load_or_create(desks[1].home).public
        ada.team.knocked(key, "  ben  ")
        ada.team.knocked(key, "ben")
        assert [(one.public, one.name) for one in ada.team.knocks()] == [(key, "ben")]
        ada.admit(key, role="viewer", name="ben")
        assert ada.team.knocks() == []
        assert ada.members.role_of(key) == "viewer"
        ada.team.knocked(key, "ben")
        assert ada.team.knocks() == []


async def test_tickets_are_named_without_their_secret(desks: list[Desk]) -> None:
    async with desks[0].started() as ada:
        ticket = ada.team.invite("artist")
        name = invite_id(ticket.key().public)
        plan = ada.team.revocation(name)
        assert (plan.what, plan.invites) == ("ticket", (ticket.key().public,))
        ada.team.revoke(plan)
        assert not ada.members.invites[ticket.key().public].open(ticket.expires)
