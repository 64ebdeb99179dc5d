"""Estimates rest on what was measured, or say that nothing was."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.rules import estimate
from sync.rules.estimate import Estimate, Measured


def measured(
    seconds: float, pixels: int = 1000, steps: int = 10, model: str = "m", device: str = "cpu"
) -> Measured:
    return Measured(model=model, pixels=pixels, steps=steps, device=device, seconds=seconds)


def ask(history: list[Measured], pixels: int = 1000, steps: int = 10) -> Estimate:
    return estimate.seconds(history, model="m", pixels=pixels, steps=steps, device="cpu")


def test_nothing_measured_is_said() -> None:
    for history in ([], [measured(1, model="other")], [measured(1, device="gpu")]):
        found = ask(history)
        assert found.range is None
        assert "not measured yet" in found.sentence


def test_quantiles_of_what_was_measured_at_this_size() -> None:
    found = ask([measured(float(n)) for n in range(1, 12)])
    assert found.range == pytest.approx((2.0, 6.0, 10.0))
    assert found.measured == 11


def test_steps_scale() -> None:
    found = ask([measured(1.0)] * 3, steps=20)
    assert found.range == pytest.approx((2.0, 2.0, 2.0))


def test_the_nearest_size_in_proportion_with_a_wider_range() -> None:
    found = ask([measured(1.0, pixels=500)] * 3 + [measured(100.0, pixels=9000)] * 3)
    assert found.range == pytest.approx((2.0 / 1.5, 2.0, 2.0 * 1.5))
    assert "another size" in found.sentence


def test_one_measurement_is_doubted() -> None:
    assert ask([measured(3.0)]).range == pytest.approx((2.0, 3.0, 4.5))


def test_numbers_that_cannot_be_true_are_left_out() -> None:
    odd = [
        measured(math.nan),
        measured(-1.0),
        measured(math.inf),
        measured(1.0, steps=0),
        measured(1.0, pixels=-5),
    ]
    assert ask(odd).range is None
    assert ask([*odd, measured(3.0)]).measured == 1
    assert ask([measured(3.0)], pixels=0).range is None


def test_the_queue_takes_the_sum_over_the_workers() -> None:
    parts = [ask([measured(3.0)])] * 4
    assert estimate.total(parts, 2).range == pytest.approx((4.0, 6.0, 9.0))
    assert estimate.total(parts, 100).range == pytest.approx((2.0, 3.0, 4.5))
    assert estimate.total([*parts, ask([])]).range is None
    assert estimate.total([]).range == (0.0, 0.0, 0.0)


rows = st.builds(measured, st.floats(0.001, 1e4), st.integers(1, 10**7), st.integers(1, 100))


@given(st.lists(rows, min_size=1, max_size=20), st.integers(1, 10**7), st.integers(1, 100), st.data())
def test_ranges_ascend_and_do_not_depend_on_the_order(
    history: list[Measured], pixels: int, steps: int, data: st.DataObject
) -> None:
    found = ask(history, pixels, steps)
    assert found.range is not None
    low, middle, high = found.range
    assert 0 < low <= middle * (1 + 1e-9)
    assert middle <= high * (1 + 1e-9)
    again = ask(data.draw(st.permutations(history)), pixels, steps)
    assert again.range == pytest.approx(found.range)
