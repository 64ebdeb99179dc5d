"""Previews: a linear map from latents to colours, learnt from one decoded picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from PIL import Image

from engine.diffusion.preview import Colours, Pace, as_grid


def _pair(height: int = 12, width: int = 16, factor: int = 4) -> tuple[torch.Tensor, np.ndarray[Any, Any]]:
    """Latents, and the picture that a linear decoder would make of them."""
    values = np.random.default_rng(3).random((height, width, 4)).astype(np.float32)
    mixed = values @ np.array([[200, 10, 0], [20, 180, 5], [0, 30, 120], [5, 5, 40]], np.float32)
    pixels = np.repeat(np.repeat(mixed, factor, axis=0), factor, axis=1).clip(0, 255).astype(np.uint8)
    return torch.from_numpy(values).permute(2, 0, 1)[None], pixels


def test_before_a_picture_was_decoded_there_is_no_preview() -> None:
    latents, _ = _pair()
    assert Colours().picture(latents, 64, 48) is None


def test_a_preview_has_the_colours_of_the_picture() -> None:
    latents, pixels = _pair()
    colours = Colours()
    colours.fit(latents, pixels)
    assert colours.fitted
    data = colours.picture(latents, 64, 48)
    assert data is not None
    seen = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32)
    assert seen.shape == (12, 16, 3)
    small = pixels[::4, ::4].astype(np.float32)
    assert np.abs(seen.mean(axis=(0, 1)) - small.mean(axis=(0, 1))).max() < 12
    assert len(data) < 2000


def test_large_latents_make_a_small_preview() -> None:
    latents, pixels = _pair(300, 400, 1)
    colours = Colours()
    colours.fit(latents, pixels)
    data = colours.picture(latents, 400, 300)
    assert data is not None
    assert max(Image.open(io.BytesIO(data)).size) == 256


def test_the_map_is_learnt_once() -> None:
    latents, pixels = _pair()
    colours = Colours()
    colours.fit(latents, pixels)
    first = colours.picture(latents, 64, 48)
    colours.fit(latents, 255 - pixels)
    assert colours.picture(latents, 64, 48) == first


def test_latents_of_other_channels_or_odd_shapes_have_no_preview() -> None:
    latents, pixels = _pair()
    colours = Colours()
    colours.fit(torch.zeros(1, 7), pixels)
    assert not colours.fitted
    colours.fit(latents, pixels)
    assert colours.picture(torch.zeros(1, 16, 12, 16), 64, 48) is None
    assert colours.picture(torch.full_like(latents, torch.nan), 64, 48) is not None


def test_packed_latents_are_laid_out_in_the_pictures_proportions() -> None:
    grid = as_grid(torch.arange(1 * 32 * 4).reshape(1, 32, 4).float(), 64, 32)
    assert grid is not None
    assert grid.shape == (4, 8, 4)
    assert as_grid(torch.zeros(1, 16, 1, 4, 8), 64, 32) is not None
    assert as_grid(torch.zeros(2, 4, 4, 8), 64, 32) is None
    assert as_grid(torch.zeros(1, 31, 4), 64, 32) is None


def test_previews_come_at_most_once_a_second() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    seen = []
    for now[0] in (100.0, 100.5, 100.99, 101.0, 101.2, 105.0):
        seen.append(pace.due())
    assert seen == [True, False, False, True, False, True]
