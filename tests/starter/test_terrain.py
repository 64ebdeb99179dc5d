from __future__ import annotations

import numpy as np
import pytest

from starter.scene import ATTRIBUTES
from starter.sky import draw_sky, light_for
from starter.terrain import draw_terrain, ground_colour


@pytest.mark.parametrize("terrain", ATTRIBUTES["terrain"])
def test_land_fills_the_foot_of_the_frame_and_leaves_the_top_to_the_sky(terrain: str) -> None:
    rng = np.random.default_rng(2)
    light = light_for("noon", rng)
    sky = draw_sky("noon", light, 34.0, rng)
    picture = sky.copy()
    draw_terrain(picture, terrain, light, 34.0, False, rng)
    assert np.isfinite(picture).all()
    assert np.abs(picture[44:] - sky[44:]).mean() > 0.05
    assert np.allclose(picture[:4], sky[:4])


def test_no_two_terrains_have_one_ground() -> None:
    light = light_for("noon", np.random.default_rng(0))
    grounds = [tuple(ground_colour(terrain, light).round(3)) for terrain in ATTRIBUTES["terrain"]]
    assert len(set(grounds)) == len(grounds)
