"""The regenerative state: all assets with a version that only grows, and what saving parameters answers."""

from __future__ import annotations

from typing import Any

from app.api.schemas.assets import ASSET, Asset
from app.api.schemas.projects import PROJECT
from app.api.schemas.values import Count, Digest, Id, Shape, always, shown

_STATE: dict[str, Any] = {
    "project": PROJECT,
    "name": "Harbour",
    "version": 112,
    "total": 1,
    "limit": 100,
    "offset": 0,
    "assets": [ASSET],
    "next": None,
}


class RegenerativeState(Shape):
    """A page of everything that can be rendered again, as of one version."""

    model_config = shown(_STATE)

    project: Digest = always("The project's id.")
    name: str = always("What the film is called.")
    version: int = always("This device's monotone counter: saving names the version it was based on.", ge=0)
    total: Count = always("How many assets the filters select.")
    limit: Count = always("How many a page holds at most.")
    offset: Count = always("How many come before this page.")
    assets: list[Asset] = always("The assets of this page, by name.")
    next: int | None = always("The `offset` of the next page; null on the last.")


class SavedParameters(Shape):
    """The assets after their parameters were saved, or as they are where they only would be."""

    model_config = shown(
        {"version": 113, "dry_run": False, "assets": [ASSET], "saved": [ASSET["id"]], "unchanged": []}
    )

    version: int = always("The state's version now.", ge=0)
    dry_run: bool = always("Whether nothing was saved.")
    assets: list[Asset] = always("All assets that were named, as they are now.")
    saved: list[Id] = always("The ids of those that have a new version, or would.")
    unchanged: list[Id] = always("The ids of those of which nothing would have changed.")
