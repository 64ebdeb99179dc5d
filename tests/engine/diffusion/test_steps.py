"""Steps are counted through the callback, or through the scheduler where a pipeline has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from engine.diffusion.steps import Steps
from engine.renderer import Cancelled, Progress


@dataclass
class Halving:
    """A scheduler that halves its sample."""

    timesteps: list[int] = field(default_factory=lambda: [3, 2, 1])

    def step(
        self, output: Any, timestep: int, sample: torch.Tensor, return_dict: bool = False
    ) -> tuple[torch.Tensor]:
        """One step."""
        return (sample / 2,)


class Modern:
    """A pipeline with a callback."""

    num_timesteps = 3

    def __call__(self, callback_on_step_end: Callable[..., dict[str, Any]]) -> torch.Tensor:
        """Run three steps."""
        latents = torch.ones(1, 4, 2, 2)
        for index in range(3):
            latents = latents / 2
            latents = callback_on_step_end(self, index, index, {"latents": latents}).pop("latents", latents)
        return latents


class Old:
    """A pipeline that has never heard of callbacks."""

    def __init__(self) -> None:
        self.scheduler = Halving()

    def __call__(self) -> torch.Tensor:
        """Run three steps."""
        latents = torch.ones(1, 4, 2, 2)
        for timestep in self.scheduler.timesteps:
            latents = self.scheduler.step(None, timestep, latents)[0]
        return latents


def _steps(told: list[Progress], *, cancel_at: int = 99) -> Steps:
    return Steps(2, told.append, lambda: len(told) + 1 >= cancel_at, lambda latents: b"preview")


@pytest.mark.parametrize("kind", [Modern, Old])
def test_every_step_is_told_and_the_last_latents_are_held(kind: type[Any]) -> None:
    told: list[Progress] = []
    steps, pipeline = _steps(told), kind()
    final = pipeline(**steps.attach(pipeline))
    assert [(one.step, one.steps) for one in told] == [(1, 3), (2, 3), (3, 3)]
    assert [one.preview for one in told] == [b"preview", b"preview", None]
    assert steps.latents is not None
    assert torch.equal(steps.latents, final)


@pytest.mark.parametrize("kind", [Modern, Old])
def test_cancelling_ends_the_call_within_a_step(kind: type[Any]) -> None:
    told: list[Progress] = []
    steps, pipeline = _steps(told, cancel_at=2), kind()
    with pytest.raises(Cancelled):
        pipeline(**steps.attach(pipeline))
    assert [one.step for one in told] == [1]
