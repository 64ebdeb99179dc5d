"""How noise is laid over pictures in training, and the sampler that takes it away again."""

from __future__ import annotations

from functools import cache

from diffusers import DDPMScheduler, DPMSolverMultistepScheduler
from torch import Tensor

_COMMON = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
}


def new_sampler() -> DPMSolverMultistepScheduler:
    """Build the sampler that a release ships with; its one infinite setting is made a number for JSON."""
    return DPMSolverMultistepScheduler(**_COMMON, lambda_min_clipped=-1e6)


@cache
def clean_and_noise_shares() -> tuple[Tensor, Tensor]:
    """Give, for each of 1000 time steps, the factor of the picture and that of the noise."""
    shares = DDPMScheduler(**_COMMON, clip_sample=False).alphas_cumprod
    return shares.sqrt(), (1 - shares).sqrt()
