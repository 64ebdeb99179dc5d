"""What links have brought and has to be taken in: in portions, each a short commit after it was tried elsewhere.

A portion is first rehearsed, what it does to documents is tried in a thread (by the child of `sync.verifier`), and only
then is it committed on the event loop. How large it may be follows from how long the last one kept the loop; links
take turns, so that a month of one device's changes does not hold up another's edit of this moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from engine.faults import NoSpace
from sync.actions import Take
from sync.apart import Apart
from sync.arrivals import Taken
from sync.database import Busy
from sync.pump import Now, Pump
from sync.replica import Preparing, Replica

LATER: Final = 1.0
"""Seconds until a delivery is taken in again that found the disk full or another process in the way."""
HELD: Final = 0.04
"""Seconds for which a portion may keep the event loop, or nearly so."""
ASIDE: Final = 2 << 20
"""Bytes that another process takes in at a time: half of what a link may bring meanwhile."""
LEAST: Final = 24
MOST: Final = 512
"""Bundles in a portion: at first, and at most; below the least of it, what each portion costs anyway prevails."""

_log = logging.getLogger(__name__)


class Deliveries:
    """Pumps that have something to take in, a portion of each in turn; `told` is called after each portion."""

    def __init__(
        self, replica: Replica, told: Callable[[], None], now: Now, apart: Apart | None = None
    ) -> None:
        self._replica = replica
        self._apart = apart
        self._told = told
        self._now = now
        self._most = LEAST
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
                if pump.untaken and not await self._take(pump):
                    await asyncio.sleep(LATER)
                await asyncio.sleep(0)

    async def _take(self, pump: Pump) -> bool:
        """Take in a portion of what one link brought, entries first; False if that has to wait."""
        takes = list(pump.untaken)
        entries = [data for take in takes for data in take.entries]
        bundles = [data for take in takes for data in take.bundles]
        portion, taken = await self._aside(bundles, entries)
        try:
            if taken is None:
                portion = bundles[: self._most]
                held = await self._prepare(portion, entries)
                start = self._now()
                taken = self._replica.take(portion, entries)
                self._learn(max(held, self._now() - start), len(portion))
        except (Busy, NoSpace) as fault:
            _log.warning("what came cannot be taken in now: %s", fault)
            self.add(pump)
            return False
        for _ in takes:
            pump.untaken.popleft()
        if rest := bundles[len(portion) :]:
            pump.untaken.appendleft(Take(bundles=tuple(rest)))
        if pump.untaken:
            self.add(pump)
        pump.took(taken)
        self._told()
        return True

    async def _aside(
        self, bundles: Sequence[bytes], entries: Sequence[bytes]
    ) -> tuple[Sequence[bytes], Taken | None]:
        """Let another process take in the beginning of a large delivery; nothing where it is to be done here."""
        if self._apart is None or entries or not self._apart.suits(bundles):
            return (), None
        size = 0
        for count, one in enumerate(bundles):
            size += len(one)
            if size > ASIDE:
                bundles = bundles[: count + 1]
                break
        return bundles, await self._apart.take(bundles)

    async def _prepare(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> float:
        """Have everything tried that is not known yet; the longest that this kept the loop."""
        longest = 0.0
        while isinstance(self._replica, Preparing):
            start = self._now()
            asked = self._replica.rehearse(bundles, entries)
            longest = max(longest, self._now() - start)
            if not asked:
                break
            await asyncio.to_thread(self._replica.beforehand, asked)
        return longest

    def _learn(self, held: float, count: int) -> None:
        """Make the next portion as large as it may be."""
        if held > HELD:
            self._most = max(LEAST, int(count * HELD / held))
        elif count == self._most:
            self._most = min(MOST, 1 + count * 3 // 2)
