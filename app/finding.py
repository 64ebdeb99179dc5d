"""What people write, as what they mean: assets by name or id, versions by label, jobs by the beginning of an id, and
takes by id, the beginning of one, `MARA_v03_take02`, or an asset's name. `NotFound` says what there is instead.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app import versions
from app.errors import did_you_mean
from engine.faults import Conflict, NotFound
from sync.records import AssetFacts, AssetId, JobId, Take, TakeId, Version
from sync.rules import history, takes

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.tables import AssetRow, TakeRow

_FILE: Final = re.compile(r"(?P<name>.+)_(?P<version>v\d+(?:-\w+)?)_(?P<take>take\d+(?:-\w+)?)(?:\.\w+)?")
_ID: Final = re.compile(r"[a-z2-7]{4,26}")


def asset(studio: Studio, wanted: str, *, gone: bool = False) -> AssetRow:
    """The asset with this name or id; a removed one only with `gone`."""
    return versions.find(studio.project.index, wanted, gone=gone)


def version(facts: AssetFacts, wanted: str) -> Version:
    """The version of an asset that `v03`, `3`, `v03-k7qd` or an id means."""
    there = history.with_merge(facts.versions)
    found = history.named(wanted, there)
    if found is not None:
        return found
    labels = sorted(history.label(one, there) for one in there)
    guess = did_you_mean(wanted, labels)
    known = "it has " + ", ".join(labels[-20:])
    raise NotFound(f"{history.name(facts)} has no version {wanted!r}", " ".join(filter(None, (guess, known))))


def job(studio: Studio, wanted: str) -> JobId:
    """The job that an id, the beginning of one, or its short form `3f2a81c0d4e5.1` means.

    Of several generations of one recipe it is the newest.
    """
    start, _, generation = wanted.partition(".")
    index = studio.project.index
    if index.find_job(JobId(wanted)) is not None:
        return JobId(wanted)
    rows = index.find_jobs(start, limit=50) if start else []
    if generation:
        rows = [row for row in rows if str(row.generation) == generation]
    recipes = {row.recipe_key for row in rows}
    if not rows:
        raise NotFound(f"there is no job {wanted!r:.80}", "restrike jobs --all lists them")
    if len(recipes) > 1:
        raise Conflict(f"several jobs begin with {wanted!r:.80}", "write more of the id")
    return max(rows, key=lambda row: row.generation).id


def take(studio: Studio, wanted: str) -> TakeRow:
    """The one take that was meant; an asset's name means its approved take, else its newest."""
    row = _exact(studio, wanted)
    if row is not None:
        return row
    owner = studio.project.index.find_asset(wanted)
    if owner is None:
        return _begun(studio, wanted)
    rows = studio.project.index.takes(asset=owner.id)
    if not rows:
        raise NotFound(f"{owner.name} has no take yet", f"restrike render {owner.name} --wait makes one")
    chosen = takes.chosen(studio.project.asset(owner.id))
    return next((one for one in rows if chosen is not None and one.take.id == chosen.id), rows[-1])


def all_of(studio: Studio, wanted: str) -> list[tuple[AssetId, Take]]:
    """The take that was meant, or all takes of the asset with that name."""
    owner = studio.project.index.find_asset(wanted)
    if owner is not None:
        return [(owner.id, one.take) for one in studio.project.index.takes(asset=owner.id)]
    row = take(studio, wanted)
    return [(row.asset, row.take)]


def _exact(studio: Studio, wanted: str) -> TakeRow | None:
    row = studio.project.index.find_take(TakeId(wanted))
    if row is not None:
        return row
    found = _FILE.fullmatch(Path(wanted).name)
    if found is None:
        return None
    owner = studio.project.index.find_asset(found["name"])
    rows = studio.project.index.takes(asset=owner.id) if owner is not None else []
    labels = (found["version"].lower(), found["take"].lower())
    return next((one for one in rows if (one.version_label, one.label) == labels), None)


def _begun(studio: Studio, wanted: str) -> TakeRow:
    """The take whose id begins so; `NotFound` in the words for assets, because a name was more likely meant."""
    if _ID.fullmatch(wanted):
        rows = studio.project.index.find_takes(wanted)
        if len(rows) == 1:
            return rows[0]
        if rows:
            raise Conflict(f"several takes begin with {wanted!r}", "write more of the id")
    versions.find(studio.project.index, wanted)
    raise NotFound(f"there is no take {wanted!r:.80}", "restrike take list shows all")
