"""Which step is blocked: told from tries that ended in each way."""

from __future__ import annotations

import os

import pytest

from sync import obstacles
from sync.actions import Peer
from sync.contacts import Contact, Tried
from sync.dialler import Dialler
from sync.dialling import Route
from sync.links.link import Link
from sync.presence import Present, Seen
from sync.pump import Pump
from sync.records import MemberId

WHERE = ("10.0.0.2:7001",)


def tried(code: str, *, announced: bool = True, route: Route = Route.LAN) -> Tried:
    return Tried(route, WHERE, 0.0, code, f"{code} happened", "mend it", announced)


async def _nobody(link: Link, route: Route, key: str) -> Pump:
    raise AssertionError((link, route, key))


def blocked(*tries: Tried, live: tuple[obstacles.Linked, ...] = ()) -> list[str]:
    dialler = Dialler([], _nobody, lambda _: None, now=lambda: 0.0, random=os.urandom)
    dialler.tries = {str(number): one for number, one in enumerate(tries)}
    found = obstacles.steps(dialler, live, 140.0)
    assert all(one.ok or (one.fix and one.detail) for one in found)
    return [one.name for one in found if not one.ok]


@pytest.mark.parametrize(
    ("code", "step"), [("no_answer", "asking others"), ("no_link", "data channel to others")]
)
def test_the_step_that_failed_is_named(code: str, step: str) -> None:
    assert blocked(tried(""), tried(code)) == [step]


def test_who_was_only_written_down_may_be_switched_off() -> None:
    assert blocked(tried("no_answer", announced=False)) == []
    assert blocked(tried("no_link", announced=False)) == ["data channel to others"], "it answered"


def test_a_relay_and_a_refusal_say_nothing_of_the_network() -> None:
    assert blocked(tried("no_link", route=Route.RELAY), tried("removed_device")) == []


def test_who_is_linked_and_never_announced_shows_that_multicast_is_blocked() -> None:
    ben = Contact(Peer(b"b" * 32, MemberId("m"), "Ben", "artist", 0), Route.LAN, since=100.0)
    assert blocked(tried(""), live=((ben, Seen(Present(instance="ben"), 100.0)),)) == ["multicast to others"]


def test_only_who_is_linked_for_a_while_ought_to_have_been_announced() -> None:
    ben = Contact(Peer(b"b" * 32, MemberId("m"), "Ben", "artist", 0), Route.LAN, since=100.0)
    live = [(ben, Seen(Present(instance="ben"), 100.0))]
    assert obstacles.unheard(live, lambda name: False, 110.0) == []
    assert obstacles.unheard(live, lambda name: False, 140.0) == ["Ben"]
    assert obstacles.unheard(live, lambda name: name == "ben", 140.0) == []
