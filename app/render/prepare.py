"""What a strike needs from this machine: the recipe, the verified model, and the pictures of its inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.render import serving
from engine.faults import NotFound
from engine.recipe import FileDigest, Input, ModelDigest, Recipe
from engine.renderer import Strike
from sync.records import AssetFacts, AssetId, JobId, Take, TakeId, Tier, Version
from sync.rules import history, takes

if TYPE_CHECKING:
    from app.studio import Studio
    from app.versions import Facts

TIMEOUTS: Final[Mapping[Tier, float]] = {Tier.LOW: 120.0, Tier.STANDARD: 300.0, Tier.HIGH: 600.0}
"""Seconds of rendering by tier, loading apart."""


@dataclass(frozen=True, slots=True)
class Source:
    """A take that feeds a strike in a role; `digest` is its picture here, None when it has to come back first."""

    role: str
    asset: AssetId
    take: TakeId
    digest: FileDigest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One claimed job and all that its strike needs; `provisional` when some input was not approved."""

    job: JobId
    epoch: int
    asset: AssetId
    name: str
    version: Version
    item: int
    tier: Tier
    recipe: Recipe
    models: Mapping[ModelDigest, Path]
    sources: tuple[Source, ...]
    provisional: bool

    @property
    def missing(self) -> tuple[Source, ...]:
        """The inputs whose pictures are not here."""
        return tuple(one for one in self.sources if one.digest is None)


def recipe_of(version: Version, item: int) -> Recipe:
    """The recipe of item `item` of a version."""
    return Recipe.from_json(json.loads(version.recipe)).item(item)


def models(studio: Studio, recipe: Recipe) -> dict[ModelDigest, Path]:
    """The folders of a recipe's models, verified; raises `ModelFault` when one is missing or its weights changed."""
    return {} if recipe.model is None else {recipe.model: studio.models.locate(recipe.model)}


def sources(studio: Studio, version: Version, recipe: Recipe) -> tuple[Source, ...]:
    """The takes that feed a recipe's pipeline; raises `NotFound` where an input has not been rendered yet."""
    return tuple(_source(studio, version, one) for one in recipe.inputs if one.argument is not None)


def provisional(facts: Facts, version: Version, recipe: Recipe) -> bool:
    """Whether any input of the recipe is not what its asset's approved take was made by."""
    approved: set[tuple[str, str]] = set()
    for link in version.links:
        take = takes.chosen(facts.asset(link.asset))
        if take is not None:
            approved |= {(link.role, take.recipe_key), (link.role, take.pixels)}
    return any((one.role, one.recipe or one.pixels or "") not in approved for one in recipe.inputs)


def strike(studio: Studio, work: Work) -> Strike:
    """The strike of a work whose sources are all here; raises `NotFound` or `Damaged` when one is not."""
    inputs = {}
    for one in work.sources:
        facts = studio.project.asset(one.asset)
        take = takes.known(facts.takes)[one.take]
        digest = one.digest or serving.sound(studio.blobs, take, facts)
        if digest is None:
            raise NotFound(
                f"the picture of {serving.name_of(take, facts)} is not here",
                "restrike storage fetch brings it back",
            )
        inputs[one.role] = studio.blobs.path(digest)
    return Strike(recipe=work.recipe, models=work.models, inputs=inputs, timeout=TIMEOUTS[work.tier])


def _source(studio: Studio, version: Version, one: Input) -> Source:
    linked = {link.asset for link in version.links if link.role == one.role}
    found = [(asset, take) for asset, take in _candidates(studio, version, one) if asset in linked]
    for asset, take in found or _candidates(studio, version, one):
        facts = studio.project.asset(asset)
        best = _best(facts, [each for owner, each in found if owner == asset] or [take])
        return Source(one.role, asset, best.id, serving.sound(studio.blobs, best, facts))
    raise NotFound(
        f"the {one.role} that feeds it has not been rendered yet", "render it first, or with --wait"
    )


def _candidates(studio: Studio, version: Version, one: Input) -> list[tuple[AssetId, Take]]:
    """The takes with the identity that a recipe names: a recipe's key, or the pixels of an imported picture."""
    if one.recipe is not None:
        return studio.project.index.by_recipe(one.recipe)
    return [
        (link.asset, take)
        for link in version.links
        for take in studio.project.asset(link.asset).takes
        if take.pixels == one.pixels
    ]


def _best(facts: AssetFacts, found: list[Take]) -> Take:
    """Of takes of one recipe the approved one, else the newest."""
    chosen = takes.chosen(facts)
    if chosen is not None and chosen.id in {one.id for one in found}:
        return chosen
    return max(found, key=lambda one: (one.time, one.id))


def label(facts: AssetFacts, version: Version, item: int) -> str:
    """What people call the work: `MARA v03`, `MARA v03 #2`."""
    words = f"{history.name(facts)} {history.label(version, facts.versions)}"
    return f"{words} #{item}" if item else words
