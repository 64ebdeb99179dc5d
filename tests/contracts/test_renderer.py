"""What every renderer must do: run against arithmetic in this process and against diffusers in a child."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from engine.image import decode, encode_png, pixel_digest, recipe_in
from engine.process import RenderProcess
from engine.recipe import Recipe, RecipeKey
from engine.renderer import Crashed, Progress, Rendered, Renderer, RenderFault, Strike, TimedOut
from tests import pipelines
from tests.fakes.renderer import FakeRenderer

pytestmark = pytest.mark.anyio

DOOMED = pipelines.recipe(seed=666, steps=400)
"""The recipe in whose middle the subject's renderer dies, once."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A renderer to be tried, a model for it, and what to do at the first step of the doomed recipe."""

    renderer: Renderer
    model: Path
    folder: Path
    ruin: Callable[[], None]

    def strike(self, recipe: Recipe, **more: object) -> Strike:
        return replace(Strike(recipe, models={pipelines.MODEL: self.model}), **more)  # type: ignore[arg-type]

    async def render(self, recipe: Recipe, **more: object) -> Rendered:
        return await self.renderer.render(self.strike(recipe, **more), lambda progress: None)

    def picture(self, name: str, value: int, width: int = 96, height: int = 80) -> Path:
        shades = (np.arange(width * height * 3).reshape(height, width, 3) * value % 256).astype(np.uint8)
        made = Recipe(pipeline="none", operation="imported", width=width, height=height)
        file = self.folder / name
        file.write_bytes(encode_png(shades, made))
        return file


@pytest.fixture(scope="module", params=["fake", "process"])
async def subject(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Subject]:
    folder = tmp_path_factory.mktemp("pictures")
    async with AsyncExitStack() as stack:
        if request.param == "fake":
            fake = await stack.enter_async_context(FakeRenderer(faults={DOOMED.key: [Crashed]}))
            yield Subject(fake, folder, folder, lambda: None)
        else:
            model = pipelines.stable_diffusion(tmp_path_factory.mktemp("models") / "tiny")
            process = await stack.enter_async_context(RenderProcess(device="cpu", threads=1))

            def kill() -> None:
                assert process.pid is not None
                os.kill(process.pid, signal.SIGKILL)

            yield Subject(process, model, folder, kill)


async def test_a_picture_is_what_the_recipe_asks_for(subject: Subject) -> None:
    recipe = pipelines.recipe()
    found = await subject.render(recipe)
    pixels = decode(found.picture)
    assert pixels.shape == (recipe.height, recipe.width, 3)
    assert (found.width, found.height, found.frames) == (recipe.width, recipe.height, 1)
    assert found.sha256 == hashlib.sha256(found.picture).hexdigest()
    assert found.pixels == pixel_digest(pixels)
    assert recipe_in(found.picture) == recipe
    assert found.own_noise
    assert found.fingerprint == await subject.renderer.fingerprint()
    assert found.consumed == {}
    assert found.seconds > 0


async def test_smaller_forms_are_kept_only_where_they_are_smaller(subject: Subject) -> None:
    found = await subject.render(pipelines.recipe())
    for form in (found.thumb, found.proxy, found.latents):
        assert form is None or len(form) < len(found.picture)


async def test_one_recipe_gives_one_picture(subject: Subject) -> None:
    first = await subject.render(pipelines.recipe())
    other = await subject.render(pipelines.recipe(seed=1))
    again = await subject.render(pipelines.recipe())
    assert (first.pixels, first.sha256) == (again.pixels, again.sha256)
    assert other.pixels != first.pixels


async def test_a_loaded_model_is_not_loaded_again(subject: Subject) -> None:
    await subject.render(pipelines.recipe())
    assert (await subject.render(pipelines.recipe())).loading == 0.0


async def test_progress_counts_every_step(subject: Subject) -> None:
    told: list[Progress] = []
    recipe = pipelines.recipe(steps=5)
    await subject.renderer.render(subject.strike(recipe), told.append)
    assert told[0].stage == "loading model"
    assert [one.step for one in told if one.stage == "rendering"] == [0, 1, 2, 3, 4, 5]
    assert {one.steps for one in told} == {5}


async def test_previews_are_not_sent_unasked(subject: Subject) -> None:
    told: list[Progress] = []
    await subject.renderer.render(subject.strike(pipelines.recipe(), preview=False), told.append)
    assert all(one.preview is None for one in told)


async def test_an_input_picture_reaches_the_result(subject: Subject) -> None:
    recipe = pipelines.picture_recipe()
    one, other = subject.picture("one.png", 1), subject.picture("other.png", 5)
    first = await subject.render(recipe, inputs={"image": one})
    second = await subject.render(recipe, inputs={"image": other})
    again = await subject.render(recipe, inputs={"image": one})
    assert first.consumed == {"image": hashlib.sha256(one.read_bytes()).hexdigest()}
    assert first.pixels == again.pixels
    assert first.pixels != second.pixels


async def test_an_input_that_is_missing_or_broken_is_refused(subject: Subject) -> None:
    recipe = pipelines.picture_recipe()
    broken = subject.folder / "broken.png"
    broken.write_bytes(subject.picture("whole.png", 3).read_bytes()[:100])
    for inputs in ({}, {"image": broken}, {"image": subject.folder / "absent.png"}):
        with pytest.raises(RenderFault, match="image"):
            await subject.render(recipe, inputs=inputs)


async def test_what_the_pipeline_does_not_take_is_named(subject: Subject) -> None:
    with pytest.raises(RenderFault, match="wobble"):
        await subject.render(pipelines.recipe(arguments={"wobble": 2}))
    await subject.render(pipelines.recipe())


async def test_a_model_that_is_not_here_is_refused(subject: Subject) -> None:
    with pytest.raises(RenderFault, match="is not on this machine"):
        await subject.renderer.render(Strike(pipelines.recipe()), lambda progress: None)


async def test_an_imported_picture_cannot_be_rendered(subject: Subject) -> None:
    with pytest.raises(RenderFault, match="imported"):
        await subject.render(pipelines.recipe(operation="imported"))


async def test_cancelling_the_task_ends_the_strike_and_the_next_one_is_served(subject: Subject) -> None:
    told: list[Progress] = []
    begun = asyncio.Event()

    def report(progress: Progress) -> None:
        told.append(progress)
        if progress.step == 2:
            begun.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(subject.renderer.render(subject.strike(pipelines.recipe(steps=400)), report))
        await begun.wait()
        task.cancel()
    assert task.cancelled()
    assert told[-1].step < 400
    await subject.render(pipelines.recipe())


async def test_a_strike_that_takes_too_long_is_stopped(subject: Subject) -> None:
    with pytest.raises(TimedOut):
        await subject.render(pipelines.recipe(steps=400), timeout=0.001)
    await subject.render(pipelines.recipe())


async def test_strikes_asked_for_together_are_served_one_after_another(subject: Subject) -> None:
    order: list[tuple[RecipeKey, str]] = []
    wanted = [pipelines.recipe(seed=seed) for seed in (1, 2, 3)]
    async with asyncio.TaskGroup() as group:
        for recipe in wanted:

            def report(progress: Progress, key: RecipeKey = recipe.key) -> None:
                order.append((key, progress.stage))

            group.create_task(subject.renderer.render(subject.strike(recipe), report))
    assert [key for key, stage in order if stage == "saving"] == [recipe.key for recipe in wanted]
    assert [key for key, _ in order] == sorted(
        [key for key, _ in order], key=[one.key for one in wanted].index
    )


async def test_a_listener_that_fails_fails_its_own_strike_alone(subject: Subject) -> None:
    def report(progress: Progress) -> None:
        raise LookupError("nobody listens")

    with pytest.raises(LookupError):
        await subject.renderer.render(subject.strike(pipelines.recipe(steps=400)), report)
    await subject.render(pipelines.recipe())


async def test_items_of_a_count_render_alone(subject: Subject) -> None:
    recipe = pipelines.recipe()
    found = [await subject.render(recipe.item(k)) for k in (0, 2)]
    alone = await subject.render(replace(recipe, seed=recipe.item(2).seed))
    assert found[1].pixels == alone.pixels
    assert found[0].pixels == (await subject.render(recipe)).pixels
    assert found[0].pixels != found[1].pixels


async def test_after_a_crash_the_next_strike_is_served(subject: Subject) -> None:
    def report(progress: Progress) -> None:
        if progress.step == 1:
            subject.ruin()

    with pytest.raises(Crashed):
        await subject.renderer.render(subject.strike(DOOMED), report)
    found = await subject.render(pipelines.recipe())
    assert found.fingerprint == await subject.renderer.fingerprint()
