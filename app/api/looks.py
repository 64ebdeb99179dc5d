"""What events say of the film: looks at the studio as shapes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import views
from app.listing import Listing
from app.place import PRIVATE
from sync.records import AssetFacts, AssetId, JobId, Take, Version
from sync.rules import history, jobs
from sync.rules.jobs import View

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]


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
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(root / name) as entries:
            for one in entries:
                if len(one.name) == 64 and (found := _size(one)) is not None:
                    count, size = count + 1, size + found
        await asyncio.sleep(0)
    return {"bytes": size, "count": count}


def _size(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # somebody has just deleted it
        return None
