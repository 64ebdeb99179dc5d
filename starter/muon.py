"""Muon: momentum made orthogonal, for matrices and convolutions; about five times AdamW's start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Steps along the orthogonal factor of the momentum, scaled so that AdamW's rates fit.

    Parameters of two and four dimensions only; of a convolution the last three count as one.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], peak: float, momentum: float = 0.95, decay: float = 0.01
    ) -> None:
        super().__init__(
            [{"params": list(parameters), "peak": peak}], {"lr": peak, "momentum": momentum, "decay": decay}
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient; equal shapes go through together."""
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[nn.Parameter]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes[tuple(parameter.shape)].append(parameter)
            for parameters in shapes.values():
                self._step_alike(parameters, group["lr"], group["momentum"], group["decay"])

    def _step_alike(self, parameters: list[nn.Parameter], rate: float, momentum: float, decay: float) -> None:
        pushes = []
        for parameter in parameters:
            state = self.state[parameter]
            gradient = parameter.grad
            assert gradient is not None
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(gradient)
            state["momentum"].lerp_(gradient, 1 - momentum)
            pushes.append(gradient.lerp(state["momentum"], momentum).flatten(1))
        steps = orthogonal(torch.stack(pushes))
        scale = 0.2 * max(steps.shape[1:]) ** 0.5
        for parameter, step in zip(parameters, steps, strict=True):
            parameter.mul_(1 - rate * decay)
            parameter.add_(step.to(parameter.dtype).view(parameter.shape), alpha=-rate * scale)


def orthogonal(matrices: Tensor, rounds: int = 5) -> Tensor:
    """Bring the singular values of each matrix in a stack near 1 (Newton-Schulz, in bfloat16)."""
    first, second, third = _COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    work = (matrices.mT if tall else matrices).bfloat16()
    work = work / (work.float().norm(dim=(1, 2), keepdim=True) + 1e-7).bfloat16()
    for _ in range(rounds):
        square = work @ work.mT
        work = first * work + (second * square + third * square @ square) @ work
    turned: Tensor = work.mT if tall else work
    return turned
