"""Questions to the members."""

from __future__ import annotations

import pytest

from engine.faults import BadField, NotFound
from sync import identity
from sync.membership.members import strongest, weakest, writes
from sync.records import LogId
from tests.sync.membership.people import World, device

LOG = LogId("0f" * 16)


def test_who_may_write_what() -> None:
    assert writes("artist", "versions")
    assert writes("worker", "takes")
    assert writes("worker", "struck")
    assert writes("worker", "profiles")
    assert all(writes("worker", one) for one in "qcefxp")
    for one in ("versions", "asset", "approved", "removed", "settings", "models", ""):
        assert not writes("worker", one)
    assert not writes("viewer", "p")
    assert not writes(None, "p")
    assert weakest("owner", "worker", "artist") == "worker"
    assert strongest("viewer", "worker") == "worker"


def test_a_removed_device_counts_as_far_as_was_seen() -> None:
    world = World()
    world.add("ada", "ben", "worker")
    ben = device("ben").public
    assert world.view().bound(ben, LOG) is None
    world.remove("ada", "ben", {LOG: 3})
    members = world.view()
    assert members.bound(ben, LOG) == 3
    assert [members.role_in(ben, LOG, n) for n in (1, 3, 4)] == ["worker", "worker", None]
    assert members.bound(device("eve").public, LOG) == 0
    assert members.role_in(device("eve").public, LOG, 1) is None
    world.adopt("ada", LOG, 5)
    assert [world.view().role_in(ben, LOG, n) for n in (4, 5, 6)] == ["worker", "worker", None]


def test_a_lowered_role_counts_as_far_as_was_seen() -> None:
    world = World()
    world.add("ada", "ben")
    ben, member = device("ben").public, world.member("ben")
    world.role("ada", member, "worker", {LOG: 2})
    world.role("ada", member, "viewer", {LOG: 4})
    members = world.view()
    assert [members.role_in(ben, LOG, n) for n in (2, 3, 4, 5)] == ["artist", "worker", "worker", "viewer"]
    assert members.lowered(ben)
    world.role("ada", member, "owner")
    assert [world.view().role_in(ben, LOG, n) for n in (1, 9)] == ["owner", "owner"]


def test_members_and_devices_are_found_by_what_people_type() -> None:
    world = World()
    world.add("ada", "ben")
    members, ben = world.view(), device("ben")
    assert members.find_member("BEN").id == members.find_member(world.member("ben")).id
    shown = identity.shown(ben.id)
    for text in (shown, shown.upper(), shown.replace("-", ""), ben.id, ben.id[:9], ben.id[:9].upper()):
        assert members.find_device(text) == ben.public
    with pytest.raises(NotFound):
        members.find_member("nobody")
    with pytest.raises(NotFound):
        members.find_device("00000000")
    with pytest.raises(BadField):
        members.find_device("xyz!")
