"""How fast this machine renders: seconds a unit of work by model, as measured, for the plan that all workers make."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from engine.recipe import Recipe
from sync.farm.hands import short

if TYPE_CHECKING:
    from app.studio import Studio

NEWEST: Final = 20
"""How many renders of a model count."""
FRESH: Final = 0.3
"""The share of a new measurement in the rate."""
MILLION: Final = 1_000_000
UNKNOWN: Final = 1.0


def units(recipe: Recipe) -> float:
    """The work of a recipe: steps × million pixels."""
    return (recipe.steps or 1) * recipe.width * recipe.height / MILLION


class Rates:
    """This device's rates, by the first digits of each model: from its newest takes, then as the worker goes on."""

    def __init__(self, studio: Studio) -> None:
        found: dict[str, list[float]] = {}
        for one in studio.project.index.speeds():
            work = one.steps * one.pixels / MILLION
            if one.device == studio.project.device.id and work > 0 and one.seconds > 0:
                found.setdefault(short(one.model), []).append(one.seconds / work)
        self._rates = {model: statistics.median(some[:NEWEST]) for model, some in found.items()}

    def measured(self, recipe: Recipe, seconds: float) -> None:
        """A render of the recipe took so many seconds, loading apart."""
        if recipe.model is None or seconds <= 0:
            return
        model, rate = short(recipe.model), seconds / units(recipe)
        before = self._rates.pop(model, rate)
        self._rates = {model: before + FRESH * (rate - before), **self._rates}  # the last used is told first

    @property
    def by_model(self) -> dict[str, float]:
        """Seconds a unit by model, the one used last first."""
        return dict(self._rates)

    @property
    def usual(self) -> float:
        """Seconds a unit for a model that was never measured."""
        return statistics.median(self._rates.values()) if self._rates else UNKNOWN
