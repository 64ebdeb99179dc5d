"""Following a pipeline step by step: progress out, cancelling in, and a hold on the latents it goes through."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor

from engine.renderer import Cancelled, Progress


class Steps:
    """The steps of one call: `attach` before it; `latents` are the last ones seen, `step` of `steps` are done."""

    def __init__(
        self,
        steps: int,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        preview: Callable[[Tensor], bytes | None],
    ) -> None:
        self.step = 0
        self.steps = steps
        self.latents: Tensor | None = None
        self._report = report
        self._cancelled = cancelled
        self._preview = preview

    def attach(self, pipeline: Any) -> dict[str, Any]:
        """Follow `pipeline`; returns the arguments to add to its call. 96 of 299 pipelines know no callback."""
        if "callback_on_step_end" in inspect.signature(pipeline.__call__).parameters:
            return {"callback_on_step_end": self._on_step_end}
        step = pipeline.scheduler.step

        @functools.wraps(step)  # pipelines look at the signature to see what a scheduler takes
        def followed(*given: Any, **named: Any) -> Any:
            found = step(*given, **named)
            latents = found[0] if isinstance(found, tuple) else found.prev_sample
            self._took(latents, len(pipeline.scheduler.timesteps))
            return found

        pipeline.scheduler.step = followed
        return {}

    def _on_step_end(
        self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        self._took(tensors.get("latents"), getattr(pipeline, "num_timesteps", None) or self.steps)
        return {}

    def _took(self, latents: Tensor | None, steps: int) -> None:
        self.step += 1
        self.steps = max(steps, self.step)
        self.latents = latents
        if self._cancelled():
            raise Cancelled("the render was cancelled", "ask for it again when it is wanted")
        seen = self._preview(latents) if latents is not None and self.step < self.steps else None
        self._report(Progress("rendering", self.step, self.steps, seen))
