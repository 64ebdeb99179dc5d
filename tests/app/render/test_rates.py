"""Rates come from what was measured here, newest most."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.render.prepare import recipe_of
from app.render.rates import FRESH, UNKNOWN, Rates, units
from sync.farm.hands import short
from tests.app.studios import add, ask, film, takes_of, work


async def test_rates_are_measured_by_model_and_follow_what_comes(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        assert Rates(studio).usual == UNKNOWN
        asset = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio)
        await work(studio)
        [take] = takes_of(studio, "LAMP")
        recipe = recipe_of(studio.project.asset(asset).versions[0], 0)
        assert recipe.model is not None
        name, measured = short(recipe.model), take.seconds / units(recipe)
        rates = Rates(studio)
        if take.seconds > 0:
            assert rates.by_model == {name: pytest.approx(measured)}
        before = rates.by_model.get(name, 2.0)
        rates.measured(recipe, units(recipe) * before)
        rates.measured(recipe, units(recipe) * before * 2)
        assert rates.by_model[name] == pytest.approx(before * (1 + FRESH))
        other = replace(recipe, model=type(recipe.model)("f" * 64))
        rates.measured(other, units(other))
        assert list(rates.by_model) == ["f" * 12, name]
        rates.measured(other, 0.0)
        assert rates.by_model["f" * 12] == 1.0
