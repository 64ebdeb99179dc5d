from __future__ import annotations

import pytest
import torch

from starter.noise import clean_and_noise_shares, new_sampler


def test_the_last_step_is_nothing_but_noise_and_the_shares_are_a_circle() -> None:
    clean, noisy = clean_and_noise_shares()
    assert clean[-1] < 1e-3
    assert clean[0] > 0.99
    assert torch.allclose(clean**2 + noisy**2, torch.ones(1000), atol=1e-5)
    assert (clean.diff() <= 0).all()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_sampler_begins_at_the_last_step() -> None:
    sampler = new_sampler()
    sampler.set_timesteps(10)
    assert int(sampler.timesteps[0]) == 999
    assert sampler.config.prediction_type == "v_prediction"
