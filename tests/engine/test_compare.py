from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compare import Distance, compare, difference_map
from engine.faults import BadField
from engine.image import Pixels


def picture(width: int, height: int, seed: int = 1) -> Pixels:
    """A soft gradient with some noise, so that neighbours are alike as in a real picture."""
    x, y = np.meshgrid(np.linspace(40, 200, width), np.linspace(0, 40, height))
    rough = np.random.default_rng(seed).normal(0, 4, (height, width, 3))
    return ((x + y)[..., None] + rough).clip(0, 255).astype(np.uint8)


def test_equal_pictures_are_r0() -> None:
    assert compare(picture(96, 56), picture(96, 56)) == Distance(None, 1.0, True, "R0")


def test_one_sample_off_by_one_is_r1() -> None:
    other = picture(96, 56)
    other[3, 4, 1] ^= 1
    found = compare(picture(96, 56), other)
    assert found.psnr_db == pytest.approx(10 * math.log10(255**2 * other.size))
    assert found.ssim > 0.9999
    assert (found.identical, found.grade) == (False, "R1")


def test_another_picture_is_r2() -> None:
    found = compare(picture(96, 56), picture(96, 56)[:, ::-1])
    assert found.psnr_db is not None
    assert found.psnr_db < 45
    assert found.ssim < 0.999
    assert found.grade == "R2"


def test_both_distances_count() -> None:
    flat = np.full((64, 64, 3), 128, np.uint8)
    textured = flat.copy()
    textured[::2, ::2] += 2  # 46 dB away, yet the texture is not in the other at all
    found = compare(flat, textured)
    assert found.psnr_db is not None
    assert found.psnr_db > 45
    assert (found.ssim < 0.999, found.grade) == (True, "R2")


def test_other_sizes_have_nothing_in_common() -> None:
    assert compare(picture(96, 56), picture(56, 96)) == Distance(0.0, 0.0, False, "R2")


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 50))
def test_small_pictures_are_compared_too(width: int, height: int, seed: int) -> None:
    a, b = picture(width, height, seed), picture(width, height, seed + 1)
    found = compare(a, b)
    assert found == compare(b, a)
    assert -1 <= found.ssim <= 1
    assert found.identical == bool((a == b).all())


def test_the_difference_is_shown_bright() -> None:
    a = picture(8, 4)
    b = a.copy()
    b[1, 2, 0] ^= 1
    b[2, 3, 2] = 255 - b[2, 3, 2] // 2
    found = difference_map(a, b)
    assert found.dtype == np.uint8
    assert found[1, 2].tolist() == [16, 0, 0]
    assert np.count_nonzero(found) == 2
    assert found.max() == 255


def test_no_difference_is_black() -> None:
    assert not difference_map(picture(8, 4), picture(8, 4)).any()


def test_a_map_needs_one_size() -> None:
    with pytest.raises(BadField, match="8 × 4 and 4 × 8"):
        difference_map(picture(8, 4), picture(4, 8))
