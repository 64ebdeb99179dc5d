"""Storyboard frames drawn by script: one scene and one seed make one picture, always the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from starter.canvas import COLUMNS, ROWS, Array, clouds
from starter.scene import HEIGHT, WIDTH, Scene
from starter.sky import draw_sky, light_for
from starter.subjects import Stand, box_of, draw_subject, stand_for
from starter.terrain import draw_terrain, ground_colour

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawn picture, 56 rows of 96 RGB pixels, and the box its subject fills."""

    pixels: Pixels
    box: Box


def draw_frame(scene: Scene, seed: int, subjects: int = 1) -> Frame:
    """Draw a scene.

    With `subjects` 0 or above 1 the frame is a counter-example, from which the judge learns to
    tell one subject from none and from several; the model is never trained on those.
    """
    rng = np.random.default_rng(seed)
    light = light_for(scene.time, rng)
    horizon = 34.0 + rng.uniform(-1.5, 1.5)
    dark = scene.time in ("dusk", "night")
    picture = draw_sky(scene.time, light, horizon, rng)
    draw_terrain(picture, scene.terrain, light, horizon, dark, rng)
    ground = ground_colour(scene.terrain, light)
    stand = stand_for(scene, rng)
    for each in _stands(stand, subjects):
        draw_subject(picture, scene, light, each, ground)
    _grade(picture, rng)
    pixels = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Frame(pixels, box_of(scene, stand))


def draw_many(count: int, first_seed: int) -> tuple[Pixels, NDArray[np.int64], Array]:
    """Draw random scenes: pictures, labels and boxes, one row for each seed from the first on."""
    pixels = np.empty((count, HEIGHT, WIDTH, 3), np.uint8)
    labels = np.empty((count, 6), np.int64)
    boxes = np.empty((count, 4), np.float32)
    for row in range(count):
        seed = first_seed + row
        scene = Scene.random(np.random.default_rng([seed, 1]))
        frame = draw_frame(scene, seed)
        pixels[row], labels[row], boxes[row] = frame.pixels, scene.labels(), frame.box
    return pixels, labels, boxes


def write_frames(path: Path, count: int, first_seed: int) -> None:
    """Draw random scenes into one `.npz` of `pixels`, `labels` and `boxes`."""
    pixels, labels, boxes = draw_many(count, first_seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, pixels=pixels, labels=labels, boxes=boxes)


def _stands(stand: Stand, subjects: int) -> list[Stand]:
    """The subject's own place, and others across the frame where several are wanted."""
    across = [0.0, 0.37, -0.37][:subjects]
    return [Stand((stand.x / WIDTH + off) % 1 * WIDTH, stand.y, stand.tall, stand.mirror) for off in across]


def _grade(picture: Array, rng: np.random.Generator) -> None:
    """Finish in place: a soft paper texture, darker corners, a gentle film curve."""
    picture += (clouds(rng, 24, 14)[..., None] - 0.5) * 0.022
    away = np.hypot((COLUMNS / WIDTH - 0.5) * 1.15, ROWS / HEIGHT - 0.5)
    picture *= (1 - 0.42 * np.clip(away - 0.28, 0, 1) ** 1.2)[..., None]
    np.clip(picture, 0, 1, out=picture)
    picture += 0.11 * np.sin((picture - 0.5) * 2 * np.pi) * picture * (1 - picture) * 2
