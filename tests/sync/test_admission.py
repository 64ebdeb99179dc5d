"""Who is let in: by membership, by ticket, by knocking; and who is no longer."""

from __future__ import annotations

from sync import wire
from sync.actions import Knocked
from sync.membership import entry, statements
from sync.records import DeviceId, Time
from sync.tickets import Ticket
from tests.sync.replicas import MemoryReplica
from tests.sync.talks import NOW, Talk, Team, put


def test_a_newcomer_joins_with_a_ticket() -> None:
    team = Team(1)
    put(team.owner, "k")
    assert team.owner.project is not None
    assert team.owner.members is not None
    expires = Time("2026-02-01T12:00:00.000Z")
    ticket = Ticket.fresh(team.owner.project, "artist", expires, team.draw.randbytes)
    team.owner.add_entry(
        statements.invite(
            team.owner.device,
            team.owner.members,
            ticket.key().public,
            "artist",
            1,
            expires,
            None,
            NOW,
            team.draw.randbytes,
        )
    )
    device = Team.device(9)
    newcomer = MemoryReplica(device, team.draw.randbytes, lambda: NOW, ticket.project)
    talk = Talk((newcomer, device), (team.owner, team.owner.device), ticket=ticket).begin()
    talk.tick(2)
    assert talk.dropped(0) is None
    assert talk.ends[1].peer is not None
    assert talk.ends[1].peer.role == "artist"
    assert newcomer.contents() == team.owner.contents() != {}


def test_who_knocks_waits_until_an_owner_opens() -> None:
    team = Team(1)
    put(team.owner, "k")
    device = Team.device(9)
    stranger = MemoryReplica(device, team.draw.randbytes, lambda: NOW)
    talk = Talk((stranger, device), (team.owner, team.owner.device), knock="Ada's laptop").begin()
    assert talk.of(1, Knocked) == [Knocked(device.public, "Ada's laptop")]
    talk.tick(20)
    assert (talk.dropped(0), talk.dropped(1), stranger.entries()) == (None, None, {})
    assert team.owner.members is not None
    team.owner.add_entry(
        statements.admit_new(
            team.owner.device, team.owner.members, device.public, "artist", "Ada", NOW, team.draw.randbytes
        )
    )
    talk.stored(1)
    talk.tick(2)
    assert stranger.project == team.owner.project
    assert stranger.contents() == team.owner.contents() != {}


def test_a_removed_device_is_told_and_let_go() -> None:
    team = Team(3)
    talk = team.talk(1, 2).begin()
    members = team.owner.members
    assert members is not None
    public = team.replicas[2].device.public
    entry = statements.remove_device(team.owner.device, members, public, {}, NOW, team.draw.randbytes)
    team.replicas[1].take((), [entry.data])
    talk.stored(0)
    talk.pump()
    reasons = talk.dropped(0), talk.dropped(1)
    assert [one and (one.code, one.theirs) for one in reasons] == [
        ("removed_device", False),
        ("removed_device", True),
    ]
    assert entry.hash in team.replicas[2].entries()
    again = team.talk(2, 1).begin()
    assert [one and one.code for one in (again.dropped(0), again.dropped(1))] == ["removed_device"] * 2


def test_two_that_were_admitted_apart_let_each_other_in() -> None:
    team = Team(1)
    members = team.owner.members
    assert members is not None
    first = list(team.owner.entries().values())
    both = []
    for number in (5, 6):
        device = Team.device(number)
        entry = statements.admit_new(
            team.owner.device, members, device.public, "artist", f"m{number}", NOW, team.draw.randbytes
        )
        one = MemoryReplica(device, team.draw.randbytes, lambda: NOW, team.owner.project)
        one.take((), [*first, entry.data])
        both.append(one)
    talk = Talk((both[0], both[0].device), (both[1], both[1].device)).begin()
    assert (talk.dropped(0), talk.dropped(1)) == (None, None)
    assert both[0].entries().keys() == both[1].entries().keys()


def test_entries_as_large_as_any_may_be_are_passed_on() -> None:
    assert wire.LARGEST_ENTRY == entry.LARGEST
    team = Team(2)
    for number in range(1, 31):  # a secret sealed to many devices, again and again
        assert team.owner.members is not None
        sealed = {DeviceId(f"{one:064x}"): bytes(92) for one in range(300)}
        said = statements.epoch(
            team.owner.device, team.owner.members, number, bytes(32), sealed, {}, NOW, team.draw.randbytes
        )
        team.owner.add_entry(said)
    assert sum(map(len, team.owner.entries().values())) > wire.LARGEST
    talk = team.talk().begin()
    talk.tick(2)
    assert (talk.dropped(0), talk.dropped(1)) == (None, None)
    assert team.replicas[1].entries().keys() == team.owner.entries().keys()
