"""What a picture will look like, from its latents alone: a linear map to RGB, fitted when a model first decodes one."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

INTERVAL: Final = 1.0
"""Seconds between two previews, at least."""
LARGEST: Final = 256


class Colours:
    """The colours of one model's latents; `fitted` by least squares on its first decoded picture, unknown before."""

    def __init__(self) -> None:
        self._map: NDArray[np.float32] | None = None

    @property
    def fitted(self) -> bool:
        """Whether there is a map yet."""
        return self._map is not None

    def fit(self, latents: Tensor, pixels: NDArray[np.uint8]) -> None:
        """Learn the map from final `latents` and the picture they decoded to, once; odd shapes teach nothing."""
        grid = as_grid(latents, pixels.shape[1], pixels.shape[0])
        if self._map is not None or grid is None:
            return
        height, width = grid.shape[:2]
        small = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX), np.float32)
        self._map = np.linalg.lstsq(_columns(grid), small.reshape(-1, 3), rcond=None)[0].astype(np.float32)

    def picture(self, latents: Tensor, width: int, height: int) -> bytes | None:
        """A small WebP of the latents of a picture of `width` × `height`; nothing before the map is fitted."""
        grid = as_grid(latents, width, height)
        if self._map is None or grid is None or grid.shape[2] + 1 != len(self._map):
            return None
        colours = (_columns(grid) @ self._map).reshape(*grid.shape[:2], 3)
        image = Image.fromarray(np.nan_to_num(colours).clip(0, 255).astype(np.uint8))
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
        found = io.BytesIO()
        image.save(found, "WEBP", quality=70, method=0)
        return found.getvalue()


class Pace:
    """Lets a preview through at most once in `INTERVAL` seconds of `clock`, over all strikes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = -math.inf

    def due(self) -> bool:
        """Whether a preview may be made now; if so, the next may not for a while."""
        now = self._clock()
        if now - self._last < INTERVAL:
            return False
        self._last = now
        return True


def as_grid(latents: Tensor, width: int, height: int) -> NDArray[np.float32] | None:
    """Latents of one picture as rows × columns × channels; nothing where their shape tells no such grid.

    Transformers pack latents into a sequence, which is laid out in the picture's proportions.
    """
    if latents.ndim == 5 and latents.shape[2] == 1:
        latents = latents[:, :, 0]
    if latents.ndim == 4 and latents.shape[0] == 1:
        return _numbers(latents[0].permute(1, 2, 0))
    if latents.ndim == 3 and latents.shape[0] == 1:
        rows = round(math.sqrt(latents.shape[1] * height / width))
        if rows and latents.shape[1] % rows == 0:
            return _numbers(latents[0].reshape(rows, -1, latents.shape[2]))
    return None


def _numbers(latents: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = latents.detach().to("cpu", torch.float32).numpy()
    return found


def _columns(grid: NDArray[np.float32]) -> NDArray[Any]:
    flat = grid.reshape(-1, grid.shape[2])
    return np.concatenate([flat, np.ones((len(flat), 1), np.float32)], axis=1)
