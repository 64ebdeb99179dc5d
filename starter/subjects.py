"""The one subject of a frame: eight silhouettes built of a few shapes each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from starter.canvas import COLUMNS, FINE, ROWS, Array, add_light, disc, glow, mix, paint, rgb
from starter.scene import HEIGHT, WIDTH, Scene
from starter.sky import Light

COLOURS: dict[str, str] = {
    "red": "e0322b", "yellow": "f7cf2a", "green": "2fae4b",
    "blue": "2a62dd", "purple": "9a3ccf", "white": "f6f4ee",
}  # fmt: skip

_SIZES = {"close": 41.0, "medium": 24.0, "far": 12.5}
_FEET = {"close": 53.0, "medium": 46.5, "far": 41.0}
_BALLOON_FEET = {"close": 49.0, "medium": 37.0, "far": 26.0}
_PLACES = {"left": 0.21, "centre": 0.5, "right": 0.79}

# A part is (kind, tone, numbers): x from -0.5 to 0.5 of the height, y from 0 at the feet to 1;
# a polygon's numbers are points, a box's two corners, a ball's middle and two radii.
Part = tuple[str, str, tuple[float, ...]]
_PARTS: dict[str, tuple[Part, ...]] = {
    "traveller": (
        ("polygon", "ink", (-0.11, 0, -0.03, 0, -0.03, 0.14, -0.1, 0.14)),
        ("polygon", "ink", (0.04, 0, 0.12, 0, 0.1, 0.14, 0.03, 0.14)),
        ("polygon", "light", (-0.04, 0.8, -0.34, 0.7, -0.29, 0.6, -0.02, 0.7)),
        ("polygon", "main", (-0.08, 0.8, 0.08, 0.8, 0.22, 0.12, 0.14, 0.08, -0.15, 0.08, -0.24, 0.12)),
        ("polygon", "shade", (0.03, 0.8, 0.08, 0.8, 0.22, 0.12, 0.06, 0.08)),
        ("ball", "skin", (0, 0.83, 0.075, 0.08)),
        ("ball", "shade", (0, 0.89, 0.17, 0.03)),
        ("polygon", "main", (-0.08, 0.89, 0.08, 0.89, 0.04, 1.0, -0.05, 1.0)),
        ("box", "ink", (0.27, 0, 0.295, 0.95)),
    ),
    "robot": (
        ("box", "shade", (-0.15, 0, -0.05, 0.3)),
        ("box", "shade", (0.05, 0, 0.15, 0.3)),
        ("box", "shade", (-0.31, 0.3, -0.22, 0.64)),
        ("box", "shade", (0.22, 0.3, 0.31, 0.64)),
        ("box", "main", (-0.2, 0.26, 0.2, 0.66)),
        ("box", "pale", (-0.09, 0.4, 0.09, 0.52)),
        ("box", "light", (-0.15, 0.69, 0.15, 0.92)),
        ("ball", "ink", (-0.065, 0.81, 0.05, 0.05)),
        ("ball", "ink", (0.065, 0.81, 0.05, 0.05)),
        ("ball", "glow", (-0.065, 0.81, 0.028, 0.028)),
        ("ball", "glow", (0.065, 0.81, 0.028, 0.028)),
        ("box", "ink", (-0.012, 0.92, 0.012, 1.0)),
        ("ball", "main", (0, 1.0, 0.035, 0.035)),
    ),
    "house": (
        ("box", "shade", (0.18, 0.6, 0.28, 0.92)),
        ("box", "main", (-0.4, 0, 0.4, 0.48)),
        ("polygon", "roof", (-0.5, 0.46, 0, 0.92, 0.5, 0.46)),
        ("box", "ink", (-0.075, 0, 0.075, 0.28)),
        ("box", "glow", (-0.3, 0.18, -0.15, 0.36)),
        ("box", "glow", (0.15, 0.18, 0.3, 0.36)),
    ),
    "tree": (
        ("polygon", "trunk", (-0.07, 0, 0.07, 0, 0.035, 0.5, -0.035, 0.5)),
        ("ball", "shade", (0.16, 0.56, 0.24, 0.2)),
        ("ball", "main", (-0.18, 0.58, 0.23, 0.19)),
        ("ball", "main", (0.02, 0.72, 0.29, 0.26)),
        ("ball", "light", (-0.08, 0.8, 0.15, 0.13)),
        ("ball", "shade", (0.17, 0.62, 0.13, 0.1)),
    ),
    "balloon": (
        ("polygon", "ink", (-0.1, 0.28, -0.08, 0.28, -0.055, 0.1, -0.07, 0.1)),
        ("polygon", "ink", (0.1, 0.28, 0.08, 0.28, 0.055, 0.1, 0.07, 0.1)),
        ("polygon", "main", (-0.295, 0.52, 0.295, 0.52, 0.1, 0.24, -0.1, 0.24)),
        ("ball", "main", (0, 0.66, 0.34, 0.34)),
        ("ball", "shade", (0, 0.66, 0.21, 0.34)),
        ("polygon", "shade", (-0.19, 0.55, 0.19, 0.55, 0.07, 0.24, -0.07, 0.24)),
        ("ball", "light", (0, 0.66, 0.09, 0.34)),
        ("polygon", "light", (-0.09, 0.6, 0.09, 0.6, 0.03, 0.24, -0.03, 0.24)),
        ("box", "trunk", (-0.08, 0, 0.08, 0.12)),
    ),
    "ship": (
        ("polygon", "trunk", (-0.47, 0.2, 0.52, 0.22, 0.38, 0, -0.35, 0)),
        ("polygon", "shade", (-0.47, 0.2, 0.52, 0.22, 0.49, 0.15, -0.44, 0.14)),
        ("box", "ink", (-0.015, 0.2, 0.015, 1.0)),
        ("polygon", "main", (0.03, 0.98, 0.03, 0.27, 0.46, 0.3, 0.34, 0.55, 0.2, 0.8)),
        ("polygon", "light", (-0.03, 0.9, -0.03, 0.27, -0.42, 0.3, -0.24, 0.55)),
    ),
    "car": (
        ("polygon", "main", (-0.58, 0.1, -0.59, 0.3, -0.36, 0.34, -0.2, 0.53,
                             0.2, 0.53, 0.36, 0.34, 0.57, 0.28, 0.6, 0.1)),
        ("polygon", "shade", (-0.58, 0.1, -0.585, 0.2, 0.59, 0.2, 0.6, 0.1)),
        ("polygon", "glass", (-0.28, 0.35, -0.16, 0.48, -0.02, 0.48, -0.02, 0.35)),
        ("polygon", "glass", (0.03, 0.35, 0.03, 0.48, 0.17, 0.48, 0.28, 0.35)),
        ("ball", "ink", (-0.33, 0.11, 0.125, 0.125)),
        ("ball", "ink", (0.35, 0.11, 0.125, 0.125)),
        ("ball", "pale", (-0.33, 0.11, 0.05, 0.05)),
        ("ball", "pale", (0.35, 0.11, 0.05, 0.05)),
        ("ball", "glow", (0.56, 0.25, 0.04, 0.045)),
    ),
    "tower": (
        ("polygon", "ink", (-0.22, 0, 0.22, 0, 0.15, 0.06, -0.15, 0.06)),
        ("polygon", "main", (-0.15, 0.04, 0.15, 0.04, 0.085, 0.76, -0.085, 0.76)),
        ("polygon", "stripe", (-0.138, 0.18, 0.138, 0.18, 0.124, 0.32, -0.124, 0.32)),
        ("polygon", "stripe", (-0.112, 0.46, 0.112, 0.46, 0.1, 0.6, -0.1, 0.6)),
        ("box", "ink", (-0.13, 0.75, 0.13, 0.785)),
        ("box", "glow", (-0.065, 0.785, 0.065, 0.9)),
        ("polygon", "shade", (-0.1, 0.9, 0.1, 0.9, 0, 1.0)),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a subject stands: feet at (x, y), so tall, mirrored or not."""

    x: float
    y: float
    tall: float
    mirror: float


def stand_for(scene: Scene, rng: np.random.Generator) -> Stand:
    """Place the subject by its position and camera distance, a little off the mark."""
    feet = _BALLOON_FEET if scene.subject == "balloon" else _FEET
    inward = {"close": 0.035, "medium": 0.0, "far": -0.02}[scene.distance]
    place = _PLACES[scene.position]
    place += inward * float(np.sign(0.5 - place)) + rng.uniform(-0.03, 0.03)
    return Stand(
        x=WIDTH * place,
        y=feet[scene.distance] + rng.uniform(-1, 1),
        tall=_SIZES[scene.distance] * rng.uniform(0.94, 1.06),
        mirror=1.0 if rng.random() < 0.5 else -1.0,
    )


def box_of(scene: Scene, stand: Stand) -> tuple[float, float, float, float]:
    """The subject's left, top, right and bottom in pixels, cut to the frame."""
    half = stand.tall * max(abs(x) for part in _PARTS[scene.subject] for x in _spread(part))
    return (max(0.0, stand.x - half), max(0.0, stand.y - stand.tall),
            min(float(WIDTH), stand.x + half), min(float(HEIGHT), stand.y))  # fmt: skip


def draw_subject(picture: Array, scene: Scene, light: Light, stand: Stand, ground: Array) -> None:
    """Paint shadow or reflection, the subject itself lit from the sun's side, and its lamps."""
    dark = scene.time in ("dusk", "night")
    colours, mask = _render(scene, light, stand, dark)
    _footing(picture, scene, stand, colours, mask, ground)
    side = np.clip((COLUMNS - stand.x) / (stand.tall * 0.35), -1, 1) * np.sign(light.side)
    lit = 1.0 + 0.16 * side[..., None] - 0.12 * np.clip((ROWS - stand.y) / stand.tall + 0.3, 0, 1)[..., None]
    paint(picture, np.clip(colours * lit, 0, 1).astype(np.float32), mask)
    if dark:
        _lamps(picture, scene, stand)


def _spread(part: Part) -> tuple[float, ...]:
    """How far a part reaches sideways."""
    kind, _, numbers = part
    if kind == "ball":
        return (numbers[0] - numbers[2], numbers[0] + numbers[2])
    return numbers[0::2]


def _tones(scene: Scene, light: Light, dark: bool) -> dict[str, Array]:
    """The colours of a subject's parts under this light."""
    main = rgb(COLOURS[scene.colour])
    tint = mix(light.tint, np.ones(3, np.float32), 0.45)
    plain = {
        "main": main, "shade": main * 0.66, "light": mix(main, rgb("ffffff"), 0.34),
        "roof": mix(main * 0.45, rgb("3a2c34"), 0.35), "stripe": main * 0.42,
        "ink": rgb("1d1a26"), "trunk": rgb("6a4630"), "skin": rgb("e9b48c"),
        "pale": rgb("e4e2da"), "glass": rgb("a9d3e6"),
    }  # fmt: skip
    tones: dict[str, Array] = {name: tone * tint for name, tone in plain.items()}
    tones["glow"] = rgb("ffe08a") if dark else rgb("fbeeb6") * tint
    if dark:
        tones["glass"] = rgb("ffd98c") * 0.9
    return tones


def _render(scene: Scene, light: Light, stand: Stand, dark: bool) -> tuple[Array, Array]:
    """Draw the parts four times too large, then reduce: colours, and how far they cover."""
    tones = _tones(scene, light, dark)
    size = (WIDTH * FINE, HEIGHT * FINE)
    colours = Image.new("RGB", size, _ink(tones["main"]))
    mask = Image.new("L", size, 0)
    brush, cover = ImageDraw.Draw(colours), ImageDraw.Draw(mask)
    for kind, tone, numbers in _PARTS[scene.subject]:
        points = _points(kind, numbers, stand)
        for draw, fill in ((brush, _ink(tones[tone])), (cover, 255)):
            if kind == "ball":
                draw.ellipse(points, fill=fill)
            else:
                draw.polygon(points, fill=fill)
    small = np.asarray(colours.reduce(FINE), dtype=np.float32) / 255
    return small, np.asarray(mask.reduce(FINE), dtype=np.float32) / 255


def _points(kind: str, numbers: tuple[float, ...], stand: Stand) -> list[tuple[float, float]]:
    """A part's corner points on the enlarged canvas."""
    if kind == "ball":
        x, y, across, up = numbers
        pairs = [(x - across, y + up), (x + across, y - up)]
    elif kind == "box":
        left, bottom, right, top = numbers
        pairs = [(left, bottom), (right, bottom), (right, top), (left, top)]
    else:
        pairs = list(zip(numbers[0::2], numbers[1::2], strict=True))
    placed = [((stand.x + x * stand.tall * stand.mirror) * FINE, (stand.y - y * stand.tall) * FINE)
              for x, y in pairs]  # fmt: skip
    if kind == "ball":
        xs, ys = sorted(x for x, _ in placed), sorted(y for _, y in placed)
        return [(xs[0], ys[0]), (xs[1], ys[1])]
    return placed


def _ink(colour: Array) -> tuple[int, int, int]:
    red, green, blue = (round(float(part) * 255) for part in np.clip(colour, 0, 1))
    return red, green, blue


def _footing(picture: Array, scene: Scene, stand: Stand, colours: Array, mask: Array, ground: Array) -> None:
    """What ties the subject to the land: a shadow, an islet in the sea, a reflection."""
    if scene.subject == "balloon":
        return
    wide = stand.tall * (0.55 if scene.subject in ("house", "ship", "car") else 0.3)
    if scene.terrain in ("sea", "city"):
        rows = np.clip(np.round(2 * stand.y - ROWS[:, 0] - 0.5), 0, HEIGHT - 1).astype(int)
        fade = np.clip(1 - (ROWS - stand.y) / (stand.tall * 0.7), 0, 1) * (stand.y < ROWS) * 0.4
        paint(picture, colours[rows] * 0.8, (mask[rows] * fade).astype(np.float32))
    if scene.terrain == "sea" and scene.subject != "ship":
        rock = mix(ground * 0.5, rgb("4a4038"), 0.5)
        paint(picture, rock, disc(stand.x, stand.y + 0.6, wide * 1.15, 5.5))
        return
    paint(picture, ground * 0.42, disc(stand.x, stand.y + 0.2, wide, 6.0) * 0.6)


def _lamps(picture: Array, scene: Scene, stand: Stand) -> None:
    """The warm light that a subject's lamps throw around them after sunset."""
    for kind, tone, numbers in _PARTS[scene.subject]:
        if tone == "glow":
            high = numbers[1] if kind == "ball" else (numbers[1] + numbers[3]) / 2
            along = numbers[0] if kind == "ball" else (numbers[0] + numbers[2]) / 2
            x, y = stand.x + along * stand.tall * stand.mirror, stand.y - high * stand.tall
            add_light(picture, rgb("ffc25e"), glow(x, y, 1.0 + stand.tall * 0.09) * 0.4)
