from __future__ import annotations

import hashlib
import json
import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import BadField
from engine.recipe import LARGEST_SEED, Adapter, Input, PixelDigest, Recipe, RecipeKey, Scheduler, item_seed
from tests.engine.strategies import JSON, RECIPE, decomposed, floats, shuffled

KEY = RecipeKey("ab" * 32)
PLAIN = Recipe(pipeline="StableDiffusionPipeline", operation="text-to-image", width=96, height=56)
FULL = replace(
    PLAIN,
    operation="image-to-image",
    prompt="a red tower, noon",
    negative_prompt="fog",
    seed=2**64 - 1,
    scheduler=Scheduler(
        "DPMSolverMultistepScheduler", {"beta_end": 0.012, "steps_offset": 1, "trained_betas": None}
    ),
    steps=20,
    guidance=5.0,
    strength=0.75,
    adapters=(Adapter("lora", "cd" * 32, 0.5),),
    inputs=(Input("environment", recipe=KEY, argument="image"),),
    arguments={"eta": 0.5},
    salt="two",
)


def test_the_key_is_what_the_format_says() -> None:
    written = (
        '{"adapters":[{"digest":"' + "cd" * 32 + '","kind":"lora","scale":0.5}],"arguments":{"eta":0.5},'
        '"dtype":"float32","guidance":5,"height":56,"inputs":[{"argument":"image","recipe":"' + KEY + '",'
        '"role":"environment"}],"negative_prompt":"fog","operation":"image-to-image","output":"png",'
        '"pipeline":"StableDiffusionPipeline","prompt":"a red tower, noon","rng":"philox/1","salt":"two",'
        '"scheduler":{"config":{"beta_end":0.012,"steps_offset":1},"name":"DPMSolverMultistepScheduler"},'
        '"schema":1,"seed":"18446744073709551615","semantics":1,"steps":20,"strength":0.75,"width":96}'
    )
    assert FULL.canonical().decode() == written
    assert FULL.key == hashlib.sha256(b"recipe/1\0" + written.encode()).hexdigest()
    assert PLAIN.key == "159f45d05d841778920780a6267da435335d07ef41162da55fabef54a850454a"


@given(RECIPE)
def test_one_recipe_has_one_key_however_it_is_written(recipe: Recipe) -> None:
    plain = recipe.to_json()
    for other in (plain, shuffled(plain), floats(plain), decomposed(plain), json.loads(recipe.canonical())):
        again = Recipe.from_json(other)
        assert again.key == recipe.key
        assert again == recipe
        assert again.to_json() == plain


@given(RECIPE, st.sampled_from([one.name for one in fields(Recipe)]), st.data())
def test_any_field_changed_gives_another_key(recipe: Recipe, name: str, data: st.DataObject) -> None:
    other = replace(recipe, **{name: getattr(data.draw(RECIPE), name)})
    same = other.to_json() == recipe.to_json()
    assert (other.key == recipe.key) == same


@pytest.mark.parametrize(
    "change",
    [
        {"pipeline": "X"},
        {"operation": "text-to-image"},
        {"model": "e" * 64},
        {"prompt": "a red tower, noon."},
        {"negative_prompt": None},
        {"width": 104},
        {"height": 64},
        {"seed": 4},
        {"rng": "philox/2"},
        {"scheduler": Scheduler("DPMSolverMultistepScheduler", {"beta_end": 0.012, "steps_offset": 2})},
        {"scheduler": Scheduler("DDIMScheduler", {"beta_end": 0.012, "steps_offset": 1})},
        {"steps": 21},
        {"guidance": 5.5},
        {"strength": 0.5},
        {"adapters": (Adapter("lora", "cd" * 32, 0.25),)},
        {"inputs": (Input("environment", recipe=KEY),)},
        {"dtype": "bfloat16"},
        {"output": "webp"},
        {"arguments": {"eta": True}},
        {"schema": 2},
        {"semantics": 2},
        {"salt": None},
    ],
)
def test_each_field_is_in_the_key(change: dict[str, Any]) -> None:
    assert replace(FULL, **change).key != FULL.key


@given(st.sampled_from([one.name for one in fields(Recipe)]), JSON | st.binary() | st.floats())
def test_a_field_of_any_type_is_read_or_refused_by_name(name: str, value: object) -> None:
    stored = {**FULL.to_json(), name: value}
    fault: BadField | None = None
    try:
        recipe = Recipe.from_json(stored)
        assert Recipe.from_json(recipe.to_json()).key == recipe.key
    except BadField as error:
        fault = error
    assert fault is None or fault.field.startswith(name) or name in ("adapters", "inputs", "scheduler")


@pytest.mark.parametrize(
    ("stored", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"width": "96"}, "width"),
        ({"width": True}, "width"),
        ({"width": 0}, "width"),
        ({"steps": 7.5}, "steps"),
        ({"guidance": math.nan}, "guidance"),
        ({"guidance": math.inf}, "guidance"),
        ({"guidance": 2**53}, "guidance"),
        ({"strength": 1.5}, "strength"),
        ({"prompt": ["a"]}, "prompt"),
        ({"pipeline": None}, "pipeline"),
        ({"operation": "upscale"}, "operation"),
        ({"operation": ["imported"]}, "operation"),
        ({"seed": -1}, "seed"),
        ({"seed": "18446744073709551616"}, "seed"),
        ({"seed": "٤"}, "seed"),
        ({"seed": "9" * 5000}, "seed"),
        ({"seed": 1e19}, "seed"),
        ({"schema": 2}, "schema"),
        ({"scheduler": "ddim"}, "scheduler"),
        ({"scheduler": {"name": "A"}}, "scheduler.config"),
        ({"scheduler": {"name": "A", "config": []}}, "scheduler.config"),
        ({"scheduler": {"name": 3, "config": {}}}, "scheduler.name"),
        ({"scheduler": {"name": "A", "config": {"a": {"b": math.inf}}}}, "scheduler.config.a.b"),
        ({"scheduler": {"name": "A", "config": {}, "speed": 1}}, "speed"),
        ({"inputs": {"role": "image"}}, "inputs"),
        ({"inputs": ["image"]}, "inputs"),
        ({"inputs": [{"role": "image"}]}, "inputs"),
        ({"inputs": [{"role": "image", "recipe": "a", "pixels": "b"}]}, "inputs"),
        ({"inputs": [{"recipe": "a"}]}, "inputs.role"),
        ({"inputs": [{"role": "image", "recipe": 5}]}, "inputs.recipe"),
        ({"adapters": [{"kind": "lora", "digest": "a", "scale": "1"}]}, "adapters.scale"),
        ({"arguments": 5}, "arguments"),
        ({"arguments": {"a": 2**53}}, "arguments.a"),
    ],
)
def test_a_malformed_value_is_refused_by_name(stored: dict[str, Any], field: str) -> None:
    with pytest.raises(BadField) as caught:
        Recipe.from_json({**PLAIN.to_json(), **stored})
    assert caught.value.field == field


@pytest.mark.parametrize("value", [None, 5, "recipe", [], True])
def test_what_is_no_object_is_no_recipe(value: Any) -> None:
    with pytest.raises(BadField, match="recipe"):
        Recipe.from_json(value)


def test_nulls_are_as_if_they_were_not_there() -> None:
    stored = {**PLAIN.to_json(), "model": None, "inputs": None, "prompt": None, "arguments": {"eta": None}}
    assert Recipe.from_json(stored).key == PLAIN.key


@pytest.mark.parametrize("written", ["4211", 4211, 4211.0, "0004211"])
def test_a_seed_may_be_written_in_several_ways(written: object) -> None:
    assert Recipe.from_json({**PLAIN.to_json(), "seed": written}) == replace(PLAIN, seed=4211)


def test_a_recipe_is_normal_from_the_start() -> None:
    recipe = replace(PLAIN, prompt="cafe\u0301", steps=7.0, guidance=7)  # type: ignore[arg-type]
    assert (recipe.prompt, recipe.steps, recipe.guidance) == ("caf\u00e9", 7, 7.0)
    assert (type(recipe.steps), type(recipe.guidance)) == (int, float)


def test_true_is_not_one() -> None:
    assert replace(PLAIN, arguments={"a": True}) != replace(PLAIN, arguments={"a": 1})


def test_equal_recipes_are_one_in_a_set() -> None:
    assert len({FULL, Recipe.from_json(FULL.to_json()), PLAIN}) == 2
    assert FULL.key != FULL


def test_an_input_is_a_recipe_or_pixels() -> None:
    with pytest.raises(BadField, match="inputs"):
        Input("image", recipe=KEY, pixels=PixelDigest("cd" * 32))


def test_item_seeds_are_what_the_format_says() -> None:
    assert item_seed(4211, 0) == 4211
    assert (
        item_seed(4211, 1)
        == int.from_bytes(hashlib.sha256(b"4211,1").digest()[:8], "big")
        == 12823340224879036353
    )
    with pytest.raises(BadField, match="item"):
        item_seed(4211, -1)


@given(st.integers(0, LARGEST_SEED), st.integers(1, 10_000), st.integers(1, 10_000))
def test_items_of_a_count_are_recipes_of_their_own(seed: int, k: int, other: int) -> None:
    recipe = replace(FULL, seed=seed)
    assert recipe.item(0) == recipe
    assert 0 <= recipe.item(k).seed <= LARGEST_SEED
    assert (recipe.item(k).key == recipe.item(other).key) == (k == other)
    assert replace(recipe.item(k), seed=seed) == recipe
