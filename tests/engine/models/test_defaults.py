from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.models import ModelDamaged
from engine.models.defaults import Defaults, defaults, draws, read_card, scheduler
from engine.models.folder import Folder, inspect
from engine.recipe import Scheduler
from tests.engine.models.written import change_json, write_json


def of(model: Path) -> Defaults:
    folder = inspect(model)
    return defaults(folder, read_card(folder))


def test_without_a_card_the_configuration_decides(model: Path) -> None:
    assert of(model) == Defaults(
        width=32,
        height=32,
        multiple=8,
        steps={"low": 15, "standard": 30, "high": 45},
        guidance=7.5,
        strength=0.8,
        dtype="float32",
    )


def test_a_card_decides_what_it_names(model: Path) -> None:
    write_json(model / "card.json", {"defaults": {"width": 96, "height": 56, "steps": 20, "guidance": 5}})
    found = of(model)
    assert (found.width, found.height, found.guidance, found.strength) == (96, 56, 5.0, 0.8)
    assert found.steps == {"low": 10, "standard": 20, "high": 30}
    change_json(model / "card.json", defaults={"steps": {"low": 1, "standard": 2, "high": 4}, "multiple": 16})
    assert (of(model).steps, of(model).multiple) == ({"low": 1, "standard": 2, "high": 4}, 16)


@pytest.mark.parametrize(
    "wrong", [{"width": "96"}, {"steps": 0}, {"steps": {"low": 5}}, {"guidance": None, "strength": 2}, [], 5]
)
def test_a_card_that_says_nonsense_is_damaged(model: Path, wrong: object) -> None:
    write_json(model / "card.json", {"defaults": wrong})
    with pytest.raises(ModelDamaged, match="defaults are wrong"):
        of(model)


def test_a_card_that_is_no_json_is_damaged(model: Path) -> None:
    (model / "card.json").write_text("{")
    with pytest.raises(ModelDamaged, match=r"card\.json is not JSON"):
        of(model)


@pytest.mark.parametrize(("side", "size"), [(64, (256, 256)), ([48, 64], (256, 192)), (None, (1024, 1024))])
def test_the_size_comes_from_the_unet(model: Path, side: object, size: tuple[int, int]) -> None:
    change_json(model / "unet" / "config.json", sample_size=side)
    assert (of(model).width, of(model).height) == size


def test_a_nonsensical_sample_size_is_damaged(model: Path) -> None:
    change_json(model / "unet" / "config.json", sample_size="large")
    with pytest.raises(ModelDamaged, match="sample_size"):
        of(model)


def transformer(model: Path, pipeline: str, **config: object) -> Folder:
    """The same folder with a transformer in the place of the UNet."""
    (model / "unet").rename(model / "transformer")
    change_json(
        model / "model_index.json",
        _class_name=pipeline,
        unet=[None, None],
        transformer=["diffusers", "Transformer2DModel"],
        scheduler=["diffusers", "FlowMatchEulerDiscreteScheduler"],
    )
    write_json(model / "transformer" / "config.json", {"_class_name": "Transformer2DModel", **config})
    write_json(model / "vae" / "config.json", {"block_out_channels": [8, 8, 8, 8]})
    return inspect(model)


def test_transformers_ask_for_whole_patches(model: Path) -> None:
    found = defaults(transformer(model, "StableDiffusion3Pipeline", sample_size=128, patch_size=2), {})
    assert (found.width, found.multiple, found.guidance) == (1024, 16, 7.0)


def test_packed_latents_count_double(model: Path) -> None:
    found = defaults(transformer(model, "FluxPipeline", patch_size=1), {})
    assert (found.width, found.multiple, found.guidance) == (1024, 16, 3.5)


def test_distilled_models_take_few_steps(model: Path) -> None:
    change_json(model / "model_index.json", scheduler=["diffusers", "LCMScheduler"])
    assert of(model).steps == {"low": 4, "standard": 8, "high": 12}


def test_models_published_in_bfloat16_compute_in_it(model: Path) -> None:
    path = model / "unet" / "diffusion_pytorch_model.safetensors"
    save_file({"a": np.zeros(4, np.float16)}, path)
    assert of(model).dtype == "float32"
    head = b'{"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}'
    path.write_bytes(len(head).to_bytes(8, "little") + head + bytes(8))
    assert of(model).dtype == "bfloat16"


def test_the_scheduler_is_kept_whole(model: Path) -> None:
    expected = {"beta_end": 0.012, "flow_shift": 1, "steps_offset": 1}
    assert scheduler(inspect(model)) == Scheduler("DPMSolverMultistepScheduler", expected)


def test_an_infinity_elsewhere_is_damaged_not_dropped(model: Path) -> None:
    change_json(model / "scheduler" / "scheduler_config.json", lambda_min_clipped=-5.1, beta_end=float("inf"))
    with pytest.raises(ModelDamaged, match="beta_end"):
        scheduler(inspect(model))


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        ({}, ""),
        ({"draws": "storyboards"}, "storyboards"),
        (
            {"grammar": {"time": ["dawn", "noon"], "colour": ["red"]}},
            "It follows time (dawn, noon); colour (red).",
        ),
        ({"grammar": {"time": ["dawn"], "place": ["left"]}, "can": ["time"]}, "It follows time (dawn)."),
        ({"grammar": "all", "draws": 5}, ""),
        ({"grammar": {"time": 5}}, ""),
    ],
)
def test_what_it_draws_is_said_in_one_sentence(card: dict[str, Any], sentence: str) -> None:
    assert draws(card) == sentence
