"""What devices say is signed by them, on top of what they had heard."""

from __future__ import annotations

from sync.membership import statements, view
from tests.sync.membership.people import World, device


def test_an_entry_names_its_author_and_what_he_had_heard() -> None:
    world = World()
    entry = world.add("ada", "ben")
    assert entry.by == device("ada").public
    assert entry.parents == (world.first.hash,)
    assert view([world.first, entry]).people[entry.member].name == "ben"


def test_the_member_that_joins_follows_from_its_device_alone() -> None:
    project = World().view().project
    one, two = (statements.joined_member(project, device(name).public) for name in ("ben", "cyd"))
    assert one != two
    assert len(one) == 26
    assert one == statements.joined_member(project, device("ben").public)
    assert one != statements.joined_member(World(7).view().project, device("ben").public)


def test_names_change() -> None:
    world = World()
    world.add("ada", "ben")
    member = world.member("ben")
    world.say("ada", lambda me, now, at, r: statements.rename(me, now, member, "Benjamin", at, r))
    assert world.there() == ["Benjamin", "ada"]
