"""How many bytes a second may pass: everybody who spends waits until there is enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

Now = Callable[[], float]
Rest = Callable[[float], Awaitable[None]]

BURST: Final = 0.25
"""For how many seconds' worth of bytes nobody waits after a pause."""


def seconds() -> float:
    """The running event loop's own seconds."""
    return asyncio.get_running_loop().time()


async def rest(length: float) -> None:
    """Let time pass."""
    await asyncio.sleep(length)


@dataclass(slots=True)
class Budget:
    """Bytes a second for all who share it, in the order in which they ask; `rate` None is without bound."""

    rate: float | None = None
    now: Now = seconds
    rest: Rest = rest
    _free: float = -1e18
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def spend(self, count: int) -> None:
        """Return when so many bytes may pass."""
        if not self.rate:
            return
        async with self._turn:
            self._free = max(self._free, self.now() - BURST) + count / self.rate
            if (early := self._free - self.now()) > 0:
                await self.rest(early)
