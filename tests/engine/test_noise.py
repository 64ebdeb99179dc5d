"""Our noise is numbered, named and the same everywhere."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import BadField
from engine.noise import Noise
from engine.recipe import LARGEST_SEED

SEEDS = st.integers(0, LARGEST_SEED)
SHAPES = st.lists(st.integers(0, 5), max_size=4).map(tuple)


def test_the_golden_vector() -> None:
    drawn = Noise(4211).normal((4 * 2**20,))
    assert drawn.dtype == np.float32
    assert hashlib.sha256(drawn.tobytes()).hexdigest() == (
        "877a852fc535e4ef4a42f92e29490c95c30f1baf5a9a9d658872a741c5cdb93d"
    )


def test_later_draws_and_other_distributions_are_golden_too() -> None:
    noise = Noise(LARGEST_SEED)
    drawn: list[np.ndarray[Any, Any]] = [
        noise.normal((16,)),
        noise.uniform((16,)),
        noise.exponential((16,)),
        noise.integers(0, 1000, (16,)),
        noise.permutation(16),
        noise.stream("generator/7").normal((16,)),
    ]
    digest = hashlib.sha256(b"".join(one.tobytes() for one in drawn)).hexdigest()
    assert digest == "18f563b4adb07709accc820b8dfd90518d609a5ee2c1b26bcf0395d068526533"


@given(SEEDS, SHAPES, SHAPES)
def test_a_draw_does_not_depend_on_how_much_was_drawn_before(
    seed: int, one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    first, second = Noise(seed), Noise(seed)
    first.normal(one)
    second.normal(other)
    assert np.array_equal(first.normal((3, 2)), second.normal((3, 2)))
    assert first.drawn == second.drawn == 2


@given(SEEDS)
def test_draws_and_streams_differ_from_each_other(seed: int) -> None:
    noise = Noise(seed)
    drawn = [
        noise.normal((4,)),
        noise.normal((4,)),
        noise.stream("a").normal((4,)),
        noise.stream("b").normal((4,)),
    ]
    assert len({one.tobytes() for one in drawn}) == len(drawn)


@given(SEEDS, st.sampled_from([8, 11, 24]))
def test_uniform_numbers_stay_below_one_in_their_precision(seed: int, bits: int) -> None:
    drawn = Noise(seed).uniform((200,), bits)
    assert drawn.min() >= 0
    assert drawn.max() <= 1 - 2.0**-bits


@given(SEEDS, st.integers(-100, 100), st.integers(1, 100))
def test_integers_lie_within_their_bounds(seed: int, low: int, width: int) -> None:
    drawn = Noise(seed).integers(low, low + width, (50,))
    assert drawn.min() >= low
    assert drawn.max() < low + width


@given(SEEDS, st.integers(0, 50))
def test_a_permutation_holds_every_number_once(seed: int, count: int) -> None:
    assert sorted(Noise(seed).permutation(count)) == list(range(count))


def test_exponentials_are_never_nought() -> None:
    assert Noise(0).exponential((10_000,)).min() > 0


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(BadField, match="seed"):
        Noise(seed)


def test_noise_of_another_release_is_refused() -> None:
    with pytest.raises(BadField, match="rng"):
        Noise(1, rng="philox/2")
