"""An asset as `engine.graph.stale_assets` sees it, read from its facts."""

from __future__ import annotations

import json
from typing import Any

from engine.graph import Node
from sync.records import AssetFacts, AssetId, Version
from sync.rules import history, takes


def node(facts: AssetFacts) -> Node[AssetId]:
    """The asset's node: what it feeds, what its current version was made from, and whether that is unrendered.

    A removed asset, and one without a version, is never outdated by itself and names no inputs.
    """
    shown = history.current(facts.versions)
    if shown is None or history.gone(facts):
        return Node(_feeds(facts))
    outdated = bool(facts.takes) and all(one.recipe_key != shown.recipe_key for one in facts.takes)
    return Node(_feeds(facts), _inputs(shown), outdated)


def _feeds(facts: AssetFacts) -> frozenset[str]:
    found = takes.fed(facts)
    if found is None:
        return frozenset()
    version, take, _ = found
    keys = {str(takes.fed_key(facts))}
    if take is not None and take.imported:
        keys.add(take.pixels)
    recipe = _recipe(version)
    if recipe.get("operation") == "imported":
        keys.update(one["pixels"] for one in _recorded(recipe) if "pixels" in one)
    return frozenset(keys)


def _inputs(version: Version) -> tuple[tuple[AssetId, frozenset[str]], ...]:
    """The linked assets, each with every identity that the frozen recipe names in the link's role."""
    by_role: dict[str, set[str]] = {}
    for one in _recorded(_recipe(version)) if version.links else ():
        named = (one[name] for name in ("recipe", "pixels") if name in one)
        by_role.setdefault(one.get("role", ""), set()).update(named)
    return tuple((link.asset, frozenset(by_role.get(link.role, ()))) for link in version.links)


def _recipe(version: Version) -> dict[str, Any]:
    """The frozen recipe as JSON; one that cannot be read is empty."""
    try:
        found = json.loads(version.recipe)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _recorded(recipe: dict[str, Any]) -> list[dict[str, str]]:
    inputs = recipe.get("inputs")
    return [
        {name: value for name, value in one.items() if isinstance(value, str)}
        for one in (inputs if isinstance(inputs, list) else ())
        if isinstance(one, dict)
    ]
