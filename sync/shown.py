"""Versions as lists show them: less than the record, read from its text in a third of the time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.recipe import RecipeKey
from sync import codec
from sync.records import AssetId, Tier, Version, VersionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What lists show of a version: its recipe as JSON value, its inputs as asset and role."""

    id: VersionId
    number: int
    tier: Tier
    note: str
    parameters: Mapping[str, Any]
    recipe: Mapping[str, Any]
    recipe_key: RecipeKey
    links: tuple[tuple[AssetId, str], ...]

    @classmethod
    def of(cls, version: Version) -> Shown:
        """What lists show of a record."""
        return cls(
            id=version.id,
            number=version.number,
            tier=version.tier,
            note=version.note,
            parameters=version.parameters,
            recipe=json.loads(version.recipe),
            recipe_key=version.recipe_key,
            links=tuple((one.asset, one.role) for one in version.links),
        )

    @classmethod
    def read(cls, version: str, text: str) -> Shown:
        """What lists show of the record under this key, which the index has read before as a whole."""
        value, recipe = codec.opened(text)
        return cls(
            id=VersionId(version),
            number=int(value["number"]),
            tier=Tier(value["tier"]),
            note=str(value["note"]),
            parameters=value["parameters"],
            recipe=recipe,
            recipe_key=RecipeKey(value["recipe_key"]),
            links=tuple((AssetId(one["asset"]), str(one["role"])) for one in value["links"]),
        )
