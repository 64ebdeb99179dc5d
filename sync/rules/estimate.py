"""How long a render will take, from renders that were measured: seconds a step by model, size and device."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

Range = tuple[float, float, float]

QUANTILES: Final = (0.1, 0.5, 0.9)
FEW: Final = 3
"""With fewer measurements than this the range is widened by `DOUBT`."""
DOUBT: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One finished render: `pixels` is width × height × frames, `device` names a numerics profile or kind of device."""

    model: str
    pixels: int
    steps: int
    device: str
    seconds: float

    @property
    def step(self) -> float:
        """Seconds a step."""
        return self.seconds / self.steps

    @property
    def usable(self) -> bool:
        """Whether the numbers can be true."""
        counted = self.pixels > 0 and self.steps > 0
        return counted and math.isfinite(self.seconds) and self.seconds > 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds as (low, middle, high), none when nothing was measured, and a sentence on what it rests on."""

    range: Range | None
    measured: int
    sentence: str


def seconds(history: Iterable[Measured], *, model: str, pixels: int, steps: int, device: str) -> Estimate:
    """How long `steps` steps of `model` at `pixels` will take on `device`, loading apart.

    From renders of that size; with none, from those of the nearest size, in proportion to the pixels.
    """
    ours = [one for one in history if one.usable and one.model == model and one.device == device]
    if not ours or pixels <= 0 or steps <= 0:
        return Estimate(None, 0, "not measured yet: the first render of this model on this device will tell")
    nearest = min({one.pixels for one in ours}, key=_distance_to(pixels))
    used = [one.step * (pixels / nearest) for one in ours if one.pixels == nearest]
    low, middle, high = (quantile(used, share) * steps for share in QUANTILES)
    doubt = DOUBT if len(used) < FEW or nearest != pixels else 1.0
    size = "of this size" if nearest == pixels else "of another size, in proportion to the pixels"
    sentence = f"measured on {len(used)} render{'s' if len(used) > 1 else ''} {size}"
    return Estimate((low / doubt, middle, high * doubt), len(used), sentence)


def total(parts: Iterable[Estimate], workers: int = 1) -> Estimate:
    """How long several renders take on `workers` equal workers; none while one of them is not measured."""
    found = list(parts)
    ranges = [one.range for one in found if one.range is not None]
    if len(ranges) < len(found):
        return Estimate(None, 0, f"{len(found) - len(ranges)} of {len(found)} are not measured yet")
    hands = max(1, min(workers, len(found)))
    low, middle, high = (sum(one[k] for one in ranges) / hands for k in range(3))
    return Estimate(
        (low, middle, high), sum(one.measured for one in found), f"the sum of {len(found)} estimates"
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the (one or more) values lie, between neighbours in proportion."""
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (place - below)


def _distance_to(pixels: int) -> Callable[[int], tuple[float, int]]:
    """How far a size is from `pixels` as a ratio, so that half and double are alike; of two the smaller first."""
    return lambda size: (abs(math.log(size / pixels)), size)
