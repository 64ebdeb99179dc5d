"""A training run measured in wall-clock seconds: learning rates, checkpoints, lines of progress."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch


@dataclass
class Schedule:
    """Says how far a run of so many seconds has come; a slow machine makes fewer steps, not a longer run."""

    seconds: float
    save_every: float = 120.0
    say_every: float = 20.0
    steps: int = 0
    _start: float = field(default_factory=time.monotonic)
    _saved: float = 0.0
    _said: float = 0.0

    def __iter__(self) -> Iterator[float]:
        """Yield the share of the time that is used, once a step, until it is all used."""
        while (share := self.elapsed / self.seconds) < 1:
            yield share
            self.steps += 1

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._start

    def due_to_save(self) -> bool:
        """Tell, once every `save_every` seconds, that a checkpoint is due."""
        if self.elapsed - self._saved < self.save_every:
            return False
        self._saved = self.elapsed
        return True

    def say(self, text: str) -> None:
        """Print a line of progress, not more often than every `say_every` seconds."""
        if self.elapsed - self._said >= self.say_every:
            self._said = self.elapsed
            print(f"{self.elapsed:6.0f} s  step {self.steps:5d}  {text}", flush=True)


def set_rate(optimizer: torch.optim.Optimizer, share: float, warm: float = 0.02) -> None:
    """Set the learning rate of each group: its `peak`, after a short rise, falling to 0 by a cosine."""
    rise = min(1.0, share / warm) if warm else 1.0
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * max(rise, 0.02) * 0.5 * (1 + math.cos(math.pi * share))
