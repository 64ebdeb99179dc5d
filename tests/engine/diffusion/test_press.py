"""One recipe, one picture: bit for bit the plain call of its pipeline, with noise of our own."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from engine.diffusion.press import Press, check, expected_steps, out_of_memory
from engine.diffusion.random import owned
from engine.image import decode, pixel_digest
from engine.noise import Noise
from engine.recipe import Adapter, ModelDigest, Recipe, Scheduler
from engine.renderer import Cancelled, OutOfMemory, Progress, Rendered, RenderFault, Strike
from tests import pipelines

SCHEDULERS = {
    "DPM++": Scheduler("DPMSolverMultistepScheduler", {}),
    "DPM++ SDE": Scheduler("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "Euler ancestral": Scheduler("EulerAncestralDiscreteScheduler", {}),
    "DDPM": Scheduler("DDPMScheduler", {}),
    "LCM": Scheduler("LCMScheduler", {}),
    "Heun, two steps in one": Scheduler("HeunDiscreteScheduler", {}),
}


@pytest.fixture(scope="module")
def press() -> Press:
    return Press("cpu", 1)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pictures") / "input.png"
    shades = np.arange(80 * 96 * 3).reshape(80, 96, 3) % 251
    Image.fromarray(shades.astype(np.uint8)).save(file)
    return file


def _strike(press: Press, recipe: Recipe, model: Path, picture: Path | None = None) -> Rendered:
    inputs = {} if picture is None else {"image": picture}
    return press.strike(
        Strike(recipe, {pipelines.MODEL: model}, inputs), lambda progress: None, lambda: False
    )


def _plain(recipe: Recipe, model: Path, picture: Path | None = None) -> np.ndarray[Any, Any]:
    """The picture as anybody would make it with diffusers alone, under the same noise."""
    absent = {"text_encoder_3": None, "tokenizer_3": None} if "3" in model.name else {}
    pipeline = diffusers.DiffusionPipeline.from_pretrained(model, dtype=torch.float32, **absent)
    given: dict[str, Any] = {"prompt": recipe.prompt, "num_inference_steps": recipe.steps}
    given |= {"guidance_scale": recipe.guidance, "width": recipe.width, "height": recipe.height}
    if picture is not None:
        wanted = getattr(diffusers, type(pipeline).__name__.replace("Pipeline", "Img2ImgPipeline"))
        accepted = inspect.signature(wanted.__init__).parameters
        parts = {name: part for name, part in pipeline.components.items() if name in accepted}
        pipeline = wanted(**parts)
        image = Image.open(picture).resize((recipe.width, recipe.height), Image.Resampling.LANCZOS)
        given |= {"image": image, "strength": recipe.strength}
        given = {
            name: one for name, one in given.items() if name in inspect.signature(wanted.__call__).parameters
        }
    if recipe.scheduler is not None:
        kind = getattr(diffusers, recipe.scheduler.name)
        pipeline.scheduler = kind.from_config(dict(recipe.scheduler.config))
    pipeline.set_progress_bar_config(disable=True)
    with owned(Noise(recipe.seed)):
        return np.asarray(pipeline(**given, output_type="pil").images[0])


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("operation", ["text-to-image", "image-to-image"])
def test_the_picture_is_that_of_the_plain_call(
    press: Press, tiny: Path, picture: Path, name: str, operation: str
) -> None:
    make, fed = (
        (pipelines.recipe, None) if operation == "text-to-image" else (pipelines.picture_recipe, picture)
    )
    recipe = make(scheduler=SCHEDULERS[name])
    found = _strike(press, recipe, tiny, fed)
    assert found.own_noise
    assert found.pixels == pixel_digest(_plain(recipe, tiny, fed))
    assert _strike(press, recipe, tiny, fed).sha256 == found.sha256


@pytest.mark.parametrize("name", ["stable_diffusion_xl", "stable_diffusion_3"])
def test_other_families_render_the_same_way(press: Press, tmp_path: Path, picture: Path, name: str) -> None:
    model = getattr(pipelines, name)(tmp_path / name)
    family = {
        "stable_diffusion_xl": "StableDiffusionXLPipeline",
        "stable_diffusion_3": "StableDiffusion3Pipeline",
    }
    other = replace(
        pipelines.recipe(), model=ModelDigest("8" * 64), pipeline=family[name], scheduler=None, steps=2
    )
    drawn = replace(other, operation="image-to-image", strength=0.6, inputs=pipelines.picture_recipe().inputs)
    for recipe, fed in ((other, None), (drawn, picture)):
        inputs = {} if fed is None else {"image": fed}
        strike = Strike(recipe, {recipe.model: model}, inputs)  # type: ignore[dict-item]
        found = press.strike(strike, lambda progress: None, lambda: False)
        assert found.own_noise
        assert np.array_equal(decode(found.picture), _plain(recipe, model, fed))


def test_a_scheduler_is_of_its_own_recipe_alone(tiny: Path, picture: Path) -> None:
    recipes = [
        (pipelines.recipe(scheduler=None), None),
        (pipelines.picture_recipe(scheduler=None), picture),
    ]
    for recipe, fed in recipes:
        press = Press("cpu", 1)
        first = _strike(press, recipe, tiny, fed)
        for other in (
            pipelines.recipe(scheduler=SCHEDULERS["DDPM"]),
            pipelines.recipe(scheduler=SCHEDULERS["LCM"]),
        ):
            _strike(press, other, tiny)
        assert _strike(press, recipe, tiny, fed).pixels == first.pixels


def test_latents_that_are_small_are_kept_and_previews_follow_the_first_picture(tiny: Path) -> None:
    clock = iter(range(10_000))
    press = Press("cpu", 1, clock=lambda: float(next(clock)))
    told: list[Progress] = []
    for seed in (1, 2):
        strike = Strike(pipelines.recipe(seed=seed), {pipelines.MODEL: tiny})
        press.strike(strike, told.append, lambda: False)
    half = len(told) // 2
    assert all(one.preview is None for one in told[:half])
    assert any(one.preview is not None for one in told[half:])


def test_cancelling_raises_and_the_model_stays_warm(press: Press, tiny: Path) -> None:
    told: list[Progress] = []
    strike = Strike(pipelines.recipe(steps=50), {pipelines.MODEL: tiny})
    with pytest.raises(Cancelled):
        press.strike(strike, told.append, lambda: len(told) > 4)
    assert told[-1].step < 5
    assert _strike(press, pipelines.recipe(), tiny).loading == 0.0


def test_a_size_the_model_cannot_make_is_a_fault(press: Press, tiny: Path) -> None:
    with pytest.raises(RenderFault, match="divisible by"):
        _strike(press, pipelines.recipe(width=63), tiny)


def test_words_of_allocators_are_understood() -> None:
    assert out_of_memory(MemoryError())
    assert out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"))
    assert out_of_memory(RuntimeError("MPS backend out of memory"))
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_memory_that_runs_out_lets_the_models_go(press: Press, tiny: Path) -> None:
    def report(progress: Progress) -> None:
        if progress.step == 1:
            torch.empty(2**45)

    with pytest.raises(OutOfMemory, match="64 × 32") as caught:
        press.strike(Strike(pipelines.recipe(), {pipelines.MODEL: tiny}), report, lambda: False)
    assert "smaller" in caught.value.hint
    assert _strike(press, pipelines.recipe(), tiny).loading > 0.0


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (pipelines.recipe(operation="imported"), "imported"),
        (pipelines.recipe(semantics=2), "semantics 2"),
        (pipelines.recipe(adapters=(Adapter("lora", "a" * 64, 1.0),)), "adapters"),
        (pipelines.recipe(model=None), "not on this machine"),
    ],
)
def test_recipes_that_cannot_be_followed_exactly_are_refused(recipe: Recipe, words: str) -> None:
    with pytest.raises(RenderFault, match=words):
        check(Strike(recipe))


def test_strength_is_a_share_of_the_steps() -> None:
    assert expected_steps(pipelines.recipe(steps=10, strength=0.5)) == 10
    assert expected_steps(pipelines.picture_recipe(steps=10, strength=0.5)) == 5
    assert expected_steps(pipelines.picture_recipe(steps=10, strength=0.01)) == 1
