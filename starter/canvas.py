"""Painting on a small float picture: gradients, glows, soft noise, antialiased masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from starter.scene import HEIGHT, WIDTH

Array = NDArray[np.floating[Any]]

FINE = 4
ROWS: Array = (np.arange(HEIGHT, dtype=np.float32) + 0.5)[:, None]
COLUMNS: Array = (np.arange(WIDTH, dtype=np.float32) + 0.5)[None, :]
FINE_COLUMNS: Array = (np.arange(WIDTH * FINE, dtype=np.float32) + 0.5) / FINE


def rgb(code: str) -> Array:
    """Read a colour such as `ff8040` as three floats between 0 and 1."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)], dtype=np.float32)


def mix(first: Array, second: Array, share: float) -> Array:
    """Blend two colours; a share of 1 gives the second."""
    return (first * (1 - share) + second * share).astype(np.float32)


def paint(picture: Array, colour: Array, mask: Array) -> None:
    """Lay a colour (one, or one a pixel) over the picture in place, as far as the mask covers."""
    covered = mask[..., None]
    picture *= 1 - covered
    picture += colour * covered


def add_light(picture: Array, colour: Array, mask: Array) -> None:
    """Brighten in place as light does: never beyond white, dark places most."""
    picture += (1 - picture) * colour * mask[..., None]


def gradient(stops: list[tuple[float, Array]]) -> Array:
    """Make a vertical gradient from (height between 0 at the top and 1, colour) stops."""
    places = np.array([stop[0] for stop in stops]) * HEIGHT
    colours = np.stack([stop[1] for stop in stops])
    rows = [np.interp(ROWS[:, 0], places, colours[:, channel]) for channel in range(3)]
    column = np.stack(rows, axis=-1).astype(np.float32)
    return np.repeat(column[:, None, :], WIDTH, axis=1)


def disc(x: float, y: float, radius: float, squeeze: float = 1.0) -> Array:
    """Cover an ellipse with an antialiased edge; `squeeze` divides its height."""
    away = np.hypot(COLUMNS - x, (ROWS - y) * squeeze)
    mask: Array = np.clip(radius - away + 0.5, 0, 1).astype(np.float32)
    return mask


def glow(x: float, y: float, radius: float, squeeze: float = 1.0) -> Array:
    """Fall off softly from 1 in the middle, to about a third at the radius."""
    away = np.hypot(COLUMNS - x, (ROWS - y) * squeeze) / radius
    mask: Array = np.exp(-(away**1.3)).astype(np.float32)
    return mask


def below(line: Array) -> Array:
    """Cover everything under a height line that has `FINE` samples a column."""
    tops = line.reshape(1, WIDTH, FINE)
    covered = np.clip(ROWS[:, :, None] + 0.5 - tops, 0, 1)
    mask: Array = covered.mean(axis=2).astype(np.float32)
    return mask


def rolling(rng: np.random.Generator, waves: float, octaves: int = 3) -> Array:
    """Make a smooth random line between about -1 and 1 with so many waves across the frame."""
    line = np.zeros_like(FINE_COLUMNS)
    for octave in range(octaves):
        turns = waves * 2**octave * (0.8 + 0.4 * rng.random())
        line += np.sin(FINE_COLUMNS / WIDTH * turns * 2 * np.pi + rng.random() * 7) / 2.2**octave
    return line / 1.6


def clouds(rng: np.random.Generator, across: int, down: int) -> Array:
    """Make soft noise between 0 and 1 from a coarse random grid, smoothly enlarged."""
    grid = rng.random((down + 1, across + 1)).astype(np.float32)
    rows = _smooth_steps(HEIGHT, down)
    columns = _smooth_steps(WIDTH, across)
    return (rows @ grid @ columns.T).astype(np.float32)


def _smooth_steps(size: int, cells: int) -> Array:
    """Weights that enlarge a grid of so many cells to the size, smooth at its points."""
    place = (np.arange(size) + 0.5) / size * cells
    cell = np.minimum(place.astype(int), cells - 1)
    part = place - cell
    part = part * part * (3 - 2 * part)
    weights = np.zeros((size, cells + 1), dtype=np.float32)
    weights[np.arange(size), cell] = 1 - part
    weights[np.arange(size), cell + 1] = part
    return weights
