from __future__ import annotations

import numpy as np
import torch

from starter.frames import draw_many
from starter.vae import CHANNELS, new_vae, psnr, to_tensor, whiten


def test_a_picture_becomes_a_quarter_of_its_size() -> None:
    pictures = to_tensor(np.zeros((1, 56, 96, 3), np.uint8))
    with torch.no_grad():
        latents = new_vae().encoder(pictures)
        assert latents.shape == (1, CHANNELS, 14, 24)
        assert pictures.min() == -1


def test_whitened_latents_have_no_mean_no_correlation_and_unit_deviation() -> None:
    torch.manual_seed(0)
    vae = new_vae()
    pictures = to_tensor(draw_many(12, 0)[0])
    whiten(vae, pictures)
    with torch.no_grad():
        latents = vae.encoder(pictures).permute(1, 0, 2, 3).flatten(1)
    assert latents.mean(dim=1).abs().max() < 0.02
    assert (torch.cov(latents) - torch.eye(CHANNELS)).abs().max() < 0.05


def test_quality_is_a_number_of_decibels() -> None:
    assert 0 < psnr(new_vae(), to_tensor(draw_many(2, 0)[0])) < 30
