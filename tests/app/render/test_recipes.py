"""The keys of many recipes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given

from app.render import recipes
from engine.recipe import Recipe, Scheduler
from tests.engine.strategies import RECIPE

PLAIN = Recipe(pipeline="P", operation="text-to-image", width=96, height=56, guidance=3.0, seed=7)


@given(RECIPE)
@example(replace(PLAIN, prompt='a "red"\n\t tower\x7f \x01', salt="café"))
def test_text_and_key_are_the_recipes_own(recipe: Recipe) -> None:
    assert recipes.text(recipe) == recipe.canonical().decode()
    assert recipes.key(recipe) == recipes.key_of(recipes.text(recipe)) == recipe.key


@pytest.mark.parametrize("number", [1e-7, 1.5e-5, 0.0001, 0.1, 1e15, 123456789.125, 3.0, -0.0, 5e-324])
def test_numbers_are_written_as_the_format_says(number: float) -> None:
    recipe = replace(PLAIN, scheduler=Scheduler("S", {"beta": number, "more": [number, {"é": number}]}))
    assert recipes.key(recipe) == recipe.key
