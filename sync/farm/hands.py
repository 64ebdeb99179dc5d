"""What a worker knows of the others and of the jobs when it chooses: how fast, how large, how long still busy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sync.records import JobId, SessionId, Tier

DIGITS: Final = 12


def short(model: str) -> str:
    """A model's digest as workers call it: its first digits."""
    return model[:DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One job as work: `model` in short, `units` are steps × million pixels × frames, `key` its place, lowest first.

    `needs` is bytes of memory; `failed` the sessions it failed with; an orphan has the `owner` that fell silent.
    """

    job: JobId
    model: str
    units: float
    tier: Tier
    key: float = 0.0
    needs: int | None = None
    failed: frozenset[SessionId] = frozenset()
    owner: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """One worker, by the `slot` it has however often it starts again.

    It is `free` in so many seconds; `rates` are seconds a unit by model, `rate` for one not measured. `models` are
    those on its disk (none: any), `warm` the one in memory, `switch` seconds to change to another; `memory` is bytes,
    `only` the tier it keeps to.
    """

    session: SessionId
    slot: str = ""
    free: float = 0.0
    rates: Mapping[str, float] = field(default_factory=dict)
    rate: float = 1.0
    models: frozenset[str] | None = None
    warm: str = ""
    switch: float = 5.0
    memory: int | None = None
    only: Tier | None = None

    def can(self, load: Load) -> bool:
        """Whether it could ever do the job."""
        has = self.models is None or load.model in self.models
        fits = load.needs is None or self.memory is None or load.needs <= self.memory
        return has and fits and self.only in (None, load.tier)

    def seconds(self, load: Load, warm: str | None = None) -> float:
        """How long the job takes it, with `warm` in memory (what is there now, by default)."""
        held = self.warm if warm is None else warm
        loading = 0.0 if held == load.model else self.switch
        return loading + load.units * self.speed(load.model)

    def speed(self, model: str) -> float:
        """Seconds a unit, always more than none."""
        found = self.rates.get(model, self.rate)
        return found if math.isfinite(found) and found > 0 else 1.0
