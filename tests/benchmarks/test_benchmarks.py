"""Every benchmark at a hundredth of its counts: it runs, and what must hold always holds there too."""

from __future__ import annotations

import pytest

from tests.benchmarks import api, classes, identity, kills, noise, scale
from tests.benchmarks.__main__ import NAMES
from tests.benchmarks.figure import Benchmark, Figure, number, percentile

HUNDREDTH = 0.01
SIZED = ("s", "ms", "µs", "×", "/s", "KB")
"""Units of figures that depend on the machine or mean something at the full count alone."""


@pytest.mark.parametrize(
    "benchmark",
    [
        classes.measure,
        identity.measure,
        kills.measure,
        noise.measure,
        scale.measure,
        pytest.param(api.measure, marks=pytest.mark.slow),
    ],
)
def test_what_must_always_hold_holds_at_a_hundredth(benchmark: Benchmark) -> None:
    figures = benchmark(HUNDREDTH)
    assert figures
    assert [figure for figure in figures if figure.met is False and figure.unit not in SIZED] == []


def test_every_benchmark_has_a_name() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_a_figure_is_held_against_its_goal() -> None:
    most = Figure(what="x", value=1.05, unit="×", at_most=1.03)
    least = Figure(what="x", value=100, unit="%", at_least=100)
    alone = Figure(what="x", value=1, unit="µs")
    assert (most.met, least.met, alone.met) == (False, True, None)
    assert (most.goal, least.goal, alone.goal) == ("≤ 1.03 ×", "≥ 100 %", "–")
    assert most.ratio == pytest.approx(1.05 / 1.03)


def test_numbers_and_percentiles() -> None:
    assert [number(one) for one in (10000.0, 0.123456, 3)] == ["10,000", "0.1235", "3"]
    assert percentile([float(one) for one in range(1, 101)], 0.99) == 99
    assert percentile([5.0], 0.5) == 5
