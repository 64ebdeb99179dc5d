"""The regenerative state: every asset with what it is made from, under one number that only grows.

The number is this device's own count of all that it has been told (`Project.version`). Who saves says on which number
the edit was based: an asset that was edited after it is a conflict, edits of other assets are none, since they merge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import choices, pictures, versions, views
from app.choices import Wanted
from app.trial import tried
from app.versions import Draft
from engine import parameters
from engine.faults import BadField, Conflict
from sync.project import Edit
from sync.records import AssetId, Kind, Tier, Version

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which assets are asked for; `since` only those of which anything became known after that number."""

    kind: Kind | None = None
    scene: str | None = None
    where: str | None = None
    stale: bool = False
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """New parameters of one asset, by id or name; None of a field is its default again, inputs None are as before."""

    asset: str
    parameters: Mapping[str, Any]
    tier: Tier | None = None
    inputs: Sequence[tuple[str, str | None]] | None = None
    note: str = ""


class Outdated(Conflict):
    """Assets were edited after the number that a save was based on; `assets` are their ids."""

    code = "outdated"

    def __init__(self, assets: Sequence[AssetId], names: Sequence[str], version: int) -> None:
        shown = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
        super().__init__(
            f"{shown} changed meanwhile", f"look at the state and save again with version {version}"
        )
        self.assets = assets


def state(studio: Studio, selection: Selection, *, limit: int | None = None, offset: int = 0) -> Shape:
    """A page of the state; with `since`, removed assets are in it too, so that who follows can drop them."""
    version = studio.project.version
    rows, total = _selected(studio, selection, limit, offset)
    return _page(studio, version, views.assets(studio, rows), total, limit, offset)


def state_of(studio: Studio, assets: Sequence[AssetId]) -> Shape:
    """The state of certain assets."""
    found = [views.asset(studio, one) for one in assets]
    return _page(studio, studio.project.version, found, len(found), None, 0)


def _page(
    studio: Studio, version: int, assets: list[Shape], total: int, limit: int | None, offset: int
) -> Shape:
    return {
        "project": studio.project.id,
        "name": studio.project.name,
        "version": version,
        "total": total,
        "limit": total if limit is None else limit,
        "offset": offset,
        "next": offset + len(assets) if offset + len(assets) < total and assets else None,
        "assets": assets,
    }


def _selected(studio: Studio, wanted: Selection, limit: int | None, offset: int) -> tuple[list[Any], int]:
    if wanted.since is None:
        return views.page(
            studio,
            kind=wanted.kind,
            scene=wanted.scene,
            where=wanted.where,
            stale=wanted.stale,
            limit=limit,
            offset=offset,
        )
    changed = studio.project.index.changed_since(wanted.since)
    rows = (
        studio.project.index.assets(
            kind=wanted.kind,
            scene=wanted.scene,
            where=views.condition(wanted.where, wanted.stale),
            gone=None,
            names=changed,
            bare=True,
        )
        if changed
        else []
    )
    known = [row for row in rows if row.version is not None]
    return known[offset : None if limit is None else offset + limit], len(known)


def save(studio: Studio, version: int, wanted: Sequence[Save], *, dry_run: bool = False) -> Shape:
    """Save new versions of assets, all or none of them; raises `Outdated` where one was edited after `version`."""
    if version > studio.project.version:
        raise BadField("version", version, f"a number that was given out, up to {studio.project.version}")

    def build(edit: Edit) -> list[tuple[AssetId, Version | None]]:
        rows = [versions.find(edit.index, one.asset) for one in wanted]
        _check_twice([row.name for row in rows])
        late = [row for row in rows if edit.index.last_edit(row.id) > version]
        if late:
            raise Outdated([row.id for row in late], [row.name for row in late], studio.project.version)
        draft = Draft(studio, edit)
        return [(row.id, _saved(draft, row.id, one)) for row, one in zip(rows, wanted, strict=True)]

    made = tried(studio.project, build) if dry_run else studio.project.commit(build)
    for asset, fresh in () if dry_run else made:
        if fresh is not None:
            versions.show_recipe(studio.project.folder, studio.project.asset(asset), fresh)
    return {
        "version": studio.project.version,
        "dry_run": dry_run,
        "assets": [views.asset(studio, asset) for asset, _ in made],
        "saved": [asset for asset, fresh in made if fresh is not None],
        "unchanged": [asset for asset, fresh in made if fresh is None],
    }


def _check_twice(names: Sequence[str]) -> None:
    twice = next((one for at, one in enumerate(names) if one in names[:at]), None)
    if twice is not None:
        raise BadField("assets", twice, "each asset once")


def _saved(draft: Draft, asset: AssetId, one: Save) -> Version | None:
    """The asset's next version; None where it would say nothing new."""
    facts = draft.asset(asset)
    current = choices.current_of(facts)
    fields = parameters.check(one.parameters)
    wanted = Wanted(fields, one.tier, tuple(one.inputs or ()))
    dropped: list[str] = []
    if one.inputs is not None:
        kept = {versions.find(draft.edit.index, name).id for name, _ in one.inputs}
        dropped = [link.asset for link in current.links if link.asset not in kept]
    choice = choices.next_choice(draft, facts, current, wanted, dropped)
    if not choices.differs(draft, current, choice):
        return None
    return draft.add_version(asset, choice, note=one.note, recipe=pictures.kept_recipe(current, choice))
