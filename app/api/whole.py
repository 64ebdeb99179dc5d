"""The whole state of a project in parts, for any number of listeners at once.

Which assets go into which part is worked out once for each state of the project and shared; a listener holds on to the
part that it is being sent, and to nothing else. A small project comes in one part.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from app import views
from app.listing import Listing
from engine.faults import NotFound
from sync.records import AssetId, JobId

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]

ONE_PART: Final = 512 * 1024
"""Bytes up to which a project comes in one part; many clients refuse messages of more than a mebibyte."""
PART: Final = 128 * 1024
"""About as large as a part of a larger one gets: so much, several times over, waits for each client that is slow."""
MOST_JOBS: Final = 200
AT_A_TIME: Final = 32
"""How many shapes are made before others have a turn."""
PAGE: Final = 500
LIVE: Final = ("pending", "owned", "failed")
_ASSET_BYTES: Final = 2048


class Whole:
    """The parts of a studio's state."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._version = -1
        self._portions: tuple[tuple[AssetId, ...], ...] = ()
        self._known: frozenset[AssetId] = frozenset()
        self._turn = asyncio.Lock()

    async def parts(
        self, presence: Callable[[], Shape], reserve: Callable[[int], range]
    ) -> AsyncGenerator[Shape, None]:
        """All assets that are not removed, all jobs that wait, run or failed.

        `reserve` is called once, with the number of parts; no change that happened before is missing in them.
        """
        project = self._studio.project
        await self._divide()
        assets = self._complete()
        waiting = [row.id for row in project.index.jobs(states=LIVE)]
        queue = [tuple(waiting[at : at + MOST_JOBS]) for at in range(0, len(waiting), MOST_JOBS)]
        nothing: tuple[Any, ...] = ()
        parts = list(zip_longest(assets or (nothing,), queue, fillvalue=nothing))
        reserve(len(parts))
        head = {
            "project": project.id,
            "name": project.name,
            "version": project.version,
            "counts": project.index.counts(),
            **presence(),
        }
        for asset_ids, job_ids in parts:
            yield {**head, "assets": await self._assets(asset_ids), "jobs": await self._jobs(job_ids)}

    async def _divide(self) -> None:
        """Work out the portions, unless nothing has changed since."""
        async with self._turn:
            version = self._studio.project.version
            if version != self._version:
                sizes = await self._sizes()
                self._portions = divided(list(sizes.items()))
                self._known = frozenset(sizes)
                self._version = version

    def _complete(self) -> tuple[tuple[AssetId, ...], ...]:
        """The portions with what came while they were worked out; nothing of this moment is missing."""
        if self._studio.project.version == self._version:
            return self._portions
        fresh = [(one, _ASSET_BYTES) for one in self._ids() if one not in self._known]
        return (*self._portions, *divided(fresh))

    def _ids(self) -> list[AssetId]:
        documents = self._studio.project.index.documents()
        return [AssetId(one.partition("/")[2]) for one in documents if one.startswith("asset/")]

    async def _sizes(self) -> dict[AssetId, int]:
        """About how large each asset's shape is: its parameters come in it twice."""
        found = dict.fromkeys(self._ids(), _ASSET_BYTES)
        at, index = 0, self._studio.project.index
        while rows := index.assets(limit=PAGE, offset=at):
            at += len(rows)
            sizes = {row.id: _ASSET_BYTES + 2 * len(str(row.parameters)) + 32 * row.takes for row in rows}
            found |= sizes
            await asyncio.sleep(0)
        return found

    async def _assets(self, ids: Sequence[AssetId]) -> list[Shape]:
        """The shapes of assets; one that is not complete here yet, or was removed, is left out."""
        found: list[Shape] = []
        for at in range(0, len(ids), AT_A_TIME):
            rows = self._studio.project.index.assets_of(ids[at : at + AT_A_TIME])
            there = [rows[one] for one in ids[at : at + AT_A_TIME] if one in rows]
            standing = [row for row in there if row.version is not None and not row.gone]
            found += views.assets(self._studio, standing)
            await asyncio.sleep(0)
        return found

    async def _jobs(self, ids: Sequence[JobId]) -> list[Shape]:
        listing, found = Listing(self._studio), list[Shape]()
        for number, one in enumerate(ids):
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
            try:
                found.append(listing.job(one))
            except NotFound:  # not complete here yet; it comes as an event
                continue
        return found


def divided(sizes: Sequence[tuple[AssetId, int]]) -> tuple[tuple[AssetId, ...], ...]:
    """Assets of these sizes in portions: one if they are small together, else of about the same size each."""
    most = ONE_PART if sum(size for _, size in sizes) <= ONE_PART else PART
    found: list[list[AssetId]] = []
    room = 0
    for one, size in sizes:
        if not found or size > room:
            found.append([])
            room = most
        found[-1].append(one)
        room -= size
    return tuple(tuple(one) for one in found)
