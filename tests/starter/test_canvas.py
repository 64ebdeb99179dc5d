from __future__ import annotations

import numpy as np

from starter.canvas import FINE_COLUMNS, add_light, below, clouds, disc, glow, gradient, mix, paint, rgb
from starter.scene import HEIGHT, WIDTH


def test_colours_are_read_and_mixed() -> None:
    assert np.allclose(rgb("ff0080"), [1, 0, 128 / 255])
    assert np.allclose(mix(rgb("000000"), rgb("ffffff"), 0.25), 0.25)


def test_a_full_mask_replaces_and_an_empty_one_leaves() -> None:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    paint(picture, rgb("ff0000"), np.zeros((HEIGHT, WIDTH), np.float32))
    assert picture.max() == 0
    paint(picture, rgb("ff0000"), np.ones((HEIGHT, WIDTH), np.float32))
    assert np.allclose(picture, rgb("ff0000"))


def test_light_never_goes_beyond_white() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 0.9, np.float32)
    add_light(picture, rgb("ffffff"), glow(20, 20, 10))
    assert 0.9 <= picture.min() <= picture.max() <= 1


def test_a_disc_covers_its_area_with_a_soft_edge() -> None:
    mask = disc(40, 30, 10)
    assert abs(float(mask.sum()) - np.pi * 100) < 5
    assert ((mask > 0) & (mask < 1)).any()


def test_a_level_line_covers_what_is_under_it() -> None:
    mask = below(np.full_like(FINE_COLUMNS, 20.0))
    assert mask[:20].max() == 0
    assert mask[20:].min() == 1


def test_a_gradient_runs_between_its_colours() -> None:
    picture = gradient([(0.0, rgb("000000")), (1.0, rgb("ffffff"))])
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert (np.diff(picture[:, 0, 0]) > 0).all()


def test_clouds_stay_between_nothing_and_one() -> None:
    noise = clouds(np.random.default_rng(1), 5, 4)
    assert 0 <= noise.min() < noise.max() <= 1
