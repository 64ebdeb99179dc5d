"""What events say of the film: looks at the studio as shapes, and the whole state in parts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app import views
from app.listing import Listing
from app.place import PRIVATE
from engine.faults import NotFound
from sync.records import AssetFacts, AssetId, JobId, Take, Version
from sync.rules import history, jobs
from sync.rules.jobs import View

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]

MOST_ASSETS: Final = 500
MOST_JOBS: Final = 500
MOST_BYTES: Final = 512 * 1024
"""About as large as a part of the whole state gets; many clients refuse messages of more than a mebibyte."""
AT_A_TIME: Final = 8
"""How many shapes are made before others have a turn."""
LIVE: Final = ("pending", "owned", "failed")
_ASSET_BYTES: Final = 2048


def asset(studio: Studio, asset_id: AssetId) -> Shape:
    """An asset as it is now; raises `NotFound` while its document is not complete here."""
    return views.asset(studio, asset_id)


def job(studio: Studio, job_id: JobId) -> Shape:
    """A job as it is now; raises `NotFound` when nobody asked for it."""
    return Listing(studio).job(job_id)


def complete(studio: Studio, view: View) -> Shape:
    """A job that ended: its state, the takes it brought, and a sentence."""
    listing = Listing(studio)
    shape = listing.job(view.job)
    takes = [listing.take(asset_id, take) for asset_id, take in _takes(listing, view)]
    brought = [{key: one for key, one in take.items() if not isinstance(one, Path)} for take in takes]
    return {
        "job": view.job,
        "asset": shape["asset"],
        "asset_name": shape["asset_name"],
        "state": str(view.state),
        "takes": brought,
        "message": shape["reason"] or _sentence(shape, len(brought)),
    }


def _takes(listing: Listing, view: View) -> Iterator[tuple[AssetId, Take]]:
    """The takes on the result, of every asset with this recipe."""
    if view.finished is None:
        return
    recipe, _ = jobs.split(view.job)
    for asset_id, take in listing.studio.project.index.by_recipe(recipe):
        if take.sha256 == view.finished.sha256:
            yield asset_id, take


def _sentence(shape: Shape, takes: int) -> str:
    name = f"{shape['asset_name']} {shape['version_label']}".strip()
    return f"{name} is rendered." if takes else f"{name}: {shape['state']}."


def migrated(facts: AssetFacts, version: Version, before: str, after: str) -> Shape:
    """A version that moved its asset to another model."""
    return {
        "asset": facts.asset.id,
        "asset_name": history.name(facts),
        "from_model": before,
        "to_model": after,
        "version": version.number,
        "version_id": version.id,
        "version_label": history.label(version, facts.versions),
    }


async def stored(folder: Path) -> dict[str, int]:
    """How many blobs there are and how large they are together; others have a turn after each of its folders."""
    root = folder / PRIVATE / "blobs"
    count = size = 0
    for name in sorted(os.listdir(root)) if root.is_dir() else ():
        if len(name) != 2:
            continue
        for one in os.scandir(root / name):
            if len(one.name) == 64 and (found := _size(one)) is not None:
                count, size = count + 1, size + found
        await asyncio.sleep(0)
    return {"bytes": size, "count": count}


def _size(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # somebody has just deleted it
        return None


# --- the whole state ---


async def whole(
    studio: Studio, presence: Callable[[], Shape], reserve: Callable[[int], range]
) -> AsyncGenerator[Shape, None]:
    """The whole state in parts: all assets that are not removed, all jobs that wait, run or failed.

    `reserve` is called once, with the number of parts; no change that happened before is missing in them.
    """
    sizes = await _sizes(studio)
    assets = _portions(_asset_ids(studio), sizes)
    waiting = [row.id for row in studio.project.index.jobs(states=LIVE)]
    queue = [waiting[at : at + MOST_JOBS] for at in range(0, len(waiting), MOST_JOBS)]
    nothing: list[Any] = []
    parts = list(zip_longest(assets or [nothing], queue, fillvalue=nothing))
    reserve(len(parts))
    head = {
        "project": studio.project.id,
        "name": studio.project.name,
        "version": studio.project.version,
        "counts": studio.project.index.counts(),
        **presence(),
    }
    for asset_ids, job_ids in parts:
        yield {
            **head,
            "assets": await _made(asset_ids, lambda one: _standing(studio, one)),
            "jobs": await _jobs(studio, job_ids),
        }


async def _jobs(studio: Studio, job_ids: Iterable[str]) -> list[Shape]:
    listing = Listing(studio)
    return await _made(job_ids, lambda one: listing.job(JobId(one)))


async def _made(ids: Iterable[str], make: Callable[[str], Shape | None]) -> list[Shape]:
    found = []
    for number, one in enumerate(ids):
        if number % AT_A_TIME == 0:
            await asyncio.sleep(0)
        try:
            shape = make(one)
        except NotFound:  # not complete here yet; it comes as an event
            continue
        if shape is not None:
            found.append(shape)
    return found


def _standing(studio: Studio, asset_id: str) -> Shape | None:
    shape = views.asset(studio, AssetId(asset_id))
    return None if shape["removed"] else shape


def _asset_ids(studio: Studio) -> list[str]:
    documents = studio.project.index.documents()
    return [one.partition("/")[2] for one in documents if one.startswith("asset/")]


async def _sizes(studio: Studio) -> dict[str, int]:
    """About how large each asset's shape is: its parameters come in it twice."""
    found: dict[str, int] = {}
    for at in range(0, studio.project.index.asset_count(), MOST_ASSETS):
        for row in studio.project.index.assets(limit=MOST_ASSETS, offset=at):
            found[row.id] = _ASSET_BYTES + 2 * len(str(row.parameters)) + 32 * row.takes
        await asyncio.sleep(0)
    return found


def _portions(ids: Sequence[str], sizes: dict[str, int]) -> list[list[str]]:
    found: list[list[str]] = []
    room = 0
    for one in ids:
        size = sizes.get(one, 0)
        if not found or len(found[-1]) == MOST_ASSETS or size > room:
            found.append([])
            room = MOST_BYTES
        found[-1].append(one)
        room -= size
    return found
