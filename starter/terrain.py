"""The land of a frame: five terrains in layers that fade into the haze."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from starter.canvas import (
    COLUMNS,
    FINE,
    FINE_COLUMNS,
    ROWS,
    Array,
    add_light,
    below,
    clouds,
    glow,
    mix,
    paint,
    rgb,
    rolling,
)
from starter.scene import HEIGHT, WIDTH
from starter.sky import Light

Painter = Callable[[Array, Light, float, bool, np.random.Generator], None]


def draw_terrain(
    picture: Array, terrain: str, light: Light, horizon: float, dark: bool, rng: np.random.Generator
) -> None:
    """Paint the land over the sky, far to near; `dark` lights windows and dims the ground."""
    _PAINTERS[terrain](picture, light, horizon, dark, rng)


def ground_colour(terrain: str, light: Light) -> Array:
    """The colour of the land at the subject's feet under this light."""
    base = rgb({"mountains": "84a052", "desert": "efb468", "forest": "5c9448",
                "sea": "3f86a0", "city": "9497a8"}[terrain])  # fmt: skip
    return (base * light.tint * 0.92).astype(np.float32)


def _haze(picture: Array, light: Light, row: float, thick: float, strength: float) -> None:
    """A band of haze in the colour of the horizon."""
    band = np.exp(-(((ROWS - row) / thick) ** 2)) * strength * np.ones_like(COLUMNS)
    paint(picture, light.horizon, band.astype(np.float32))


def _field(picture: Array, colour: Array, line: Array, light: Light, rng: np.random.Generator) -> None:
    """Ground under a line: lighter far away, darker at the feet, softly mottled."""
    depth = np.clip((ROWS - float(line.mean())) / (HEIGHT - float(line.mean())), 0, 1)
    shade = 1.08 - 0.42 * depth + 0.16 * (clouds(rng, 7, 12) - 0.5)
    toward = np.exp(-np.abs(COLUMNS - light.x) / 40) * (1 - depth) * 0.22 * light.shine
    ground = colour * shade[..., None]
    ground = ground + (light.lamp - ground) * toward[..., None]
    paint(picture, ground.astype(np.float32), below(line))


def _peaks(rng: np.random.Generator, count: int, high: float, wide: float) -> tuple[Array, Array]:
    """A ridge of triangular peaks: how high it is, and on which side of its peak a column lies."""
    ridge = np.zeros_like(FINE_COLUMNS)
    side = np.zeros_like(FINE_COLUMNS)
    for index in range(count):
        x = WIDTH * (index + rng.random()) / count
        tall, half = high * (0.55 + 0.45 * rng.random()), wide * (0.7 + 0.6 * rng.random())
        lean = 0.75 + 0.5 * rng.random()
        off = FINE_COLUMNS - x
        slope = np.where(off < 0, -off / (half * lean), off / (half * (2 - lean)))
        peak = tall * np.clip(1 - slope, 0, 1)
        side = np.where(peak > ridge, np.sign(off), side)
        ridge = np.maximum(ridge, peak)
    return ridge.astype(np.float32), side.astype(np.float32)


def _mountains(picture: Array, light: Light, horizon: float, dark: bool, rng: np.random.Generator) -> None:
    for depth, (count, high, wide) in enumerate([(3, 25, 30), (4, 15, 20)]):
        ridge, side = _peaks(rng, count, high, wide)
        rough = rolling(rng, 9, 3) * (0.9 - 0.3 * depth)
        line = horizon + 1 - ridge - 1.5 + rough
        away = mix(light.far, light.horizon, 0.3 * (1 - depth))
        rock = mix(away, light.near, 0.3 + 0.25 * depth)
        lit = (0.5 + 0.5 * side * np.sign(light.side)).reshape(WIDTH, FINE).mean(axis=1)[None, :]
        face = rock * (0.82 + 0.0 * ROWS)[..., None] + lit[..., None] * (light.lamp - rock) * 0.28
        mask = below(line)
        paint(picture, face.astype(np.float32), mask)
        if depth == 0:
            snow = below(line) - below(line + np.clip(ridge * 0.36 + rough * 1.6, 0, 9))
            white = mix(rgb("f4f6fb") * light.tint, light.horizon, 0.15)
            paint(picture, (white * (0.74 + 0.26 * lit[..., None])).astype(np.float32), snow * 0.95)
        _haze(picture, light, horizon, 5.0, 0.5 if not dark else 0.3)
    line = horizon + 1.5 + rolling(rng, 1.5, 2) * 1.6
    _field(picture, ground_colour("mountains", light), line, light, rng)


def _desert(picture: Array, light: Light, horizon: float, dark: bool, rng: np.random.Generator) -> None:
    mesa = np.zeros_like(FINE_COLUMNS)
    for _ in range(int(rng.integers(1, 4))):
        x, half, tall = rng.random() * WIDTH, 3 + 8 * rng.random(), 3 + 6 * rng.random()
        mesa = np.maximum(mesa, tall * np.clip(4 - np.abs(FINE_COLUMNS - x) / half * 4 + 0.6, 0, 1))
    rock = mix(mix(rgb("b56a4a") * light.tint, light.far, 0.45), light.horizon, 0.2)
    paint(picture, rock, below(horizon + 1 - mesa))
    _haze(picture, light, horizon, 3.5, 0.45)
    sand = ground_colour("desert", light)
    for depth in range(4):
        crest = rolling(rng, 0.9 + 0.3 * depth, 2)
        line = horizon + depth * (2.5 + depth * 1.7) + crest * (1.3 + 1.1 * depth)
        slope = np.gradient(crest, FINE_COLUMNS).reshape(WIDTH, FINE).mean(axis=1)[None, :]
        lit = np.clip(0.5 + slope * 5 * np.sign(light.side), 0, 1)
        under = np.clip((ROWS - line.reshape(WIDTH, FINE).mean(axis=1)[None, :]) / 9, 0, 1)
        shade = (0.66 + 0.4 * lit) * (1 - under) + 0.92 * under
        colour = mix(sand, light.horizon, 0.32 - 0.1 * depth) * shade[..., None]
        paint(picture, np.clip(colour, 0, 1).astype(np.float32), below(line))


def _forest(picture: Array, light: Light, horizon: float, dark: bool, rng: np.random.Generator) -> None:
    leaf = rgb("2f5d3c") * light.tint * (0.9 if not dark else 0.6)
    rows = [(30, 8.0, 2.6), (22, 13.0, 3.6), (15, 20.0, 5.0)]
    for depth, (count, high, wide) in enumerate(rows):
        ridge, _ = _peaks(rng, count, high, wide)
        if depth == 2:
            ridge *= np.clip(np.abs(FINE_COLUMNS / WIDTH - (0.3 + 0.4 * rng.random())) * 4.5 - 0.5, 0, 1)
        line = horizon + 1.0 + depth * 1.2 - ridge - 2.5
        colour = mix(leaf, mix(light.far, light.horizon, 0.4), 0.62 - 0.29 * depth)
        paint(picture, colour, below(line))
        _haze(picture, light, horizon + depth, 4.5, 0.34 - 0.1 * depth)
    line = horizon + 3.5 + rolling(rng, 1.2, 2) * 1.2
    _field(picture, ground_colour("forest", light), line, light, rng)


def _sea(picture: Array, light: Light, horizon: float, dark: bool, rng: np.random.Generator) -> None:
    x = WIDTH * rng.random()
    off = np.abs(FINE_COLUMNS - x) / (14 + 16 * rng.random())
    isle = np.clip(1 - off, 0, 1) * (3 + 5 * rng.random()) * (1 + 0.15 * rolling(rng, 8, 2))
    paint(picture, mix(light.far, light.horizon, 0.25), below(horizon + 0.5 - isle))
    depth = np.clip((ROWS - horizon) / (HEIGHT - horizon), 0, 1)
    deep = mix(ground_colour("sea", light), light.top, 0.3)
    shallow = mix(light.horizon, deep, 0.35)
    water = shallow * (1 - depth**0.7)[..., None] + deep * (depth**0.7)[..., None]
    swell = np.sin(np.maximum(ROWS - horizon, 0) ** 0.62 * 7.5 + 5 * clouds(rng, 3, 5)) * 0.055
    water = water * (1 + swell[..., None])
    paint(picture, water.astype(np.float32), below(np.full_like(FINE_COLUMNS, horizon)))
    width = 2.5 + depth * 12
    path = np.exp(-(((COLUMNS - light.x) / width) ** 2)) * (horizon < ROWS)
    sparkle = np.clip(0.35 + 0.8 * np.sin(ROWS * 2.6 + 4 * clouds(rng, 12, 4)), 0, 1)
    add_light(picture, light.lamp, (path * sparkle * light.shine * (1 - 0.35 * depth)).astype(np.float32))
    _haze(picture, light, horizon, 2.2, 0.35)


def _blocks(
    rng: np.random.Generator, narrow: float, wide: float, high: float
) -> list[tuple[float, float, float]]:
    """Buildings side by side: left edge, right edge, height."""
    blocks, x = [], -3.0 * rng.random()
    while x < WIDTH:
        across = narrow + (wide - narrow) * rng.random()
        blocks.append((x, x + across, high * (0.3 + 0.7 * rng.random() ** 1.5)))
        x += across + (1.5 if rng.random() < 0.25 else 0)
    return blocks


def _city(picture: Array, light: Light, horizon: float, dark: bool, rng: np.random.Generator) -> None:
    for depth, (narrow, wide, high) in enumerate([(4, 8, 24), (6, 12, 16)]):
        blocks = _blocks(rng, narrow, wide, high)
        skyline = np.zeros_like(FINE_COLUMNS)
        for left, right, tall in blocks:
            skyline[int(max(left, 0) * FINE) : int(right * FINE)] = tall
        wall = mix(mix(light.far, light.near, 0.25 + 0.4 * depth), light.horizon, 0.3 - 0.2 * depth)
        line = (horizon + 2 - skyline).astype(np.float32)
        mask = below(line)
        paint(picture, wall, mask)
        _windows(picture, blocks, light, horizon + 2, dark, depth, rng)
        _haze(picture, light, horizon + 1, 6.0, 0.3 if not dark else 0.2)
    street = ground_colour("city", light) * (0.8 if dark else 1.0)
    line = np.full_like(FINE_COLUMNS, horizon + 2.0)
    _field(picture, street.astype(np.float32), line, light, rng)
    if dark:
        add_light(picture, rgb("ffb45e"), glow(WIDTH * rng.random(), horizon + 3, 24, 3.0) * 0.3)


def _windows(
    picture: Array, blocks: list[tuple[float, float, float]], light: Light, foot: float,
    dark: bool, depth: int, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Rows of windows: warm lamps in the dark, pale glass by day."""
    colour = rgb("ffca70") if dark else mix(light.horizon, light.top, 0.35)
    chance, strength = (0.5, 0.75) if dark else (0.8, 0.4)
    for left, right, tall in blocks:
        for x in np.arange(left + 1.6, right - 1.0, 2.0):
            for y in np.arange(foot - tall + 2.0, foot - 2.0, 2.6):
                if rng.random() < chance and 0 <= x < WIDTH and 0 <= y < HEIGHT:
                    here = picture[int(y), int(x)]
                    share = strength * (0.6 + 0.4 * depth)
                    picture[int(y), int(x)] = here * (1 - share) + colour * share


_PAINTERS: dict[str, Painter] = {
    "mountains": _mountains,
    "desert": _desert,
    "forest": _forest,
    "sea": _sea,
    "city": _city,
}
