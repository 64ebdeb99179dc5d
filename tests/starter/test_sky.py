from __future__ import annotations

import numpy as np

from starter.scene import ATTRIBUTES, HEIGHT, WIDTH
from starter.sky import draw_sky, light_for


def test_night_is_the_darkest_and_noon_the_bluest() -> None:
    skies = {}
    for time in ATTRIBUTES["time"]:
        rng = np.random.default_rng(4)
        skies[time] = draw_sky(time, light_for(time, rng), 34.0, rng)
    assert min(skies, key=lambda time: float(skies[time].mean())) == "night"
    blue = {time: float((sky[..., 2] - sky[..., 0])[:20].mean()) for time, sky in skies.items()}
    assert max(blue, key=lambda time: blue[time]) == "noon"


def test_the_lamp_stands_in_the_frame() -> None:
    for seed in range(20):
        for time in ATTRIBUTES["time"]:
            light = light_for(time, np.random.default_rng(seed))
            assert 0 < light.x < WIDTH
            assert 0 < light.y < HEIGHT
            assert -1 <= light.side <= 1
