from __future__ import annotations

import numpy as np
import pytest

from starter.scene import ATTRIBUTES, HEIGHT, WIDTH, Scene
from starter.sky import light_for
from starter.subjects import box_of, draw_subject, stand_for


@pytest.mark.parametrize("subject", ATTRIBUTES["subject"])
def test_a_subject_is_painted_where_its_box_says(subject: str) -> None:
    scene = Scene("noon", "desert", subject, "red", "centre", "medium")
    rng = np.random.default_rng(3)
    light, stand = light_for("noon", rng), stand_for(scene, rng)
    picture = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    draw_subject(picture, scene, light, stand, np.full(3, 0.5, np.float32))
    left, top, right, bottom = (round(edge) for edge in box_of(scene, stand))
    change = np.abs(picture - 0.5).sum(axis=2)
    assert change[top:bottom, left:right].sum() > 0.8 * change.sum()


def test_boxes_stand_left_centre_and_right_and_shrink_with_distance() -> None:
    def box(position: str, distance: str) -> tuple[float, float, float, float]:
        scene = Scene("noon", "sea", "robot", "blue", position, distance)
        return box_of(scene, stand_for(scene, np.random.default_rng(1)))

    middles = [sum(box(position, "medium")[0::2]) / 2 for position in ("left", "centre", "right")]
    assert middles[0] < WIDTH / 3 < middles[1] < WIDTH * 2 / 3 < middles[2]
    heights = [
        box("centre", distance)[3] - box("centre", distance)[1] for distance in ("close", "medium", "far")
    ]
    assert heights[0] > 1.4 * heights[1] > 1.4 * 1.4 * heights[2]
