"""Invitations: who comes in by them, and who does not."""

from __future__ import annotations

import base64
from collections.abc import Callable
from itertools import permutations

import pytest

from sync import seal
from sync.membership import entry as kinds
from sync.membership import statements
from sync.membership.entry import Said, sign
from sync.records import MemberId, Time
from sync.tickets import Ticket
from tests.sync.membership.people import EVER, World, device, time


def invited(**terms: object) -> tuple[World, Ticket]:
    world = World()
    ticket = world.invite("ada", **terms)  # type: ignore[arg-type]
    world.meet("ada", "ben", "cyd", "dan")
    return world, ticket


def test_a_ticket_lets_in_who_has_it_once() -> None:
    world, ticket = invited(role="worker")
    world.join("ben", ticket)
    assert world.view().role_of(device("ben").public) == "worker"
    assert world.view().invites[ticket.key().public].used == 1
    assert not world.view().invites[ticket.key().public].open(time(0))
    world.join("cyd", ticket)
    assert len(world.there()) == 2


def test_of_too_many_who_join_at_once_the_same_come_in_for_all() -> None:
    world, ticket = invited(uses=2)
    for who in ("ben", "cyd", "dan"):
        world.join(who, ticket)
    there = world.there()
    assert len(there) == 3
    for order in permutations(world.entries.values()):
        assert world.there(order) == there


def _forged(world: World, ticket: Ticket, **changed: object) -> None:
    """A join of ben that is signed by the ticket's key, and wrong in one thing."""
    ben, members = device("ben"), world.view("ben")
    box = seal.box_key(ben)
    proof = ben.sign(statements.join_claim(members.project, ticket.key().public, box))
    given: dict[str, object] = {
        "device": ben.public,
        "member": statements.joined_member(members.project, ben.public),
        "role": ticket.role,
        "time": time(9),
        "proof": proof,
        "parents": members.heads,
        "box": box,
        **changed,
    }
    more = {name: base64.b64encode(given[name]).decode() for name in ("box", "proof")}  # type: ignore[arg-type]
    said = Said(kinds.JOIN, given["device"], given["member"], given["role"], "ben", more)  # type: ignore[arg-type]
    world.keep("ben", sign(ticket.key(), given["parents"], said, given["time"], world.random.randbytes))  # type: ignore[arg-type]


FORGED: dict[str, Callable[[World, Ticket], dict[str, object]]] = {
    "a better role": lambda world, ticket: {"role": "owner"},
    "another's membership": lambda world, ticket: {"member": world.member("ada")},
    "a membership of one's choice": lambda world, ticket: {"member": MemberId("chosen")},
    "after it expired": lambda world, ticket: {"time": Time("2031-01-01T00:00:00.000Z")},
    "without proof of the device": lambda world, ticket: {"proof": bytes(64)},
    "with a proof of another device": lambda world, ticket: {"device": device("cyd").public},
    "with another box": lambda world, ticket: {"box": seal.box_key(device("cyd"))},
    "without having seen the invitation": lambda world, ticket: {"parents": (world.first.hash,)},
    "with the proof of another project": lambda world, ticket: {
        "proof": device("ben").sign(
            statements.join_claim(World(9).view().project, ticket.key().public, seal.box_key(device("ben")))
        )
    },
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_join_lets_nobody_in(case: str) -> None:
    world, ticket = invited()
    _forged(world, ticket, **FORGED[case](world, ticket))
    assert world.there() == ["ada"]
    _forged(world, ticket)
    assert world.there() == ["ada", "ben"]


def test_a_ticket_with_another_secret_lets_nobody_in() -> None:
    world, ticket = invited()
    _forged(world, Ticket(ticket.project, bytes(16), ticket.role, EVER))
    assert world.there() == ["ada"]


def test_a_ticket_that_is_called_off_meanwhile_lets_nobody_in() -> None:
    world, ticket = invited()
    world.join("ben", ticket)
    world.call_off("ada", ticket)
    assert world.there() == ["ada"]
    assert world.view().invites[ticket.key().public].revoked


def test_who_came_in_before_it_was_called_off_stays() -> None:
    world, ticket = invited(uses=3)
    world.join("ben", ticket)
    world.meet("ada", "ben")
    world.call_off("ada", ticket)
    world.meet("ada", "cyd")
    world.join("cyd", ticket)
    assert world.there() == ["ada", "ben"]


def test_a_removed_device_does_not_come_back_by_an_old_ticket() -> None:
    world, ticket = invited(uses=3)
    world.join("ben", ticket)
    world.meet("ada", "ben")
    world.remove("ada", "ben")
    world.meet("ada", "ben")
    world.join("ben", ticket)
    assert world.there() == ["ada"]
    world.meet("ada", "ben")
    fresh = world.invite("ada")
    world.meet("ada", "ben")
    world.join("ben", fresh)
    assert world.there() == ["ada", "ben"]


def test_the_tickets_of_a_removed_owner_end_with_him() -> None:
    world = World()
    world.add("ada", "ben", "owner")
    world.meet("ada", "ben")
    ticket = world.invite("ben", uses=5)
    world.meet("ada", "ben", "cyd")
    world.remove("ada", "ben")
    world.join("cyd", ticket)
    assert world.there() == ["ada"]


def test_artists_invite_their_own_devices_and_nobody_else() -> None:
    world = World()
    world.add("ada", "ben")
    world.meet("ada", "ben")
    other = world.invite("ben", "owner")
    own = world.invite("ben", "artist", member=world.member("ben"))
    foreign = world.invite("ben", "artist", member=world.member("ada"))
    assert set(world.view().invites) == {own.key().public}
    assert not {other.key().public, foreign.key().public} & set(world.view().invites)


def test_a_stranger_takes_nobodys_ticket_over() -> None:
    world, ticket = invited()
    world.add("ada", "eve")
    world.meet("ada", "eve")
    key, eve = ticket.key().public, world.member("eve")
    world.say("eve", lambda me, now, at, r: statements.invite(me, now, key, "artist", 1, EVER, eve, at, r))
    world.meet("eve", "ben")
    _forged(world, ticket)
    assert "ben" in world.there()
