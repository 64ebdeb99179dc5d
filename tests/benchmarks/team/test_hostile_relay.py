"""Whatever a relay does, it reads nothing and nobody believes it."""

from __future__ import annotations

import pytest

from tests.benchmarks.team.hostile_relay import WAYS, Found, story


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
async def test_a_hostile_relay_reads_nothing_and_is_not_believed(way: str) -> None:
    found = Found()
    await story(way, 5, found)
    assert found.meddled
    assert bool(found.opened) == (way == "insider")
    assert (found.leaks, found.forged, found.lost) == (0, 0, 0)
