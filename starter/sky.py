"""The light of a frame: palettes by time of day, and the sky they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from starter.canvas import COLUMNS, ROWS, Array, add_light, clouds, disc, glow, gradient, mix, paint, rgb
from starter.scene import HEIGHT, WIDTH


@dataclass(frozen=True, slots=True)
class Light:
    """The palette of one time of day, and where its sun or moon stands."""

    top: Array
    middle: Array
    horizon: Array
    lamp: Array
    tint: Array
    far: Array
    near: Array
    cloud: Array
    shine: float
    x: float
    y: float

    @property
    def side(self) -> float:
        """Where the light comes from: -1 far left to 1 far right."""
        return self.x / WIDTH * 2 - 1


_PALETTES: dict[str, dict[str, str]] = {
    "dawn": dict(
        top="6d9fc9", middle="f2b9b8", horizon="ffd6a0", lamp="fff3cf",
        tint="f6d8cc", far="c9a3b4", near="6f5f7c", cloud="ffc9bd",
    ),
    "noon": dict(
        top="2e7fc9", middle="79b6e4", horizon="d9edf4", lamp="fffbe8",
        tint="fffdf4", far="9cbdd4", near="5d7f74", cloud="ffffff",
    ),
    "dusk": dict(
        top="2a1e4e", middle="96386a", horizon="ff9238", lamp="ffdf90",
        tint="d79a86", far="7c3c62", near="2c1a36", cloud="ff7a5c",
    ),
    "night": dict(
        top="060b1e", middle="10234a", horizon="2b5174", lamp="e6f0ff",
        tint="6a80b0", far="1e3a5c", near="0a1428", cloud="35507c",
    ),
}  # fmt: skip
_SHINE = {"dawn": 0.75, "noon": 0.55, "dusk": 0.9, "night": 0.5}
_SUN_ROWS = {"dawn": (22.0, 29.0), "noon": (4.0, 9.0), "dusk": (25.0, 31.0), "night": (6.0, 14.0)}


def light_for(time: str, rng: np.random.Generator) -> Light:
    """Choose the light for a time of day; the sun or moon stands anywhere across the frame."""
    palette = {name: rgb(code) for name, code in _PALETTES[time].items()}
    warm = rng.normal(0, 0.018, 3).astype(np.float32)
    for name in ("top", "middle", "horizon", "far", "near"):
        palette[name] = np.clip(palette[name] + warm, 0, 1)
    low, high = _SUN_ROWS[time]
    x = WIDTH * (0.1 + 0.8 * rng.random())
    return Light(shine=_SHINE[time], x=x, y=low + (high - low) * rng.random(), **palette)


def draw_sky(time: str, light: Light, horizon: float, rng: np.random.Generator) -> Array:
    """Paint gradient, stars, clouds, then sun or moon with its glow, on a fresh picture."""
    line = horizon / HEIGHT
    picture = gradient(
        [(0.0, light.top), (line * 0.55, light.middle), (line, light.horizon), (1.0, light.horizon)]
    )
    if time == "night":
        _stars(picture, horizon, rng)
    _clouds(picture, light, horizon, rng, cover=0.55 if time == "noon" else 0.5)
    _lamp(picture, time, light)
    return picture


def _lamp(picture: Array, time: str, light: Light) -> None:
    """The sun or the moon: wide halo, narrow halo, disc."""
    if time == "night":
        add_light(picture, rgb("7fa8e0"), glow(light.x, light.y, 11) * 0.55)
        paint(picture, light.lamp, disc(light.x, light.y, 3.6))
        paint(picture, mix(light.lamp, light.middle, 0.22), disc(light.x + 1.0, light.y + 0.8, 1.5) * 0.8)
        return
    if time == "noon":
        add_light(picture, light.lamp, glow(light.x, light.y, 12) * 0.75)
        paint(picture, light.lamp, disc(light.x, light.y, 2.8))
        return
    add_light(picture, light.horizon, glow(light.x, light.y, 26, 1.5) * 0.8)
    add_light(picture, light.lamp, glow(light.x, light.y, 9) * 0.8)
    paint(picture, light.lamp, disc(light.x, light.y, 5.0 if time == "dusk" else 4.0))


def _stars(picture: Array, horizon: float, rng: np.random.Generator) -> None:
    """Some two dozen stars, fading towards the horizon."""
    for _ in range(26):
        x, y = rng.random() * WIDTH, rng.random() * horizon * 0.85
        strength = (0.35 + 0.65 * rng.random()) * (1 - y / horizon * 0.7)
        add_light(picture, rgb("eef4ff"), disc(x, y, 0.35 + 0.35 * rng.random()) * strength)


def _clouds(picture: Array, light: Light, horizon: float, rng: np.random.Generator, cover: float) -> None:
    """A few flat banks of cloud, lit from where the sun is."""
    for _ in range(int(rng.integers(2, 5))):
        x, y = rng.random() * WIDTH, horizon * (0.12 + 0.66 * rng.random())
        length, thick = 12 + 20 * rng.random(), 1.3 + 2.0 * rng.random()
        ragged = 0.55 + 0.9 * clouds(rng, 9, 14)
        away = np.hypot((COLUMNS - x) / length, (ROWS - y) / thick) / ragged
        mask = np.clip(1.25 - away, 0, 1)
        lit = np.exp(-np.abs(COLUMNS - light.x) / 45)
        colour = mix(light.middle, light.cloud, 0.55) * (1 - lit[..., None])
        colour = colour + mix(light.cloud, light.lamp, 0.3) * lit[..., None]
        paint(picture, colour, (mask * mask * (3 - 2 * mask) * cover).astype(np.float32))
