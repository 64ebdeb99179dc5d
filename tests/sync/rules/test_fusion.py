"""The recipe of versions taken together is the one that freezing what they say would give."""

from __future__ import annotations

from sync.records import AssetId, Link
from sync.rules import fusion
from tests.sync.rules.facts import version
from tests.sync.rules.test_forks import FIELDS, made

STYLE = Link(asset=AssetId("x"), role="style")
PLACE = Link(asset=AssetId("y"), role="environment")


def test_parameters_of_either_side() -> None:
    sides = [made("b", 2, steps=30), made("c", 2, prompt="new", salt="s")]
    wanted = made("d", 3, steps=30, prompt="new", salt="s")
    said = {**FIELDS, "steps": 30, "prompt": "new", "salt": "s"}
    assert fusion.recipe(said, (), sides) == (wanted.recipe, wanted.recipe_key)


def test_inputs_in_the_order_in_which_they_are_frozen() -> None:
    sides = [made("b", 2, links=(STYLE,)), made("c", 2, links=(PLACE,))]
    wanted = made("d", 3, links=(PLACE, STYLE))
    assert fusion.recipe(FIELDS, (STYLE, PLACE), sides) == (wanted.recipe, wanted.recipe_key)


def test_what_does_not_go_together_has_no_recipe() -> None:
    one = made("b", 2)
    assert fusion.recipe({**FIELDS, "model": "n" * 64}, (), [one]) is None
    assert fusion.recipe(FIELDS, (STYLE,), [one]) is None
    assert fusion.recipe({"prompt": "a"}, (), [one]) is None
    assert fusion.recipe(FIELDS, (Link(asset=AssetId("x"), role="nose"),), [one]) is None
    for text in ("", "[]", "{}", '{"operation": "imported"}'):
        assert fusion.recipe(FIELDS, (), [version("c", recipe=text)]) is None
