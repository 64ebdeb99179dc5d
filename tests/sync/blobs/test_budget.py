"""Bytes a second, shared by all who spend."""

from __future__ import annotations

import asyncio

import pytest

from sync.blobs.budget import BURST, Budget


class Clock:
    """Seconds that pass only by resting."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        return self.seconds

    async def rest(self, length: float) -> None:
        self.seconds += length


async def test_so_many_bytes_take_so_long() -> None:
    clock = Clock()
    budget = Budget(1000.0, clock.now, clock.rest)
    await asyncio.gather(*(budget.spend(100) for _ in range(50)))
    assert clock.seconds == pytest.approx(100.0 + 5.0 - BURST)


async def test_a_pause_saves_up_little() -> None:
    clock = Clock()
    budget = Budget(1000.0, clock.now, clock.rest)
    await budget.spend(1000)
    clock.seconds += 3600
    begun = clock.seconds
    await budget.spend(2000)
    assert clock.seconds == pytest.approx(begun + 2.0 - BURST)


async def test_without_a_rate_nobody_waits() -> None:
    clock = Clock()
    await Budget(None, clock.now, clock.rest).spend(10**12)
    assert clock.seconds == 100.0
