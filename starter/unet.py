"""The denoiser of the starter model and its training on captioned latents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from starter.captions import training_caption
from starter.muon import Muon
from starter.noise import clean_and_noise_shares
from starter.scene import Scene
from starter.schedule import Schedule, set_rate
from starter.text import WIDTH, encode, tokens
from starter.vae import CHANNELS, FACTOR, to_tensor
from starter.workers import Worker, run

LEVELS = (64, 112, 160)


@dataclass(frozen=True, slots=True)
class Course:
    """One course of training: what it learns from, how long, how fast, and what it starts with."""

    latents: Path
    tokenizer: Path
    text_encoder: Path
    out: Path
    seconds: float
    start: Path | None = None
    peak: float = 2e-3
    batch: int = 32
    bend: float = 0.85
    seed: int = 0
    box_weight: float = 4.0


def new_unet() -> UNet2DConditionModel:
    """Build an untrained denoiser.

    Beside cross-attention at two of three levels, the pooled text shifts and scales every block
    together with the time step: what holds for the whole picture is learned much sooner so.
    """
    return UNet2DConditionModel(
        sample_size=24,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        layers_per_block=1,
        block_out_channels=LEVELS,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=(2, 4, 4),
        norm_num_groups=16,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
    )


def write_latents(frames: Path, vae_folder: Path, out: Path, batch: int = 100) -> None:
    """Encode drawn frames once: latents, labels, and how much each latent cell counts."""
    vae = AutoencoderTiny.from_pretrained(vae_folder, torch_dtype=torch.float32)
    data = np.load(frames)
    pixels, parts = data["pixels"], []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for first in range(0, len(pixels), batch):
            parts.append(vae.encoder(to_tensor(pixels[first : first + batch])).half().numpy())
    np.savez(out, latents=np.concatenate(parts), labels=data["labels"], boxes=data["boxes"])


def box_weights(boxes: NDArray[np.float32], extra: float, rows: int = 14, columns: int = 24) -> Tensor:
    """Weigh the loss: 1, and in each subject's box more; small boxes count the most a cell."""
    edges = torch.from_numpy(boxes) / FACTOR
    left, top, right, bottom = (edges[:, i, None, None] for i in range(4))
    across = torch.arange(columns)[None, None, :]
    down = torch.arange(rows)[None, :, None]
    inside = (across + 1 > left) & (across < right) & (down + 1 > top) & (down < bottom)
    area = inside.sum(dim=(1, 2), keepdim=True)
    gain = extra * (60 / area).clamp(0.6, 2.0)
    return (1 + gain * inside)[:, None]


def train_unet(course: Course, workers: int = 1) -> None:
    """Train for the course's time; `out` gets a checkpoint now and then and at the end."""
    run(partial(_train, course), workers)


def load_unet(checkpoint: Path) -> UNet2DConditionModel:
    """Build the denoiser with a checkpoint's averaged weights."""
    unet = new_unet()
    unet.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    return unet.eval()


class _Lesson:
    """Draws training batches: latents with their captions' states and loss weights."""

    def __init__(self, course: Course, worker: Worker) -> None:
        data = np.load(course.latents)
        self._latents, self._labels, self._boxes = data["latents"], data["labels"], data["boxes"]
        self._rng = np.random.default_rng([course.seed, worker.number, 7])
        self._tokenizer = CLIPTokenizer.from_pretrained(course.tokenizer)
        self._encoder = CLIPTextModel.from_pretrained(course.text_encoder).eval()
        self._course = course

    def batch(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give latents, time steps (stratified), text states and loss weights."""
        size = self._course.batch
        rows = self._rng.integers(0, len(self._latents), size)
        latents = torch.from_numpy(self._latents[rows]).float()
        captions = [training_caption(Scene.from_labels(tuple(self._labels[row])), self._rng) for row in rows]
        with torch.no_grad():
            states = encode(self._encoder, tokens(self._tokenizer, captions))
        even = (np.arange(size) + self._rng.random(size)) / size
        times = torch.from_numpy((even**self._course.bend * 1000).astype(np.int64)).clamp(0, 999)
        return latents, times, states, box_weights(self._boxes[rows], self._course.box_weight)


def _train(course: Course, worker: Worker) -> None:
    """Run one process's part of a course."""
    torch.manual_seed(course.seed)
    unet = load_unet(course.start).train() if course.start else new_unet()
    unet = unet.to(memory_format=torch.channels_last)
    torch.manual_seed(course.seed * 1000 + worker.number)
    lesson, schedule = _Lesson(course, worker), Schedule(course.seconds)
    optimizers = _optimizers(unet, course.peak)
    average = {name: value.clone() for name, value in unet.state_dict().items()}
    for share in schedule:
        if (share := worker.agree(share)) >= 1:
            break
        loss = _loss(unet, *lesson.batch())
        loss.backward()  # type: ignore[no-untyped-call]
        worker.average(unet.parameters())
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        for optimizer in optimizers:
            set_rate(optimizer, share)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if worker.leads:
            _blend(average, unet, min(0.998, (1 + schedule.steps) / (10 + schedule.steps)))
            schedule.say(f"loss {loss.item():.4f}")
            if schedule.due_to_save():
                _save(course.out, average, schedule.steps)
    worker.agree(1.0)
    if worker.leads:
        _save(course.out, average, schedule.steps)


def _loss(
    unet: UNet2DConditionModel, latents: Tensor, times: Tensor, states: Tensor, weights: Tensor
) -> Tensor:
    """Weighted squared error of the velocity at these time steps."""
    clean, noisy = (share[times][:, None, None, None] for share in clean_and_noise_shares())
    noise = torch.randn_like(latents)
    wanted = clean * noise - noisy * latents
    seen = (clean * latents + noisy * noise).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        velocity = unet(seen, times, states).sample
    off: Tensor = (velocity.float() - wanted).square() * weights
    return off.sum() / (weights.sum() * CHANNELS)


def _optimizers(unet: UNet2DConditionModel, peak: float) -> list[torch.optim.Optimizer]:
    """Muon for what mixes features, AdamW for the rest: biases, norms, the first and last layer."""
    ends = ("conv_in.", "conv_out.")
    inner = [p for name, p in unet.named_parameters() if p.ndim > 1 and not name.startswith(ends)]
    outer = [p for name, p in unet.named_parameters() if p.ndim <= 1 or name.startswith(ends)]
    adam = torch.optim.AdamW([{"params": outer, "peak": peak}], lr=peak, betas=(0.9, 0.98), weight_decay=0.0)
    return [Muon(inner, peak), adam]


@torch.no_grad()
def _blend(average: dict[str, Tensor], unet: UNet2DConditionModel, keep: float) -> None:
    """Move the running average of the weights a little towards the weights."""
    now = unet.state_dict()
    torch._foreach_lerp_([average[name] for name in now], list(now.values()), 1 - keep)


def _save(path: Path, average: dict[str, Tensor], steps: int) -> None:
    """Write a checkpoint whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(
        {"average": {name: value.contiguous() for name, value in average.items()}, "steps": steps}, part
    )
    part.replace(path)
