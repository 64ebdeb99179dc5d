"""Latents are kept only where they are much smaller than the picture."""

from __future__ import annotations

import torch
from safetensors.torch import load

from engine.diffusion.latents import packed
from engine.recipe import RecipeKey

KEY = RecipeKey("ab" * 32)


def test_small_latents_are_kept_in_their_own_type() -> None:
    latents = torch.arange(64, dtype=torch.bfloat16).reshape(1, 4, 4, 4)
    data = packed(latents, 10_000, KEY)
    assert data is not None
    assert len(data) < 2_500
    assert torch.equal(load(data)["latents"], latents)


def test_latents_of_a_quarter_of_the_picture_are_not() -> None:
    latents = torch.zeros(1, 4, 16, 16)
    assert packed(latents, 4 * latents.nbytes, KEY) is None
    assert packed(latents, 4 * latents.nbytes + 100, KEY) is None
    assert packed(None, 10_000, KEY) is None
