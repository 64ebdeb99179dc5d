"""Pictures of the bundled model, struck outside any project, for benchmarks that only ask about pixels."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.image import decode
from engine.models.facts import ModelFacts
from engine.models.reading import read
from engine.parameters import freeze, resolve
from engine.process import RenderProcess
from engine.recipe import Recipe
from engine.renderer import Strike
from resources import bundled_models

TIMES = ("at dawn", "at noon", "at dusk", "at night")
PLACES = ("mountains", "a desert", "a forest", "the sea", "a city")
SUBJECTS = (
    "a red house",
    "a blue boat",
    "a yellow tree",
    "a green robot",
    "a white lighthouse",
    "a purple balloon",
)


def newest() -> tuple[Path, ModelFacts]:
    """The newest bundled model with its folder."""
    folder = sorted(bundled_models())[-1]
    return folder, read(folder)


def prompt(number: int) -> str:
    """One of 120 different prompts that the bundled model can follow."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    place = PLACES[number // len(SUBJECTS) % len(PLACES)]
    return f"{subject}, {place}, {TIMES[number // len(SUBJECTS) // len(PLACES) % len(TIMES)]}"


def recipe(facts: ModelFacts, words: str, seed: int, tier: str = "low") -> Recipe:
    """The recipe that an asset of these words and this seed would be frozen to."""
    return freeze(resolve({"prompt": words, "seed": seed}, tier, facts), facts, ())


def strike(
    recipes: Sequence[Recipe], folder: Path, threads: int = 1, **environment: str
) -> list[NDArray[np.uint8]]:
    """The pictures of `recipes`, rendered one after another in one fresh child."""
    return asyncio.run(_strike(recipes, folder, threads, environment))


async def _strike(
    recipes: Sequence[Recipe], folder: Path, threads: int, environment: Mapping[str, str]
) -> list[NDArray[np.uint8]]:
    async with RenderProcess(device="cpu", threads=threads, environment=environment) as child:
        found = []
        for one in recipes:
            assert one.model is not None
            asked = Strike(recipe=one, models={one.model: folder}, timeout=600, preview=False)
            found.append(decode((await child.render(asked, lambda progress: None)).picture))
        return found
