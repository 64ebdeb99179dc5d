"""Which step is blocked: told from tries that ended in each way."""

from __future__ import annotations

import pytest

from sync import obstacles
from sync.contacts import Tried
from sync.dialling import Route

WHERE = ("10.0.0.2:7001",)


def tried(code: str, *, announced: bool = True, route: Route = Route.LAN) -> Tried:
    return Tried(route, WHERE, 0.0, code, f"{code} happened", "mend it", announced)


def blocked(*tries: Tried, unheard: tuple[str, ...] = ()) -> list[str]:
    found = obstacles.steps(tries, 1, unheard)
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
    assert blocked(tried(""), unheard=("Ben",)) == ["multicast to others"]
