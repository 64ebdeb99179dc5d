"""One recipe, one key: however its fields are ordered or written; any one field changed, another key."""

from __future__ import annotations

import json
import random
import time
import unicodedata
from dataclasses import replace
from typing import Any

from engine.recipe import Input, ModelDigest, Recipe, RecipeKey, Scheduler
from tests.benchmarks.figure import Figure

WORDS = ("a red tower", "café at dusk", "naïve Zoë", "Ångström hills", "über sea", "noon", "é", "日本の丘")


def measure(share: float) -> list[Figure]:
    """10,000 random recipes at full share."""
    source = random.Random(4211)
    recipes = [random_recipe(source) for _ in range(max(20, int(10_000 * share)))]
    same = sum(all(one == recipe.key for one in rewritten(recipe, source)) for recipe in recipes)
    other = sum(all(one.key != recipe.key for one in changed(recipe)) for recipe in recipes)
    start = time.perf_counter()
    for recipe in recipes:
        _ = recipe.key
    each = (time.perf_counter() - start) / len(recipes) * 1e6
    count = f"{len(recipes):,} random recipes"
    return [
        Figure(
            what="field order, 7 and 7.0, NFC and NFD, JSON round trip: one key",
            value=100 * same / len(recipes), unit="%", at_least=100, note=count,
        ),
        Figure(
            what="any one field changed: another key",
            value=100 * other / len(recipes), unit="%", at_least=100, note=count,
        ),
        Figure(what="time of one recipe key", value=each, unit="µs"),
    ]  # fmt: skip


def random_recipe(source: random.Random) -> Recipe:
    """A recipe with every kind of field set at random."""
    digest = ModelDigest(f"{source.getrandbits(256):064x}")
    key = RecipeKey(f"{source.getrandbits(256):064x}")
    return Recipe(
        pipeline=source.choice(["StableDiffusionPipeline", "StableDiffusionXLPipeline"]),
        operation="image-to-image",
        model=digest,
        prompt=", ".join(source.sample(WORDS, 3)),
        negative_prompt=source.choice(WORDS),
        width=8 * source.randint(8, 256),
        height=8 * source.randint(8, 256),
        seed=source.getrandbits(64),
        scheduler=Scheduler("DPMSolverMultistepScheduler", {"beta_end": source.random(), "steps_offset": 1}),
        steps=source.randint(1, 100),
        guidance=float(source.randint(1, 12)),
        strength=source.choice([0.5, 0.75, 1.0]),
        inputs=(Input(role="environment", recipe=key, argument="image"),),
        arguments={"eta": source.choice([0.0, 1.0, 0.25])},
        salt=source.choice(WORDS),
    )


def rewritten(recipe: Recipe, source: random.Random) -> list[RecipeKey]:
    """The keys of the same recipe, written in other ways."""
    plain = recipe.to_json()
    shuffled = shuffle(plain, source)
    decomposed = json.loads(unicodedata.normalize("NFD", json.dumps(plain, ensure_ascii=False)))
    return [
        Recipe.from_json(one).key
        for one in (shuffled, floats(plain), decomposed, json.loads(recipe.canonical()))
    ]


def shuffle(value: Any, source: random.Random) -> Any:
    """The same JSON value with every object's fields in another order."""
    if isinstance(value, dict):
        return {name: shuffle(value[name], source) for name in source.sample(sorted(value), len(value))}
    return [shuffle(one, source) for one in value] if isinstance(value, list) else value


def floats(value: Any) -> Any:
    """The same JSON value with every integer written as a float."""
    if isinstance(value, dict):
        return {name: floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [floats(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def changed(recipe: Recipe) -> list[Recipe]:
    """Recipes that differ from `recipe` in one field each, in every field that there is."""
    assert recipe.scheduler is not None
    assert recipe.steps is not None
    assert recipe.guidance is not None
    assert recipe.strength is not None
    config = {**recipe.scheduler.config, "steps_offset": 2}
    return [
        replace(recipe, pipeline=recipe.pipeline + "X"),
        replace(recipe, operation="text-to-image"),
        replace(recipe, model=ModelDigest("0" * 64)),
        replace(recipe, prompt=recipe.prompt + "."),
        replace(recipe, negative_prompt=None),
        replace(recipe, width=recipe.width + 8),
        replace(recipe, height=recipe.height + 8),
        replace(recipe, seed=recipe.seed ^ 1),
        replace(recipe, rng="philox/2"),
        replace(recipe, scheduler=Scheduler("EulerDiscreteScheduler", recipe.scheduler.config)),
        replace(recipe, scheduler=Scheduler(recipe.scheduler.name, config)),
        replace(recipe, steps=recipe.steps + 1),
        replace(recipe, guidance=recipe.guidance + 0.5),
        replace(recipe, strength=recipe.strength - 0.25),
        replace(recipe, inputs=()),
        replace(recipe, inputs=(replace(recipe.inputs[0], argument=None),)),
        replace(recipe, dtype="bfloat16"),
        replace(recipe, output="webp"),
        replace(recipe, arguments={}),
        replace(recipe, schema=recipe.schema + 1),
        replace(recipe, semantics=recipe.semantics + 1),
        replace(recipe, salt=None),
    ]
