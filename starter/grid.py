"""Contact sheets of what a release draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from starter.captions import canonical
from starter.card import EXAMPLES, Defaults, draw
from starter.frames import Pixels
from starter.release import load_release
from starter.scene import Scene


def contact_sheet(pictures: Pixels, columns: int = 4, enlarge: int = 3, gap: int = 2) -> Image.Image:
    """Lay pictures out in rows with dark gaps, enlarged smoothly."""
    count, height, width, _ = pictures.shape
    rows = -(-count // columns)
    sheet = Image.new(
        "RGB", ((width * enlarge + gap) * columns + gap, (height * enlarge + gap) * rows + gap), (20, 20, 24)
    )
    for index, picture in enumerate(pictures):
        large = Image.fromarray(picture).resize((width * enlarge, height * enlarge), Image.Resampling.LANCZOS)
        row, column = divmod(index, columns)
        sheet.paste(large, (gap + column * (width * enlarge + gap), gap + row * (height * enlarge + gap)))
    return sheet


def write_grid(folder: Path, png: Path, count: int = 18, defaults: Defaults | None = None) -> None:
    """Draw the card's examples and so many random scenes, always the same, into one PNG."""
    rng = np.random.default_rng(3)
    prompts = EXAMPLES + [canonical(Scene.random(rng)) for _ in range(count)]
    pictures = draw(load_release(folder), prompts, defaults or Defaults())
    contact_sheet(pictures).save(png)
