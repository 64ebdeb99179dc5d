from __future__ import annotations

import torch
from torch import nn

from starter.workers import Worker, run


def test_alone_a_worker_leads_and_keeps_its_own_gradients() -> None:
    seen: list[Worker] = []
    run(seen.append, 1)
    worker = seen[0]
    assert worker.leads
    assert worker.agree(0.25) == 0.25
    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([1.0, 2.0])
    worker.average([parameter])
    assert parameter.grad.tolist() == [1.0, 2.0]
