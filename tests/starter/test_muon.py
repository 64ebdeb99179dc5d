from __future__ import annotations

import torch
from torch import nn

from starter.muon import Muon, orthogonal


def test_singular_values_come_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((2, 16, 48), (1, 48, 16)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)).float())
        assert 0.5 < values.min() < values.max() < 1.5


def test_it_walks_downhill_on_matrices_and_convolutions() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(2, 8, 3, bias=False), nn.Flatten(), nn.Linear(8 * 4, 3, bias=False))
    inputs, wanted = torch.randn(16, 2, 4, 4), torch.randn(16, 3)
    optimizer = Muon(layers.parameters(), peak=0.02)
    losses = []
    for _ in range(60):
        loss = (layers(inputs) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
