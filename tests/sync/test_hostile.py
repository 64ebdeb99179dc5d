"""Some inputs of every kind that a hostile device may send: each is refused as it should be, or does no harm."""

from __future__ import annotations

import random

import pytest

from sync import handshake
from tests.sync import hostile, victim

NAMES = [one.name for one in hostile.targets(random.Random(0))]


@pytest.mark.parametrize("name", NAMES)
def test_no_input_brings_about_what_none_may(name: str) -> None:
    tally = hostile.storm(200, seed=11, only=name)
    assert (tally.found, tally.slow) == ([], [])
    assert tally.tried == {name: 200}


def test_words_of_another_conversation_let_nobody_in() -> None:
    one = victim.Victim(random.Random(1))
    with pytest.raises(handshake.Refused):
        one.shake(one.greet())
