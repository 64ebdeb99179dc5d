"""The first screen: small pictures of what lists show first come from the others by themselves.

An asset is shown by its approved take, else its newest, in the order of `asset list`; its small picture is the take's
thumbnail, or the picture itself where it has none and is hardly larger. They come a few at a time and no faster than
`RATE`, after everything that somebody waits for. A picture that this device deleted does not come back by itself, and
larger ones come when they are asked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from engine.faults import Fault, NoSpace
from engine.recipe import FileDigest
from sync.blobs import budget
from sync.blobs.budget import Budget
from sync.blobs.spoken import SMALL
from sync.rules import takes

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.blobs.sources import Sources
    from sync.overview import Overview
    from sync.records import AssetFacts, AssetId
    from sync.tables import AssetRow

ASSETS: Final = 500
"""Of how many assets, the first of the list, pictures come by themselves."""
MOST: Final = 64 * 1024 * 1024
"""How many bytes come by themselves while the program runs: more than `ASSETS` pictures change into in a day."""
RATE: Final = 2e6
"""Bytes a second."""
TOGETHER: Final = 16
"""How many are asked for at once; an edit never waits behind more."""
PAUSE: Final = 0.25
"""Seconds between two looks at what has to come."""
BEHIND: Final = 9
"""The priority of what nobody waits for."""

_log = logging.getLogger(__name__)


class Screen:
    """What is to come by itself; `run` has it come, `stir` says that there may be something new."""

    def __init__(
        self, studio: Studio, overview: Overview, sources: Sources, *, rest: budget.Rest = budget.rest
    ) -> None:
        self.bytes = 0
        self._studio = studio
        self._overview = overview
        self._sources = sources
        self._rest = rest
        self._budget = Budget(RATE, rest=rest)
        self._known: dict[AssetId, FileDigest | None] = {}
        self._version = 0
        self._refused: set[FileDigest] = set()
        self._stirred = asyncio.Event()
        self._stirred.set()

    def stir(self, chance: bool = False) -> None:
        """Something was added; with a `chance` somebody may have what nobody had before."""
        if chance:
            self._refused.clear()
        self._stirred.set()

    async def run(self) -> None:
        """Have small pictures come for as long as this runs."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            try:
                await self.fill()
            except Fault as fault:  # such as a project that another process holds: there is a next time
                _log.warning("small pictures do not come: %s", fault.message)
            await self._rest(PAUSE)

    async def fill(self, assets: int = ASSETS) -> int:
        """Have come what is not here of the first assets; returns how many came."""
        came = 0
        self._forget()
        for rows in _portions(self._rows(assets)):
            wanted = [one for one in self._small(rows) if not self._studio.blobs.has(one)]
            wanted = [one for one in dict.fromkeys(wanted) if one not in self._refused]
            if not self._sources.sources or self.bytes >= MOST:
                return came
            found = await asyncio.gather(*(self._come(one) for one in wanted))
            came += sum(found)
            await asyncio.sleep(0)
        return came

    async def _come(self, digest: FileDigest) -> bool:
        try:
            found = await self._sources.want(digest, BEHIND, most=SMALL, thrifty=True)
        except NoSpace:  # it is no reason to end anything: who needs room is told so where he asks for it
            found = False
        if not found:
            self._refused.add(digest)
            return False
        size = self._studio.blobs.size(digest)
        self.bytes += size
        await self._budget.spend(size)
        return True

    # --- what the first screen shows ---

    def _rows(self, assets: int) -> list[AssetRow]:
        return self._studio.project.index.assets(limit=assets, bare=True)

    def _small(self, rows: Sequence[AssetRow]) -> list[FileDigest]:
        """The small pictures of assets, those first that are promised and not proved yet."""
        fresh = {row.id for row in rows if row.takes} - self._known.keys()
        promised = dict(self._overview.takes(sorted(fresh))) if fresh else {}
        own = self._studio.project.device.id
        for asset, facts in self._studio.project.assets(fresh - promised.keys()).items():
            self._known[asset] = small(facts, own)
        found = [self._known.get(row.id) for row in rows]
        return [*(FileDigest(one) for one in promised.values()), *(one for one in found if one is not None)]

    def _forget(self) -> None:
        """Look anew at what something was added to, a deletion for one."""
        project, before = self._studio.project, self._version
        self._version = project.version
        for asset in project.index.changed_since(before):
            self._known.pop(asset, None)


def small(facts: AssetFacts, device: str) -> FileDigest | None:
    """The bytes that show an asset in a list; None without a take, or where `device` has deleted them."""
    take = takes.chosen(facts) or takes.newest(facts.takes)
    if take is None:
        return None
    if take.thumb is not None:
        return take.thumb
    deleted = any(one.take == take.id and one.device == device for one in facts.dropped)
    return None if deleted or take.bytes > SMALL else take.sha256


def _portions(rows: Sequence[AssetRow]) -> Iterator[Sequence[AssetRow]]:
    for at in range(0, len(rows), TOGETHER):
        yield rows[at : at + TOGETHER]
