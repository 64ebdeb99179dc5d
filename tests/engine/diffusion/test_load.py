"""Models load from folders with diffusers' own classes and safetensors alone, and stay warm for a while."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from engine.diffusion.load import Loaded, Warm, load, scheduler
from engine.recipe import ModelDigest, Scheduler
from engine.renderer import RenderFault
from tests import pipelines

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def loaded(tiny: Path) -> Loaded:
    return Loaded(load(tiny, "float32", CPU))


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "copy")


def _index(folder: Path, **changes: object) -> Path:
    file = folder / "model_index.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), "utf-8")
    return folder


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_all_weights_have_the_recipes_type(tiny: Path, dtype: str) -> None:
    pipeline = load(tiny, dtype, CPU)
    parts = (pipeline.unet, pipeline.vae, pipeline.text_encoder)
    assert {str(one.dtype) for part in parts for one in part.parameters()} == {f"torch.{dtype}"}


def test_an_unknown_type_is_refused(tiny: Path) -> None:
    with pytest.raises(RenderFault, match="float8"):
        load(tiny, "float8", CPU)


@pytest.mark.parametrize(
    "name", ["MyPipeline", "_private", "UNet2DConditionModel", ["pipeline", "Mine"], None]
)
def test_only_diffusers_own_pipelines_are_run(copy: Path, name: object) -> None:
    with pytest.raises(RenderFault, match="no pipeline of diffusers"):
        load(_index(copy, _class_name=name), "float32", CPU)


def test_code_that_comes_with_a_model_is_not_run(copy: Path, tmp_path: Path) -> None:
    (copy / "unet" / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", "utf-8")
    with pytest.raises(RenderFault, match="cannot be loaded"):
        load(_index(copy, unet=["mine", "Mine"]), "float32", CPU)
    assert not (tmp_path / "ran").exists()


def test_pickled_weights_are_not_read(copy: Path) -> None:
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(RenderFault, match="cannot be loaded"):
        load(copy, "float32", CPU)


def test_damaged_weights_and_missing_folders_are_faults(copy: Path, tmp_path: Path) -> None:
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(RenderFault, match="cannot be loaded"):
        load(copy, "float32", CPU)
    with pytest.raises(RenderFault, match="no model folder"):
        load(tmp_path / "absent", "float32", CPU)


def test_the_recipes_scheduler_is_made_anew_each_time(loaded: Loaded) -> None:
    recipe = pipelines.recipe(scheduler=Scheduler("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}))
    first = scheduler(loaded.pipeline.scheduler, recipe)
    assert type(first).__name__ == "EulerDiscreteScheduler"
    assert first.config.timestep_spacing == "trailing"
    assert scheduler(loaded.pipeline.scheduler, recipe) is not first


def test_without_one_the_models_own_scheduler_is_used(loaded: Loaded) -> None:
    found = scheduler(loaded.pipeline.scheduler, pipelines.recipe(scheduler=None))
    assert type(found) is type(loaded.pipeline.scheduler)
    assert found is not loaded.pipeline.scheduler


def test_infinities_are_spelt_out_in_recipes(loaded: Loaded) -> None:
    recipe = pipelines.recipe(
        scheduler=Scheduler("DPMSolverMultistepScheduler", {"lambda_min_clipped": "-Infinity"})
    )
    assert scheduler(loaded.pipeline.scheduler, recipe).config.lambda_min_clipped == -torch.inf


@pytest.mark.parametrize("name", ["Nothing", "UNet2DConditionModel", "os"])
def test_what_is_no_scheduler_is_refused(loaded: Loaded, name: str) -> None:
    with pytest.raises(RenderFault, match="no scheduler"):
        scheduler(loaded.pipeline.scheduler, pipelines.recipe(scheduler=Scheduler(name, {})))


def test_a_schedulers_wrong_settings_are_a_fault(loaded: Loaded) -> None:
    wrong = Scheduler("EulerDiscreteScheduler", {"beta_schedule": "sideways"})
    with pytest.raises(RenderFault, match="refuses its settings"):
        scheduler(loaded.pipeline.scheduler, pipelines.recipe(scheduler=wrong))


def test_image_to_image_shares_every_component(loaded: Loaded) -> None:
    found = loaded.for_recipe(pipelines.picture_recipe())
    assert type(found).__name__ == "StableDiffusionImg2ImgPipeline"
    assert found.unet is loaded.pipeline.unet
    assert found.vae is loaded.pipeline.vae
    assert loaded.for_recipe(pipelines.picture_recipe()) is found


def test_a_recipe_for_another_pipeline_is_refused(loaded: Loaded) -> None:
    with pytest.raises(RenderFault, match="FluxPipeline"):
        loaded.for_recipe(pipelines.recipe(pipeline="FluxPipeline"))


def test_the_last_two_models_stay_where_memory_allows(tiny: Path) -> None:
    room = [10**12]
    warm = Warm(CPU, free=lambda: room[0])
    first, second, third = (ModelDigest(letter * 64) for letter in "abc")
    assert warm.get(first, tiny, "float32")[1]
    assert warm.get(second, tiny, "float32")[1]
    assert not warm.get(first, tiny, "float32")[1]
    assert warm.get(third, tiny, "float32")[1]
    assert not warm.get(first, tiny, "float32")[1]
    room[0] = 1
    assert warm.get(second, tiny, "float32")[1]
    assert len(warm) == 1
    warm.clear()
    assert len(warm) == 0
