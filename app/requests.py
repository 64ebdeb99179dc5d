"""Requests for pictures as commands make them: selecting, asking, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app import versions, views
from app.listing import Listing
from app.render import serving
from app.render.wishes import Asked, Asking
from app.trial import tried
from app.versions import show_recipe
from engine.faults import WrongUse
from sync.project import Edit
from sync.records import AssetId, Kind, Tier, VersionId
from sync.rules import estimate, history
from sync.rules import jobs as rules

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]


def select(
    studio: Studio,
    names: Sequence[str],
    *,
    scene: str | None,
    all: bool,
    stale: bool,
    kind: Kind | None,
    where: str | None,
) -> list[AssetId]:
    """The assets that were named or selected; selections narrow each other. Raises `WrongUse` when nothing was."""
    options = scene is not None or kind is not None or where is not None or all or stale
    if names and options:
        raise WrongUse("name assets or select them, not both", "leave out the names, or the options")
    if names:
        return list(dict.fromkeys(versions.find(studio.project.index, name).id for name in names))
    if not options:
        raise WrongUse(
            "nothing was selected", "name assets, or use --all, --stale, --scene, --kind or --where"
        )
    rows = views.rows(studio, kind=kind, scene=scene, where=where, stale=stale)
    return [row.id for row in rows if row.version is not None]


def request(studio: Studio, selected: Sequence[AssetId], tier: Tier | None, count: int) -> list[Asked]:
    """Ask for pictures, durably: versions, jobs and takes on known pictures in one commit, then the files."""

    def build(edit: Edit) -> tuple[Asking, list[Asked]]:
        asking = Asking(studio, edit)
        return asking, asking.ask(selected, tier, count)

    asking, asked = studio.project.commit(build)
    for asset, version in asking.saved:
        show_recipe(studio.project.folder, studio.project.asset(asset), version)
    for take in asking.twins:
        if studio.blobs.has(take.sha256):
            serving.show_file(studio, take, take.sha256)
    return asked


def preview(studio: Studio, selected: Sequence[AssetId], tier: Tier | None, count: int) -> Shape:
    """What `request` would ask for, and how long that would take; nothing is stored."""

    def build(edit: Edit) -> tuple[list[Asked], int]:
        asking = Asking(studio, edit)
        return asking.ask(selected, tier, count), len(asking.saved)

    asked, saved = tried(studio.project, build)
    listing = Listing(studio)
    new = [one for one in asked if not one.deduplicated]
    parts = [listing.estimate(one.recipe) for one in new]
    whole = estimate.total(parts)
    called = _called(studio, asked)
    found = [
        {**_planned(one, called), "eta_s": None if part.range is None else round(part.range[1], 1)}
        for one, part in zip(new, parts, strict=True)
    ]
    found += [_planned(one, called) for one in asked if one.deduplicated]
    seconds = None if whole.range is None else [round(one, 1) for one in whole.range]
    words = f"{len(new)} to render, {len(asked) - len(new)} there or asked for already"
    about = f", about {seconds[1]:g} s" if seconds and new else ""
    return {
        "dry_run": True,
        "jobs": found,
        "versions": saved,
        "seconds": seconds,
        "message": f"{words}{about}. Nothing was asked for yet.",
    }


@dataclass(frozen=True, slots=True)
class _Called:
    """What the assets and versions of a request are called."""

    names: Mapping[AssetId, str]
    labels: Mapping[VersionId, str]


def _called(studio: Studio, asked: Sequence[Asked]) -> _Called:
    index = studio.project.index
    rows = index.assets_of({one.asset for one in asked})
    labels = index.labels_of({one.version.id for one in asked})
    for one in asked:
        if one.version.id not in labels:  # a preview's version, which nobody saved
            known = studio.project.asset(one.asset).versions
            labels[one.version.id] = history.label(one.version, [*known, one.version])
    return _Called({asset: row.name for asset, row in rows.items()}, labels)


def _planned(one: Asked, called: _Called) -> Shape:
    """A job as it would be, before anything is stored."""
    return {
        "id": one.job,
        "asset": one.asset,
        "asset_name": called.names[one.asset],
        "version": one.version.number,
        "version_id": one.version.id,
        "version_label": called.labels[one.version.id],
        "item": one.item,
        "tier": str(one.tier),
        "state": "finished" if one.take is not None else "pending",
        "owner": None,
        "votes": 0,
        "generation": rules.split(one.job)[1],
        "progress": None,
        "stage": None,
        "eta_s": None,
        "reason": None,
        "attempts": [],
        "take": one.take,
        "deduplicated": one.deduplicated,
    }


def answer(studio: Studio, asked: Sequence[Asked]) -> Shape:
    """The jobs of a request as they are now."""
    listing, called = Listing(studio), _called(studio, asked)
    waiting = [one for one in asked if one.take is None]
    jobs = {shape["id"]: shape for shape in listing.jobs(list({one.job: None for one in waiting}))}
    return {
        "jobs": [
            _asked(studio, jobs[one.job], one, called) if one.take is None else _planned(one, called)
            for one in asked
        ]
    }


def _asked(studio: Studio, shape: Shape, one: Asked, called: _Called) -> Shape:
    """A job as it is; of one that several assets wished for, for the asset that was asked for here."""
    take = _take_of(studio, one)
    whose = {name: value for name, value in _planned(one, called).items() if name in _WHOSE}
    return {**shape, **whose, "take": take or shape["take"], "deduplicated": one.deduplicated}


_WHOSE: Final = ("asset", "asset_name", "version", "version_id", "version_label", "item")


def _take_of(studio: Studio, one: Asked) -> str | None:
    rows = studio.project.index.takes(asset=one.asset, recipe_key=one.key)
    return rows[-1].take.id if rows else None
