from __future__ import annotations

import numpy as np
import torch

from starter.text import WIDTH
from starter.tokenizer import LENGTH
from starter.unet import box_weights, new_unet


def test_the_denoiser_keeps_the_shape_and_hears_the_text() -> None:
    torch.manual_seed(0)
    unet = new_unet().eval()
    latents, times = torch.randn(1, 4, 14, 24), torch.tensor([500])
    with torch.no_grad():
        first = unet(latents, times, torch.randn(1, LENGTH, WIDTH)).sample
        other = unet(latents, times, torch.randn(1, LENGTH, WIDTH)).sample
    assert first.shape == latents.shape
    assert not torch.allclose(first, other)


def test_in_half_precision_it_leaves_room_under_the_limit() -> None:
    assert 2 * sum(parameter.numel() for parameter in new_unet().parameters()) < 20_000_000


def test_the_loss_counts_most_in_the_subjects_box() -> None:
    boxes = np.array([[0, 0, 8, 8], [0, 0, 96, 56]], np.float32)
    weights = box_weights(boxes, extra=4.0)
    assert weights.shape == (2, 1, 14, 24)
    assert (weights[0] > 1).sum() == 4
    assert weights[0, 0, 0, 0] > weights[1, 0, 0, 0] > 1
    assert weights[0, 0, 13, 23] == 1
