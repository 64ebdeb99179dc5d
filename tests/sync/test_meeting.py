"""Rooms follow from the secrets: a removed device does not know the next one, and nobody is lost on the way there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sync import epochs, identity
from sync.meeting import OVERLAP, Kind, Meeting, door, meetings
from sync.membership import statements
from tests.sync.posts import Mate, newcomer, share_box, team
from tests.sync.relay.stage import device, seeded


def at(mate: Mate, after: timedelta = timedelta()) -> list[Meeting]:
    assert mate.replica.members is not None
    return meetings(mate.device, mate.replica.members, mate.clock() + after)


def names(found: list[Meeting]) -> set[bytes]:
    return {one.room.name for one in found}


def removed(mates: list[Mate], who: int) -> None:
    """The owner removes a device and begins an epoch; nobody has been told."""
    owner = mates[0]
    members, now = owner.replica.members, identity.now(owner.clock)
    assert members is not None
    owner.replica.add_entry(
        statements.remove_device(owner.device, members, device(who).public, {}, now, seeded(who))
    )
    rotated(owner, who)


def rotated(owner: Mate, seed: int) -> None:
    members = owner.replica.members
    assert members is not None
    owner.replica.add_entry(
        epochs.begin(owner.device, members, identity.now(owner.clock), seeded(100 + seed))
    )


def test_a_team_meets_in_one_room_that_tells_nothing(tmp_path: Path) -> None:
    mates = team(tmp_path, 3)
    found = [at(one) for one in mates]
    assert [[one.kind for one in some] for some in found] == [[Kind.NEWEST]] * 3
    assert len({some[0].room for some in found}) == 1
    assert mates[0].replica.project is not None
    assert found[0][0] != door(mates[0].replica.project, device(1).public)


def test_a_removed_device_does_not_know_the_next_room_and_those_who_were_away_meet(tmp_path: Path) -> None:
    mates = team(tmp_path, 3)
    removed(mates, 3)
    owner, away, gone = at(mates[0]), at(mates[1]), at(mates[2])
    assert [one.kind for one in owner] == [Kind.NEWEST, Kind.EARLIER]
    assert owner[1].room == away[0].room == gone[0].room
    mates[1].replica.take([], list(mates[0].replica.entries().values()))
    assert at(mates[1]) == owner
    mates[2].replica.take([], list(mates[0].replica.entries().values()))
    assert owner[0].room.name not in names(at(mates[2]))


def test_old_rooms_are_left_in_time(tmp_path: Path) -> None:
    mates = team(tmp_path, 3)
    removed(mates, 3)
    assert [one.kind for one in at(mates[0], OVERLAP)] == [Kind.NEWEST]
    for number in range(6):
        rotated(mates[0], 10 + number)
    assert [one.kind for one in at(mates[0])].count(Kind.EARLIER) == 3


def test_who_lacks_the_secret_is_met_at_its_door(tmp_path: Path) -> None:
    mates = team(tmp_path, 2)
    late = newcomer(mates[0].replica, 4, mates[0].clock)
    share_box(mates[0].replica, device(4), mates[0].clock)
    there = Mate(device(4), late, tmp_path / "notes", mates[0].clock)
    own = at(there)
    assert own[0].kind is Kind.DOOR
    assert names(own) & names(at(mates[0]))
    members = mates[0].replica.members
    assert members is not None
    handed = epochs.hand_on(device(1), members, identity.now(mates[0].clock), seeded(9))
    assert handed is not None
    mates[0].replica.add_entry(handed)
    assert [one.kind for one in at(mates[0])] == [Kind.NEWEST]


def test_a_ticket_leads_to_a_door_while_it_may_be_used(tmp_path: Path) -> None:
    (owner,) = team(tmp_path, 1)
    members, now = owner.replica.members, identity.now(owner.clock)
    assert members is not None
    key = device(50)
    expires = identity.now(lambda: owner.clock() + timedelta(hours=1))
    invite = statements.invite(owner.device, members, key.public, "artist", 1, expires, None, now, seeded(3))
    owner.replica.add_entry(invite)
    there = door(members.project, key.public)
    assert there in at(owner)
    assert there not in at(owner, timedelta(hours=2))
    assert owner.replica.members is not None
    called_off = statements.revoke_invite(
        owner.device, owner.replica.members, key.public, identity.now(owner.clock), seeded(4)
    )
    owner.replica.add_entry(called_off)
    assert there not in at(owner)
