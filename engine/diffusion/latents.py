"""Final latents as bytes: a tier between picture and recipe, kept only where they are much smaller than the picture."""

from __future__ import annotations

from typing import Final

from safetensors.torch import save
from torch import Tensor

from engine.recipe import RecipeKey

SHARE: Final = 0.25
"""Latents are worth keeping when they take less than this share of the picture's bytes."""


def packed(latents: Tensor | None, picture: int, recipe: RecipeKey) -> bytes | None:
    """Safetensors bytes in the pipeline's own dtype (copies in half precision decode worse), or nothing.

    `picture` is the size of the encoded picture in bytes. They drift by up to 1/255 when decoded again.
    """
    if latents is None or latents.nbytes >= SHARE * picture:
        return None
    data = save({"latents": latents.detach().cpu().contiguous()}, {"recipe": recipe})
    return data if len(data) < SHARE * picture else None
