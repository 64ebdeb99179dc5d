"""A worker knows what it could do and how long it would take."""

from __future__ import annotations

import math

import pytest

from sync.farm.hands import Hand, Load
from sync.records import JobId, SessionId, Tier

LOAD = Load(job=JobId("a.0"), model="starter", units=10.0, tier=Tier.LOW, needs=4_000)
HAND = Hand(session=SessionId("s"), rates={"starter": 0.5}, rate=2.0, warm="starter", switch=7.0)


def test_seconds_are_units_at_its_rate_and_the_change_of_models() -> None:
    assert HAND.seconds(LOAD) == 5.0
    assert HAND.seconds(LOAD, warm="other") == 12.0
    assert Hand(session=SessionId("s"), rate=2.0, warm="starter").seconds(LOAD) == 20.0


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_a_rate_that_cannot_be_true_counts_as_unknown(rate: float) -> None:
    assert Hand(session=SessionId("s"), rates={"starter": rate}).speed("starter") == 1.0


@pytest.mark.parametrize(
    ("models", "memory", "only", "can"),
    [
        (None, None, None, True),
        (frozenset({"starter"}), 4_000, Tier.LOW, True),
        (frozenset({"other"}), None, None, False),
        (None, 3_999, None, False),
        (None, None, Tier.HIGH, False),
    ],
)
def test_what_it_can_do(
    models: frozenset[str] | None, memory: int | None, only: Tier | None, can: bool
) -> None:
    assert Hand(session=SessionId("s"), models=models, memory=memory, only=only).can(LOAD) is can
