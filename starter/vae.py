"""The picture codec of the starter model: 96 x 56 pixels to 24 x 14 latents of 4, and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor, nn
from torch.nn import functional as F

from starter.frames import Pixels
from starter.muon import Muon
from starter.schedule import Schedule, set_rate
from starter.workers import Worker, run

FACTOR = 4
CHANNELS = 4
_HELD_OUT = 64


@dataclass(frozen=True, slots=True)
class Practice:
    """One course of training for the codec; with `frozen` the encoder, and so all latents, stay."""

    frames: Path
    out: Path
    seconds: float
    start: Path | None = None
    frozen: bool = False
    peak: float = 2e-3
    batch: int = 24
    noisy: float = 0.04
    seed: int = 0


def new_vae() -> AutoencoderTiny:
    """Build an untrained codec; its latents need no scaling once `whiten` has been folded in."""
    return AutoencoderTiny(
        encoder_block_out_channels=(48, 48, 48),
        decoder_block_out_channels=(48, 48, 48),
        num_encoder_blocks=(0, 1, 2),
        num_decoder_blocks=(3, 2, 0),
        latent_channels=CHANNELS,
        scaling_factor=1.0,
    )


def to_tensor(pixels: Pixels) -> Tensor:
    """Turn pictures (count, rows, columns, RGB bytes) into floats between -1 and 1, channels first."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def train_vae(practice: Practice, workers: int = 1) -> None:
    """Train a codec and save it as a diffusers folder; unless frozen, its latents are whitened last."""
    run(partial(_train, practice), workers)


def whiten(vae: AutoencoderTiny, pictures: Tensor) -> None:
    """Fold into the encoder's end and the decoder's start an affine map that makes latents white.

    Afterwards the four channels have mean 0, deviation 1 and no correlation over the pictures, and
    differ as little as can be from what they were. The decoder is exact again only after some
    training with the encoder frozen, since it squeezes its input (tanh) first.
    """
    with torch.no_grad():
        latents = vae.encoder(pictures).permute(1, 0, 2, 3).flatten(1)
        mean = latents.mean(dim=1)
        values, vectors = torch.linalg.eigh(torch.cov(latents))
        there = (vectors / values.sqrt()) @ vectors.T
        back = (vectors * values.sqrt()) @ vectors.T
        last, first = vae.encoder.layers[-1], vae.decoder.layers[0]
        last.weight.copy_(torch.einsum("ij,jabc->iabc", there, last.weight))
        last.bias.copy_(there @ (last.bias - mean))
        inner = torch.einsum("ojab,j->oab", first.weight, mean)
        first.weight.copy_(torch.einsum("ojab,ji->oiab", first.weight, back))
        first.bias.add_(inner.sum(dim=(1, 2)))


def psnr(vae: AutoencoderTiny, pictures: Tensor) -> float:
    """Measure in decibels how well pictures survive encoding and decoding."""
    with torch.no_grad():
        again = vae.decoder(vae.encoder(pictures)).clamp(-1, 1)
    return float(10 * torch.log10(4 / F.mse_loss(again, pictures)))


def _train(practice: Practice, worker: Worker) -> None:
    """Run one process's part of a course."""
    torch.manual_seed(practice.seed)
    vae = new_vae()
    if practice.start:
        vae = AutoencoderTiny.from_pretrained(practice.start, torch_dtype=torch.float32)
    vae = vae.to(memory_format=torch.channels_last)
    vae.encoder.requires_grad_(not practice.frozen)
    data = np.load(practice.frames)
    pixels, boxes = data["pixels"], data["boxes"]
    _fit(vae, pixels, boxes, practice, worker)
    if worker.leads:
        if not practice.frozen:
            whiten(vae, to_tensor(pixels[:512]))
        vae.save_pretrained(practice.out)
        print(f"        in the end {psnr(vae, to_tensor(pixels[-_HELD_OUT:])):.2f} dB", flush=True)


def _fit(vae: AutoencoderTiny, pixels: Pixels, boxes: np.ndarray, practice: Practice, worker: Worker) -> None:
    """Train to bring pictures back from slightly noisy latents."""
    parameters = [parameter for parameter in vae.parameters() if parameter.requires_grad]
    optimizers = _optimizers(vae, practice.peak)
    schedule = Schedule(practice.seconds)
    rng = np.random.default_rng([practice.seed, worker.number])
    torch.manual_seed(practice.seed * 1000 + worker.number)
    for share in schedule:
        if (share := worker.agree(share)) >= 1:
            return
        rows = rng.integers(0, len(pixels) - _HELD_OUT, practice.batch)
        pictures = to_tensor(pixels[rows]).contiguous(memory_format=torch.channels_last)
        loss = _loss(vae, pictures, _weights(boxes[rows]), practice.noisy)
        loss.backward()  # type: ignore[no-untyped-call]
        worker.average(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in optimizers:
            set_rate(optimizer, share)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if worker.leads:
            schedule.say(f"loss {loss.item():.4f}")
            if schedule.due_to_save():
                print(f"        {psnr(vae, to_tensor(pixels[-_HELD_OUT:])):.2f} dB", flush=True)
    worker.agree(1.0)


def _optimizers(vae: AutoencoderTiny, peak: float) -> list[torch.optim.Optimizer]:
    """Muon for the inner convolutions, AdamW for biases and the layers at pixels and latents."""
    wanted = [p for p in vae.parameters() if p.requires_grad]
    inner = [p for p in wanted if p.ndim == 4 and min(p.shape[:2]) > CHANNELS]
    outer = [p for p in wanted if p.ndim != 4 or min(p.shape[:2]) <= CHANNELS]
    adam = torch.optim.AdamW([{"params": outer, "peak": peak}], lr=peak, betas=(0.9, 0.98), weight_decay=0.0)
    return [Muon(inner, peak), adam]


def _loss(vae: AutoencoderTiny, pictures: Tensor, weights: Tensor, noisy: float) -> Tensor:
    """What is lost between a picture and its return, and how far latents are from unit spread."""
    with torch.autocast("cpu", torch.bfloat16):
        latents = vae.encoder(pictures).float()
        again = vae.decoder(latents + noisy * torch.randn_like(latents)).float()
    mean, deviation = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    spread = mean.square().mean() + (deviation - 1).square().mean()
    total: Tensor = difference(again, pictures, weights) + 0.02 * spread
    return total


def difference(again: Tensor, pictures: Tensor, weights: Tensor) -> Tensor:
    """Weighted absolute and squared error, and that of the edges, which the eye looks at."""
    off = (again - pictures) * weights
    across, down = off[..., 1:] - off[..., :-1], off[..., 1:, :] - off[..., :-1, :]
    edges = across.abs().mean() + down.abs().mean()
    total: Tensor = off.abs().mean() + 2 * off.square().mean() + 0.5 * edges
    return total


def _weights(boxes: np.ndarray) -> Tensor:
    """Count errors in each subject's box double."""
    edges = torch.from_numpy(boxes)
    left, top, right, bottom = (edges[:, i, None, None, None] for i in range(4))
    column, row = torch.arange(96)[None, None, None, :], torch.arange(56)[None, None, :, None]
    inside: Tensor = (column >= left) & (column < right) & (row >= top) & (row < bottom)
    return 1.0 + nn.functional.avg_pool2d(inside.float(), 5, 1, 2)
