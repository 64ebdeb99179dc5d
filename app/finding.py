"""Finding takes by what people write: an id, the beginning of one, `MARA_v03_take02`, or an asset's name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app import versions
from engine.faults import Conflict, NotFound
from sync.records import AssetId, Take, TakeId
from sync.rules import takes

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.tables import TakeRow

_FILE: Final = re.compile(r"(?P<name>.+)_(?P<version>v\d+(?:-\w+)?)_(?P<take>take\d+(?:-\w+)?)(?:\.\w+)?")
_ID: Final = re.compile(r"[a-z2-7]{4,26}")


def take(studio: Studio, wanted: str) -> TakeRow:
    """The one take that was meant; an asset's name means its approved take, else its newest."""
    row = _exact(studio, wanted)
    if row is not None:
        return row
    asset = studio.project.index.find_asset(wanted)
    if asset is None:
        return _begun(studio, wanted)
    rows = studio.project.index.takes(asset=asset.id)
    if not rows:
        raise NotFound(f"{asset.name} has no take yet", f"restrike render {asset.name} --wait makes one")
    chosen = takes.chosen(studio.project.asset(asset.id))
    return next((one for one in rows if chosen is not None and one.take.id == chosen.id), rows[-1])


def all_of(studio: Studio, wanted: str) -> list[tuple[AssetId, Take]]:
    """The take that was meant, or all takes of the asset with that name."""
    asset = studio.project.index.find_asset(wanted)
    if asset is not None:
        return [(asset.id, one.take) for one in studio.project.index.takes(asset=asset.id)]
    row = take(studio, wanted)
    return [(row.asset, row.take)]


def _exact(studio: Studio, wanted: str) -> TakeRow | None:
    row = studio.project.index.find_take(TakeId(wanted))
    if row is not None:
        return row
    found = _FILE.fullmatch(Path(wanted).name)
    if found is None:
        return None
    asset = studio.project.index.find_asset(found["name"])
    rows = studio.project.index.takes(asset=asset.id) if asset is not None else []
    labels = (found["version"].lower(), found["take"].lower())
    return next((one for one in rows if (one.version_label, one.label) == labels), None)


def _begun(studio: Studio, wanted: str) -> TakeRow:
    """The take whose id begins so; `NotFound` in the words for assets, because a name was more likely meant."""
    if _ID.fullmatch(wanted):
        rows = [one for one in studio.project.index.takes() if one.take.id.startswith(wanted)]
        if len(rows) == 1:
            return rows[0]
        if rows:
            raise Conflict(f"several takes begin with {wanted!r}", "write more of the id")
    versions.find(studio.project.index, wanted)
    raise NotFound(f"there is no take {wanted!r:.80}", "restrike take list shows all")
