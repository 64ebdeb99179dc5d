"""What can still be had when some pictures are gone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.recipe import FileDigest, ModelDigest, Recipe, RecipeKey
from sync.records import AssetFacts, Consumed, Grade, TakeId, Tier
from sync.rules.closure import Ground, Holding, Picture, comes_back, held, identical, pooled, read, together
from tests.sync.rules import facts
from tests.sync.rules.facts import struck, take, version

MODEL = ModelDigest("model")
GROUND = Ground(models={MODEL: Holding(name="starter-v1", here=True)})


def picture(name: str, *consumed: str, **fields: Any) -> Picture:
    default: dict[str, Any] = {
        "tier": Tier.STANDARD,
        "recipe_key": RecipeKey("key-" + name),
        "sha256": FileDigest(name),
        "grade": Grade.R0,
        "fresh": True,
        "models": (MODEL,),
    }
    sources = tuple(FileDigest(one) for one in consumed)
    return Picture(take=TakeId(name), name=name, consumed=sources, **{**default, **fields})


def ids(*names: str) -> set[TakeId]:
    return {TakeId(name) for name in names}


def test_a_chain_of_proved_pictures_comes_back_from_nothing() -> None:
    chain = [picture("ink"), picture("ana", "ink"), picture("shot", "ana")]
    assert comes_back(chain, ids("ink", "ana", "shot"), GROUND) == ids("ink", "ana", "shot")


def test_a_source_that_is_not_identical_breaks_the_chain() -> None:
    chain = [picture("ink"), picture("ana", "ink", grade=Grade.R1), picture("shot", "ana")]
    assert comes_back(chain, ids("ana", "shot"), GROUND) == ids("ink", "ana")
    assert comes_back(chain, ids("shot"), GROUND) == ids("ink", "ana", "shot")


def test_a_circle_of_pictures_does_not_lift_itself() -> None:
    circle = [picture("a", "b"), picture("b", "a")]
    assert comes_back(circle, ids("a", "b"), GROUND) == set()
    assert comes_back(circle, ids("a"), GROUND) == ids("a", "b")


def test_proofs_are_shared_by_takes_of_one_recipe_with_the_same_bytes() -> None:
    same = {"sha256": FileDigest("x"), "recipe_key": RecipeKey("k")}
    known = pooled(
        [
            picture("a", **same),
            picture("b", **{**same, "grade": Grade.UNPROVED, "fresh": False, "elsewhere": Grade.R1}),
            picture("c", sha256=FileDigest("x"), grade=Grade.UNPROVED),
        ]
    )
    assert [known[TakeId(name)].grade for name in "abc"] == [Grade.R0, Grade.R0, Grade.UNPROVED]
    assert known[TakeId("b")].fresh
    assert known[TakeId("a")].elsewhere is Grade.R1


def test_takes_with_the_same_bytes_go_together() -> None:
    known = [picture("a", sha256=FileDigest("x")), picture("b"), picture("c", sha256=FileDigest("x"))]
    assert together([TakeId("c"), TakeId("lost")], known) == ["c", "a", "lost"]


@pytest.mark.parametrize(
    ("members", "holding", "enough"),
    [
        (1, Holding(name="m", here=True), True),
        (1, Holding(name="m", bundled=True), True),
        (1, Holding(name="m", members=1, bucket=True), False),
        (2, Holding(name="m", here=True, members=1), False),
        (2, Holding(name="m", members=1, bucket=True), True),
        (2, Holding(name="m", members=2), True),
        (2, Holding(name="m", bundled=True), True),
    ],
)
def test_who_has_to_have_a_model(members: int, holding: Holding, enough: bool) -> None:
    assert held(MODEL, Ground(members=members, models={MODEL: holding})) is enough
    assert not held(ModelDigest("another"), Ground(members=members, models={MODEL: holding}))


def test_identical_needs_a_fresh_process_only_where_one_is_alone() -> None:
    one = picture("a", fresh=False)
    assert not identical(one, GROUND)
    assert identical(one, Ground(members=2, models={MODEL: Holding(name="m", members=2)}))


def test_a_take_is_read_from_its_assets_facts() -> None:
    recipe = Recipe(pipeline="P", operation="text-to-image", model=MODEL, width=8, height=8, seed=7)
    made = version("v1", tier=Tier.HIGH, recipe=recipe.canonical().decode(), recipe_key=recipe.key)
    one = take("t", "v1", recipe_key=recipe.key, consumed=(Consumed(role="image", sha256=FileDigest("src")),))
    known = AssetFacts(
        asset=facts.asset(),
        versions=(made,),
        takes=(one,),
        struck=(struck("1", "t", Grade.R0), struck("2", "t", Grade.R1, profile="there")),
    )
    found = read(one, known, name="Ana v01 take01", fresh=True, present=True)
    assert (found.name, found.models) == ("Ana v01 take01", (MODEL,))
    assert (found.grade, found.elsewhere, found.tier) == (Grade.R0, Grade.R1, Tier.HIGH)
    assert (found.complete, found.consumed, found.present) == (True, ("src",), True)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"pipeline": 3}', json.dumps({"pipeline": "P"})])
def test_a_recipe_that_is_not_the_takes_own_is_incomplete(text: str) -> None:
    one = take("t", "v1")
    known = AssetFacts(asset=facts.asset(), versions=(version("v1", recipe=text),), takes=(one,))
    found = read(one, known, name="t", fresh=True, present=True)
    assert (found.complete, found.models) == (False, ())
    orphan = read(one, replace(known, versions=()), name="t", fresh=True, present=True)
    assert (orphan.complete, orphan.tier) == (False, Tier.HIGH)


def test_an_item_of_a_count_is_read_by_its_own_key() -> None:
    recipe = Recipe(pipeline="P", operation="text-to-image", model=MODEL, width=8, height=8, seed=7)
    made = version("v1", recipe=recipe.canonical().decode(), recipe_key=recipe.key)
    one = take("t", "v1", item=2, recipe_key=recipe.item(2).key)
    known = AssetFacts(asset=facts.asset(), versions=(made,), takes=(one,))
    assert read(one, known, name="t", fresh=True, present=True).complete
    assert not read(replace(one, item=1), known, name="t", fresh=True, present=True).complete
