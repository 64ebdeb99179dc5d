"""A card says the same at the other end, is small however much there is to say, and is believed only if it is sound."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.faults import Damaged
from sync.farm.card import LARGEST, MOST_MODELS, At, Card, decode, encode
from sync.farm.hands import Hand
from sync.records import SessionId, Tier

FULL = Card(
    hand=Hand(
        session=SessionId("5" * 32),
        slot="device/0",
        free=12.5,
        rates={"aaaaaaaaaaaa": 0.25},
        rate=2.0,
        models=frozenset({"aaaaaaaaaaaa", "bbbbbbbbbbbb"}),
        warm="aaaaaaaaaaaa",
        switch=7.0,
        memory=24_000_000_000,
        only=Tier.LOW,
    ),
    device="GeForce RTX 4090",
    region="eu-west",
    price=1.5,
    polite=True,
    at=At(job="a" * 64 + ".0", stage="rendering", step=12, steps=30, eta=9.5),
)


@pytest.mark.parametrize("card", [FULL, Card(hand=Hand(session=SessionId("s")))])
def test_it_says_the_same_at_the_other_end(card: Card) -> None:
    assert decode(encode(card)) == card


@given(st.sets(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=60))
@settings(max_examples=30, deadline=None)
def test_it_is_small_however_many_models_there_are(models: set[str]) -> None:
    hand = Hand(session=SessionId("5" * 32), models=frozenset(models), rates=dict.fromkeys(models, 1 / 3))
    data = encode(Card(hand=hand, device="x" * 300, at=FULL.at))
    assert len(data) <= LARGEST
    found = decode(data).hand.models
    assert found is not None
    assert len(found) == min(len(models), MOST_MODELS)


@pytest.mark.parametrize(
    "change",
    [
        {"free": -1},
        {"free": float("inf")},
        {"rate": True},
        {"session": 5},
        {"session": "s" * 81},
        {"device": "a\nb"},
        {"models": ["x"] * 21},
        {"models": "x"},
        {"rates": {str(n): 1 for n in range(9)}},
        {"rates": [1]},
        {"only": "giant"},
        {"memory": 1e30},
        {"at": [1, 2]},
        {"at": ["j", "s", 1, 2, "soon"]},
    ],
)
def test_what_is_not_sound_is_refused(change: dict[str, Any]) -> None:
    found = {**json.loads(encode(FULL)), **change}
    with pytest.raises(Damaged):
        decode(json.dumps(found).encode())


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"\xff", b"[" * 900, b'{"session":"s"}' + b" " * LARGEST]
)
def test_what_is_no_card_is_refused(data: bytes) -> None:
    with pytest.raises(Damaged):
        decode(data)
