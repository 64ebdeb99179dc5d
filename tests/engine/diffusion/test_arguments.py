"""A recipe becomes the arguments of a call, and what a call does not take is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from engine.diffusion.arguments import OURS, arguments
from engine.renderer import RenderFault
from tests import pipelines

PICTURE = Image.new("RGB", (pipelines.WIDTH, pipelines.HEIGHT))


class Words:
    """Takes what every text-to-image pipeline takes."""

    def __call__(
        self,
        prompt: str,
        height: int,
        width: int,
        num_inference_steps: int = 50,
        guidance_scale: float = 7.5,
        clip_skip: int | None = None,
        generator: Any = None,
        **kwargs: Any,
    ) -> None:
        """Render nothing."""


class Pictures:
    """Takes a picture, and its size from it."""

    def __call__(self, prompt: str, image: Any, strength: float = 0.8, num_inference_steps: int = 50) -> None:
        """Render nothing."""


def test_fields_become_arguments() -> None:
    assert arguments(Words(), pipelines.recipe(), {}) == {
        "prompt": "a red tower at dusk",
        "width": pipelines.WIDTH,
        "height": pipelines.HEIGHT,
        "num_inference_steps": 4,
        "guidance_scale": 5.0,
    }


def test_more_arguments_go_through() -> None:
    assert arguments(Words(), pipelines.recipe(arguments={"clip_skip": 1}), {})["clip_skip"] == 1


def test_a_picture_brings_its_size() -> None:
    found = arguments(Pictures(), pipelines.picture_recipe(guidance=None), {"image": PICTURE})
    assert set(found) == {"prompt", "image", "strength", "num_inference_steps"}


def test_strength_is_of_pictures_alone() -> None:
    assert "strength" not in arguments(Words(), pipelines.recipe(strength=0.5), {})


def test_an_empty_negative_prompt_asks_for_nothing() -> None:
    assert "negative_prompt" not in arguments(Words(), pipelines.recipe(negative_prompt=""), {})


def test_what_is_not_taken_is_named() -> None:
    with pytest.raises(RenderFault, match="Words takes no `negative_prompt`, `wobble`"):
        arguments(Words(), pipelines.recipe(negative_prompt="fog", arguments={"wobble": 1}), {})
    with pytest.raises(RenderFault, match="`guidance_scale`"):
        arguments(Pictures(), pipelines.picture_recipe(), {"image": PICTURE})


@pytest.mark.parametrize("name", sorted(OURS | {"prompt", "num_inference_steps"}))
def test_what_other_fields_decide_cannot_be_set_twice(name: str) -> None:
    with pytest.raises(RenderFault, match=name):
        arguments(Words(), pipelines.recipe(arguments={name: 1}), {})
