"""One measured figure beside its goal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured, the goal as a bound on `value`, and how it was reached.

    `at_most` and `at_least` bound the value in `unit`; with neither the figure stands for information alone.
    """

    what: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; nothing where there is no goal."""
        if self.at_most is not None:
            return self.value <= self.at_most
        if self.at_least is not None:
            return self.value >= self.at_least
        return None

    @property
    def goal(self) -> str:
        """The goal as it is printed, `≤ 1.03 ×`."""
        if self.at_most is not None:
            return f"≤ {number(self.at_most)} {self.unit}"
        if self.at_least is not None:
            return f"≥ {number(self.at_least)} {self.unit}"
        return "–"

    @property
    def ratio(self) -> float | None:
        """The value over the goal; under 1 is better for an upper bound, over 1 for a lower one."""
        bound = self.at_most if self.at_most is not None else self.at_least
        return self.value / bound if bound else None

    def to_json(self) -> dict[str, Any]:
        """The figure with its goal, ratio and verdict as plain values."""
        return {**asdict(self), "goal": self.goal, "ratio": self.ratio, "met": self.met}


Benchmark = Callable[[float], list[Figure]]
"""Measures at a share of its full count (1.0 is full, 0.01 what the tests run) and returns its figures."""


def number(value: float) -> str:
    """A number with at most four significant digits and no needless zeros."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}"


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, by nearest rank; at least one value is needed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def milliseconds(ask: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    ask()
    return (time.perf_counter() - start) * 1000
