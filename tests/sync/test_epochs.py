"""Secrets that change with every removal, and reach whoever belongs to the project."""

from __future__ import annotations

from sync import epochs, seal
from sync.membership import Entry, statements
from sync.membership.entry import EPOCH
from tests.sync.membership.people import World, device


def box(world: World, who: str) -> Entry:
    key = seal.box_key(device(who))
    return world.say(who, lambda me, now, at, r: statements.box(me, now, key, at, r))


def rotate(world: World, who: str) -> Entry:
    return world.say(who, lambda me, now, at, r: epochs.begin(me, now, at, r))


def hand_on(world: World, who: str) -> bool:
    entry = epochs.hand_on(device(who), world.view(who), world.first.time, world.random.randbytes)
    if entry is not None:
        world.keep(who, entry)
    return entry is not None


def everybody() -> World:
    world = World()
    for one in ("ben", "cyd"):
        world.add("ada", one, "owner" if one == "ben" else "artist")
    world.meet("ada", "ben", "cyd")
    for one in ("ada", "ben", "cyd"):
        box(world, one)
    world.meet("ada", "ben", "cyd")
    return world


def test_an_epoch_is_opened_by_everybody_who_belongs() -> None:
    world = everybody()
    assert epochs.due(world.view())
    rotate(world, "ada")
    assert not epochs.due(world.view())
    keys = {epochs.newest(device(one), world.view()) for one in ("ada", "ben", "cyd")}
    assert len(keys) == 1
    assert epochs.secrets(device("eve"), world.view()) == ()


def test_a_device_that_was_offline_through_three_rotations_opens_the_newest_and_all_before() -> None:
    world = everybody()
    rotate(world, "ada")
    for whom in ("dan", "eve", "fay"):
        world.add("ada", whom)
        world.meet("ada", whom)
        box(world, whom)
        world.meet("ada", whom)
        assert hand_on(world, "ada")
        world.remove("ada", whom)
        assert epochs.due(world.view("ada"))
        rotate(world, "ada")
    found = epochs.secrets(device("cyd"), world.view())
    assert [one.number for one in found] == [4, 3, 2, 1]
    assert epochs.newest(device("cyd"), world.view()) == found[0]
    gone = epochs.secrets(device("dan"), world.view())
    assert [one.number for one in gone] == [1]
    assert epochs.newest(device("dan"), world.view()) is None


def test_who_comes_later_gets_the_secret_from_any_member() -> None:
    world = everybody()
    rotate(world, "ada")
    world.add("ada", "dan")
    world.meet("ada", "cyd", "dan")
    box(world, "dan")
    assert epochs.newest(device("dan"), world.view()) is None
    assert not hand_on(world, "dan")
    world.meet("cyd", "dan")
    assert hand_on(world, "cyd")
    assert not hand_on(world, "cyd")
    assert epochs.newest(device("dan"), world.view()) == epochs.newest(device("ada"), world.view())


def test_nobody_hands_on_a_secret_of_his_own_or_begins_an_epoch_without_the_right() -> None:
    world = everybody()
    rotate(world, "ada")
    world.meet("ada", "cyd")
    number = len(world.view().epochs)
    rotate(world, "cyd")
    assert len(world.view().epochs) == number
    real = world.view().epochs[-1].commitment
    label = epochs._label(epochs._SEALED, world.view(), real)
    forged = {
        device("ben").id: seal.seal_to(seal.box_key(device("ben")), bytes(32), label, world.random.randbytes)
    }
    world.say("cyd", lambda me, now, at, r: statements.epoch(me, now, 1, real, forged, {}, at, r))
    secret = epochs.newest(device("ben"), world.view())
    assert secret is not None
    assert epochs.commitment(secret.key) == real
    assert secret.key.hex() not in repr(secret)


def test_owners_who_remove_each_other_s_friends_at_once_begin_another_epoch() -> None:
    world = everybody()
    world.add("ada", "dan")
    world.meet("ada", "ben", "cyd", "dan")
    box(world, "dan")
    world.meet("ada", "ben", "cyd", "dan")
    world.remove("ada", "cyd")
    rotate(world, "ada")
    world.remove("ben", "dan")
    rotate(world, "ben")
    members = world.view()
    assert epochs.due(members)
    world.meet("ada", "ben")
    rotate(world, "ada")
    assert not epochs.due(world.view())
    newest = world.view().epochs[-1]
    assert {device("cyd").id, device("dan").id}.isdisjoint(newest.sealed)
    assert len(epochs.secrets(device("ben"), world.view())) == 3
    assert [one for one in world.entries.values() if one.kind == EPOCH]
