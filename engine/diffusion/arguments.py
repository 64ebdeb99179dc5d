"""A recipe as the arguments of one pipeline's call, checked against its signature: what it cannot take is refused."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final

from PIL import Image

from engine.recipe import Recipe
from engine.renderer import RenderFault

OURS: Final = frozenset(
    {
        *("generator", "latents", "output_type", "return_dict", "num_images_per_prompt"),
        *("callback", "callback_steps", "callback_on_step_end", "callback_on_step_end_tensor_inputs"),
    }
)
"""Arguments that the renderer itself decides; a recipe may not set them (the batch is always 1, the noise ours)."""


def arguments(pipeline: Any, recipe: Recipe, pictures: Mapping[str, Image.Image]) -> dict[str, Any]:
    """What to call `pipeline` with; `pictures` by argument name. Raises `RenderFault` naming what it does not take."""
    accepted = {
        name
        for name, one in inspect.signature(pipeline.__call__).parameters.items()
        if one.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    }
    own = set(recipe.arguments) & (OURS | _fields(recipe, pictures).keys())
    if own:
        raise RenderFault(
            f"the recipe's arguments cannot set {_listed(own)}", "these follow from the recipe's other fields"
        )
    wanted = {**_fields(recipe, pictures), **recipe.arguments}
    size = {"width", "height"} if pictures else set()  # a pipeline without these takes them from the picture
    unknown = wanted.keys() - accepted - size
    if unknown:
        raise RenderFault(
            f"{type(pipeline).__name__} takes no {_listed(unknown)}",
            "leave this out of the recipe, or use another model",
        )
    return {name: value for name, value in wanted.items() if name in accepted}


def _fields(recipe: Recipe, pictures: Mapping[str, Image.Image]) -> dict[str, Any]:
    found = {
        "prompt": recipe.prompt,
        "negative_prompt": recipe.negative_prompt or None,
        "width": recipe.width,
        "height": recipe.height,
        "num_inference_steps": recipe.steps,
        "guidance_scale": recipe.guidance,
        "strength": recipe.strength if recipe.operation == "image-to-image" else None,
        **pictures,
    }
    return {name: value for name, value in found.items() if value is not None}


def _listed(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
