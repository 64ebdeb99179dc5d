"""Pasts and order of entries."""

from __future__ import annotations

from itertools import permutations

from sync.membership.graph import graph
from tests.sync.membership.people import World


def test_an_order_that_does_not_hang_on_how_they_came() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.meet("ada", "ben")
    one, two = world.add("ada", "cyd"), world.add("ben", "dan")
    world.meet("ada", "ben")
    last = world.add("ada", "eve")
    orders = {graph(one).entries for one in permutations(world.entries.values())}
    assert len(orders) == 1
    found = graph(world.entries.values())
    place = {entry.hash: number for number, entry in enumerate(found.entries)}
    assert found.apart(place[one.hash], place[two.hash])
    assert found.saw(place[last.hash], place[one.hash])
    assert not found.saw(place[one.hash], place[last.hash])
    assert found.heads == (last.hash,)


def test_what_hangs_on_unknown_entries_waits() -> None:
    world = World()
    middle = world.add("ada", "ben")
    end = world.add("ada", "cyd")
    found = graph(one for one in world.entries.values() if one is not middle)
    assert found.entries == (world.first,)
    assert found.heads == (world.first.hash,)
    assert graph(world.entries.values()).heads == (end.hash,)
