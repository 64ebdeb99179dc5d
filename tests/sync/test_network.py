"""Seeded stories of eight devices on bad links: whatever happened, all end with equal contents."""

from __future__ import annotations

import pytest

from tests.sync import network, stories


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_all_end_with_equal_contents(first: int) -> None:
    outcomes = list(stories.campaign(first, 20))
    assert [(one.seed, one.why) for one in outcomes if not one.equal] == []
    assert sum(one.edits for one in outcomes) > 200
    assert sum(len(one.drops) for one in outcomes) > 20


def test_a_story_is_the_same_each_time() -> None:
    assert stories.story(7) == stories.story(7)


def test_a_difference_is_seen() -> None:
    net = network.Network(1, 3)
    net.edit(net.boxes[0])
    assert stories.difference(net).startswith("contents")
