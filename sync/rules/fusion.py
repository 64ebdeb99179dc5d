"""The recipe of versions that are taken together: frozen from what each of them had frozen, without the model at hand.

What belongs to the model (its pipeline, the scheduler's configuration) comes from a version with that model, an input
as it was frozen by the first version that has it, and the words that inputs lend are those that follow the prompts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.faults import BadField
from engine.recipe import Recipe, RecipeKey
from sync.records import Link, Version

ROLES: Final = ("image", "environment", "prop", "character", "style")
"""The order in which inputs are frozen; the first lends its pixels."""
_PLAIN: Final = ("width", "height", "seed", "steps", "guidance", "dtype")
_WORDS: Final = ("negative_prompt", "salt")


def recipe(
    parameters: Mapping[str, Any], links: Sequence[Link], sides: Sequence[Version]
) -> tuple[str, RecipeKey] | None:
    """The recipe's canonical text and its key; None where the versions' recipes do not go together."""
    try:
        frozen = [_read(one) for one in sides]
        found = _fused(parameters, links, sides, frozen)
        made = Recipe.from_json({name: value for name, value in found.items() if value is not None})
        return made.canonical().decode(), made.key
    except (BadField, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _read(version: Version) -> dict[str, Any]:
    found = json.loads(version.recipe)
    if not isinstance(found, dict) or found.get("operation") == "imported":
        raise ValueError("it is rendered by no recipe")
    return found


def _fused(
    parameters: Mapping[str, Any],
    links: Sequence[Link],
    sides: Sequence[Version],
    frozen: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    [base, *_] = [one for one in frozen if one["model"] == parameters["model"]]
    entries = _inputs(links, sides, frozen)
    return {
        **base,
        **{name: parameters[name] for name in _PLAIN if name in parameters},
        **{name: parameters[name] or None for name in _WORDS if name in parameters},
        "operation": "image-to-image" if links else "text-to-image",
        "prompt": _prompt(str(parameters["prompt"]), links, sides, frozen),
        "scheduler": {"name": parameters["scheduler"], "config": base["scheduler"]["config"]},
        "strength": parameters["strength"] if links else None,
        "inputs": entries,
    }


def _inputs(
    links: Sequence[Link], sides: Sequence[Version], frozen: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    held = [_by_link(side, one) for side, one in zip(sides, frozen, strict=True)]
    found = []
    for place, link in enumerate(ordered(links)):
        [entry, *_] = [one[link] for one in held if link in one]
        plain = {name: value for name, value in entry.items() if name != "argument"}
        found.append({**plain, "argument": "image"} if place == 0 else plain)
    return found


def ordered(links: Sequence[Link]) -> list[Link]:
    """Links in the order in which they are frozen."""
    return sorted(links, key=lambda one: ROLES.index(one.role))


def _by_link(version: Version, frozen: Mapping[str, Any]) -> dict[Link, dict[str, Any]]:
    return dict(zip(ordered(version.links), frozen.get("inputs", []), strict=True))


def _prompt(
    own: str, links: Sequence[Link], sides: Sequence[Version], frozen: Sequence[dict[str, Any]]
) -> str:
    """The merged prompt with the words that its inputs lend: those of a version with the same inputs, else of all."""
    lent = [_lent(side, one) for side, one in zip(sides, frozen, strict=True)]
    alike = [words for side, words in zip(sides, lent, strict=True) if set(side.links) == set(links)]
    parts = [own.strip(), *([alike[0]] if alike else lent if links else [])]
    return ", ".join(dict.fromkeys(one for one in parts if one))


def _lent(version: Version, frozen: Mapping[str, Any]) -> str:
    own = str(version.parameters["prompt"]).strip()
    return str(frozen.get("prompt", "")).removeprefix(own).removeprefix(", ")
