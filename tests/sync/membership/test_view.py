"""What entries add up to: the same for all who hold them, and never more than somebody had the right to say."""

from __future__ import annotations

import itertools
from dataclasses import replace
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.faults import Damaged
from sync import membership
from sync.membership import OWNER, Entry, view
from sync.membership.entry import DOMAIN
from tests.sync.membership.people import NAMES, World, device, story

SEEDS = st.integers(0, 2**32)


def owners(world: World) -> list[str]:
    return sorted(one.name for one in world.view().people.values() if one.role == OWNER)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 14))
def test_everybody_who_holds_the_same_sees_the_same(seed: int, steps: int) -> None:
    world, random = story(seed, steps), Random(seed)
    entries, seen = list(world.entries.values()), world.view()
    for _ in range(5):
        random.shuffle(entries)
        assert view(entries) == seen
        assert view([*entries, *entries[:3]]) == seen


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 14))
@example(10_150, 4)  # an owner's device that is admitted as another member meanwhile
def test_an_owner_with_a_device_is_always_left(seed: int, steps: int) -> None:
    world = story(seed, steps)
    for who in (None, *NAMES):
        people = world.view(who).people.values()
        assert [one for one in people if one.role == OWNER and one.devices]


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 14))
def test_whoever_never_had_a_right_changes_nothing(seed: int, steps: int) -> None:
    world = story(seed, steps)
    before = world.view()
    for _ in range(3):
        world.add("mallory", "mallory", "owner")
        world.remove("mallory", "ada")
        world.role("mallory", next(iter(before.people)), "viewer")
        world.meet("mallory", "ada")
    after = world.view()
    assert replace(after, heads=(), rated=frozenset()) == replace(before, heads=(), rated=frozenset())
    strangers = membership.strangers(world.entries.values())
    assert strangers >= {one.hash for one in world.entries.values() if one.by == device("mallory").public}


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, 10))
def test_entries_that_come_in_any_order_end_in_the_same_members(seed: int, steps: int) -> None:
    """Every prefix of a delivery can be read; those whose past is not there yet wait for it."""
    world, random = story(seed, steps), Random(seed)
    rest = [one for one in world.entries.values() if one is not world.first]
    random.shuffle(rest)
    held: list[Entry] = [world.first]
    for one in rest:
        held.append(one)
        known = {each.hash for each in held}
        members = view(held)
        assert set(members.heads) <= known
        assert [person for person in members.people.values() if person.role == OWNER]
    assert view(held) == world.view()


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(2, 12))
def test_a_right_that_is_taken_out_of_the_past_takes_what_stood_on_it_along(seed: int, steps: int) -> None:
    world = story(seed, steps)
    for missing in world.entries.values():
        if missing is world.first:
            continue
        left = [one for one in world.entries.values() if one is not missing]
        assert missing.hash not in view(left).heads
        assert view(left) == view(reversed(left))


def test_two_owners_who_remove_each_other_leave_the_senior_one() -> None:
    for first, second in itertools.permutations(("ben", "cyd")):
        world = World()
        world.add("ada", first, "owner")
        world.add("ada", second, "owner")
        world.meet("ada", "ben", "cyd")
        world.remove(first, second)
        world.remove(second, first)
        assert world.there() == sorted(["ada", first])


def test_of_owners_admitted_apart_the_same_one_stays_for_all() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.meet("ada", "ben")
    world.add("ada", "cyd", "owner")
    world.add("ben", "dan", "owner")
    world.meet("ada", "ben", "cyd", "dan")
    world.remove("cyd", "dan")
    world.remove("dan", "cyd")
    stays = world.there()
    assert stays in (["ada", "ben", "cyd"], ["ada", "ben", "dan"])
    for order in itertools.permutations(world.entries.values()):
        assert world.there(order) == stays


def test_three_who_remove_each_other_in_a_ring_leave_an_owner() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.add("ada", "cyd", "owner")
    world.meet("ada", "ben", "cyd")
    world.remove("ada", "ben")
    world.remove("ben", "cyd")
    world.remove("cyd", "ada")
    assert world.there() == ["cyd"]


def test_removal_is_strong() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.meet("ada", "ben")
    world.add("ben", "cyd")  # ben has not heard of his removal
    world.remove("ada", "ben")
    assert world.there() == ["ada"]
    world.meet("ada", "ben")
    world.add("ben", "dan")
    assert world.there() == ["ada"]


def test_what_was_said_before_a_removal_stays() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.meet("ada", "ben")
    world.add("ben", "cyd")
    world.meet("ada", "ben")
    world.remove("ada", "ben")
    assert world.there() == ["ada", "cyd"]


def test_the_last_owner_can_be_neither_removed_nor_lowered() -> None:
    world = World()
    world.add("ada", "ben")
    world.meet("ada", "ben")
    world.remove("ada", "ada")
    world.role("ada", world.member("ada"), "viewer")
    world.remove_member("ada", world.member("ada"))
    assert owners(world) == ["ada"]


def test_two_owners_who_leave_at_once_leave_one() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.meet("ada", "ben")
    world.remove("ada", "ada")
    world.remove("ben", "ben")
    assert len(owners(world)) == 1


def test_a_lowered_role_takes_back_what_was_said_meanwhile() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.meet("ada", "ben")
    world.add("ben", "cyd")
    world.role("ada", world.member("ben"), "artist")
    assert world.there() == ["ada", "ben"]
    assert owners(world) == ["ada"]


def test_of_roles_given_apart_the_one_that_gives_least_counts() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.add("ada", "cyd")
    world.meet("ada", "ben", "cyd")
    world.role("ada", world.member("cyd"), "owner")
    world.role("ben", world.member("cyd"), "worker")
    assert world.view().role_of(device("cyd").public) == "worker"
    world.meet("ada", "ben")
    world.role("ada", world.member("cyd"), "artist")
    assert world.view().role_of(device("cyd").public) == "artist"


def test_removing_a_member_takes_the_device_along_that_he_adds_meanwhile() -> None:
    world = World()
    world.add("ada", "ben")
    world.meet("ada", "ben")
    ticket = world.invite("ben", "artist", member=world.member("ben"))
    world.meet("ben", "laptop")
    world.join("laptop", ticket)
    assert world.member("laptop") == world.member("ben")
    world.remove_member("ada", world.member("ben"))
    assert world.there() == ["ada"]
    assert set(world.view().removed) == {device("ben").public}
    assert device("laptop").public not in world.view().devices


def test_whoever_is_admitted_again_counts_again() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.remove("ada", "ben")
    assert device("ben").public in world.view().removed
    world.add("ada", "ben", "viewer")
    assert world.view().removed == {}
    assert world.view().role_of(device("ben").public) == "viewer"


def test_a_removed_device_cannot_undo_its_removal() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.add("ada", "cyd", "owner")
    world.meet("ada", "ben", "cyd")
    world.remove("cyd", "ben")
    world.remove("cyd", "ada")
    world.meet("cyd", "ben")
    world.remove("ben", "cyd")  # ben is senior to cyd, and knows that he is removed
    assert world.there() == ["cyd"]


def test_a_graph_needs_one_beginning() -> None:
    with pytest.raises(Damaged):
        view([])
    with pytest.raises(Damaged):
        view([World(1).first, World(2).first])
    assert DOMAIN.endswith(b"\0")
