"""Assets as front ends show them: the index says which and in what state, the documents say what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from app import attention, shapes
from app.catalogue import Shelf
from engine.faults import NotFound
from sync import query
from sync.records import AssetId, Kind, TakeId
from sync.rules import history

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.shown import Shown
    from sync.tables import AssetRow


def rows(
    studio: Studio,
    *,
    kind: Kind | None,
    scene: str | None,
    where: str | None,
    stale: bool,
    gone: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[AssetRow]:
    """The assets that filters select, by name."""
    where = condition(where, stale)
    return studio.project.index.assets(
        kind=kind, scene=scene, where=where, gone=gone, limit=limit, offset=offset
    )


def page(
    studio: Studio,
    *,
    kind: Kind | None,
    scene: str | None,
    where: str | None,
    stale: bool,
    gone: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[list[AssetRow], int]:
    """Like `rows`, with how many there are without `limit` and `offset`."""
    where = condition(where, stale)
    index = studio.project.index
    most, after = window(limit, offset)
    if most is not None:
        return index.asset_page(kind=kind, scene=scene, where=where, gone=gone, limit=most, offset=after)
    found = index.assets(kind=kind, scene=scene, where=where, gone=gone)
    return found[after:], len(found)


def window(limit: int | None, offset: int) -> tuple[int | None, int]:
    """How many of a list at most, after how many; less than nothing counts as nothing."""
    return None if limit is None else max(limit, 0), max(offset, 0)


def condition(where: str | None, stale: bool) -> str | None:
    """One query for what was written and the wish for what is stale."""
    if where and stale:
        query.parse(where)  # a mistake is shown in the words that were written, not in the joined ones
        return f"({where}) and stale"
    return where or ("stale" if stale else None)


def assets(studio: Studio, selected: Iterable[AssetRow]) -> list[dict[str, Any]]:
    """The selected assets with all their keys."""
    rows = list(selected)
    ids = [row.id for row in rows]
    versions = studio.project.index.shown(ids)
    takes = studio.project.index.take_ids(ids)
    edited = attention.edited(studio)
    found = [_asset(row, versions.get(row.id), takes.get(row.id, ())) for row in rows]
    for one in found if edited else ():
        one["editing"] = edited.get(one["id"], [])
    return found


def asset(studio: Studio, asset_id: AssetId) -> dict[str, Any]:
    """One asset at its current version."""
    return assets(studio, [_row(studio, asset_id)])[0]


def asset_in_full(studio: Studio, asset_id: AssetId) -> dict[str, Any]:
    """One asset with the names of its model, its inputs and the assets that use it."""
    shape = asset(studio, asset_id)
    shelf = Shelf.of(studio)
    digest = shape["parameters"].get("model")
    shape["model_name"] = next((one.name for one in shelf.known if one.digest == digest), None)
    for one in shape["inputs"]:
        one["name"] = name_of(studio, one["asset"])
    shape["used_by"] = [one.name for one in studio.project.index.users_of(asset_id)]
    from app import forks

    return {**shape, **forks.apart(studio, asset_id)}


def name_of(studio: Studio, asset_id: AssetId) -> str:
    """What an asset is called now; its id where it is not known here."""
    row = studio.project.index.find_asset(asset_id)
    return asset_id if row is None else row.name


def removed(studio: Studio, wanted: str) -> AssetRow:
    """The removed asset with this name or id, of several the one removed last; `NotFound` otherwise."""
    gone = studio.project.index.assets(gone=True)
    found = [row for row in gone if wanted.casefold() in (row.name.casefold(), row.id)]
    if not found:
        names = ", ".join(sorted(row.name for row in gone)) or "none"
        raise NotFound(f"no removed asset is called {wanted!r}", f"removed assets: {names}")
    return max(found, key=lambda row: _last_removal(studio, row.id))


def _last_removal(studio: Studio, asset_id: AssetId) -> tuple[str, str]:
    facts = studio.project.asset(asset_id)
    return max((one.time for one in facts.removed), default=""), asset_id


def _row(studio: Studio, asset_id: AssetId) -> AssetRow:
    row = studio.project.index.find_asset(asset_id)
    if row is None:
        raise NotFound(f"there is no asset {asset_id}", "restrike asset list shows all")
    return row


def _asset(row: AssetRow, current: Shown | None, takes: Sequence[TakeId]) -> dict[str, Any]:
    if current is None:
        raise NotFound(f"{row.name} has no version here yet", "its document is not complete; merge again")
    return shapes.asset_at(
        current,
        asset=row.id,
        kind=row.kind,
        scene=row.scene,
        name=row.name,
        label=row.label or "",
        forked=row.forked,
        stale=row.stale,
        gone=row.gone,
        approved=row.approved,
        takes=takes,
    )


def labels(versions_known: Sequence[Any]) -> dict[str, str]:
    """Each version's label by its id."""
    return {one.id: history.label(one, versions_known) for one in versions_known}
