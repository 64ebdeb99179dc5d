from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.models.pipelines import IMAGE, OPERATIONS, TEXT, guidance


def names_of_diffusers() -> set[str]:
    """What diffusers exports, read from its sources: importing it takes seconds."""
    spec = find_spec("diffusers")
    assert spec is not None
    assert spec.origin is not None
    return set(re.findall(r'"(\w+)"', Path(spec.origin).read_text(encoding="utf-8")))


def test_every_pipeline_is_diffusers_own() -> None:
    assert OPERATIONS.keys() - names_of_diffusers() == set()


def test_what_pipelines_can_do() -> None:
    assert OPERATIONS["StableDiffusionPipeline"] == (TEXT, IMAGE)
    assert OPERATIONS["StableDiffusionXLImg2ImgPipeline"] == (IMAGE,)
    assert OPERATIONS["PixArtSigmaPipeline"] == (TEXT,)
    assert "StableDiffusionControlNetPipeline" not in OPERATIONS


@pytest.mark.parametrize(
    ("pipeline", "scale"),
    [
        ("StableDiffusionPipeline", 7.5),
        ("StableDiffusionXLPipeline", 5.0),
        ("StableDiffusion3Pipeline", 7.0),
        ("X", 5.0),
    ],
)
def test_the_guidance_to_begin_with(pipeline: str, scale: float) -> None:
    assert guidance(pipeline) == scale
