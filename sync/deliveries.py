"""What links have brought and has to be taken in: one commit for all that one link has delivered by then."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from engine.faults import NoSpace
from sync.actions import Take
from sync.database import Busy
from sync.pump import Pump
from sync.replica import Replica

LATER: Final = 1.0
"""Seconds until a delivery is taken in again that found the disk full or another process in the way."""

_log = logging.getLogger(__name__)


class Deliveries:
    """Pumps that have something to take in, one after the other; `told` is called after each."""

    def __init__(self, replica: Replica, told: Callable[[], None]) -> None:
        self._replica = replica
        self._told = told
        self._waiting: deque[Pump] = deque()
        self._stir = asyncio.Event()

    def add(self, pump: Pump) -> None:
        """A pump has something in `untaken`."""
        if pump not in self._waiting:
            self._waiting.append(pump)
        self._stir.set()

    async def run(self) -> None:
        """Take in whatever comes, until cancelled."""
        while True:
            await self._stir.wait()
            await asyncio.sleep(0)  # what else has arrived by now goes into the same commit
            self._stir.clear()
            while self._waiting:
                pump = self._waiting.popleft()
                takes = list(pump.untaken)
                pump.untaken.clear()
                if takes and not self._take(pump, takes):
                    await asyncio.sleep(LATER)
                await asyncio.sleep(0)

    def _take(self, pump: Pump, takes: list[Take]) -> bool:
        """Take in what one link brought; False if that has to wait."""
        bundles = [data for take in takes for data in take.bundles]
        entries = [data for take in takes for data in take.entries]
        try:
            taken = self._replica.take(bundles, entries)
        except (Busy, NoSpace) as fault:
            _log.warning("what came cannot be taken in now: %s", fault)
            pump.untaken.extendleft(reversed(takes))
            self.add(pump)
            return False
        pump.took(taken)
        self._told()
        return True
