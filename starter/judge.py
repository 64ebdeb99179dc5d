"""A small classifier that looks at a picture and says what it shows: the measure of the model."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from starter.frames import Pixels, draw_frame
from starter.scene import ATTRIBUTES, Scene
from starter.schedule import Schedule, set_rate
from starter.vae import to_tensor

# Beside the six attributes the judge counts: no subject, one, or several.
HEADS: dict[str, int] = {**{name: len(values) for name, values in ATTRIBUTES.items()}, "count": 3}


class Judge(nn.Module):
    """A convolutional classifier with one head an attribute and one for the number of subjects."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 96, 128)
        blocks = [
            nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), nn.BatchNorm2d(b), nn.ReLU(),
                          nn.Conv2d(b, b, 3, 1, 1), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in pairwise(widths)
        ]  # fmt: skip
        self.trunk = nn.Sequential(
            *blocks, nn.Flatten(), nn.Dropout(0.2), nn.Linear(128 * 4 * 6, 256), nn.ReLU()
        )
        self.heads = nn.ModuleDict({name: nn.Linear(256, count) for name, count in HEADS.items()})

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Score every value of every head for pictures between -1 and 1."""
        inner = self.trunk(pictures)
        return {name: head(inner) for name, head in self.heads.items()}


def train_judge(frames: Path, out: Path, seconds: float, seed: int = 0, batch: int = 64) -> None:
    """Train on drawn frames, slightly blurred, noisy and shifted in tone, and on miscounted ones."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    data = np.load(frames)
    pixels, labels = data["pixels"], data["labels"]
    wrong_pixels, wrong_labels, wrong_counts = _miscounted(2400, rng)
    judge, schedule = Judge().train(), Schedule(seconds)
    optimizer = torch.optim.AdamW([{"params": judge.parameters(), "peak": 2e-3}], lr=2e-3, weight_decay=0.02)
    for share in schedule:
        rows, wrong = rng.integers(0, len(pixels), batch), rng.integers(0, len(wrong_pixels), batch // 4)
        pictures = _roughen(to_tensor(np.concatenate([pixels[rows], wrong_pixels[wrong]])), rng)
        goals = torch.from_numpy(np.concatenate([labels[rows], wrong_labels[wrong]]))
        counts = torch.from_numpy(np.concatenate([np.ones(batch, np.int64), wrong_counts[wrong]]))
        set_rate(optimizer, share)
        loss = _loss(judge(pictures), goals, counts)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.say(f"loss {loss.item():.4f}")
    torch.save(judge.state_dict(), out)


def load_judge(path: Path) -> Judge:
    """Load a trained judge, ready to look."""
    judge = Judge()
    judge.load_state_dict(torch.load(path, weights_only=True))
    return judge.eval()


@torch.no_grad()
def verdicts(judge: Judge, pixels: Pixels) -> dict[str, np.ndarray]:
    """Say for each picture (rows of RGB bytes) the most likely value of each head, as an index."""
    scores = judge(to_tensor(pixels))
    return {name: score.argmax(1).numpy() for name, score in scores.items()}


def follows(judge: Judge, pixels: Pixels, scenes: list[Scene]) -> dict[str, float]:
    """Measure the share of pictures that show what was asked, by attribute; `count`: just one subject."""
    seen = verdicts(judge, pixels)
    asked = np.array([scene.labels() for scene in scenes])
    shares = {name: float((seen[name] == asked[:, i]).mean()) for i, name in enumerate(ATTRIBUTES)}
    return {**shares, "count": float((seen["count"] == 1).mean())}


def _miscounted(count: int, rng: np.random.Generator) -> tuple[Pixels, np.ndarray, np.ndarray]:
    """Frames with no subject, two or three; their count labels are 0 or 2."""
    pixels, labels, counts = [], [], []
    for index in range(count):
        scene, subjects = Scene.random(rng), (0, 2, 3)[index % 3]
        pixels.append(draw_frame(scene, int(rng.integers(2**31)), subjects).pixels)
        labels.append(scene.labels())
        counts.append(min(subjects, 2))
    return np.stack(pixels), np.array(labels), np.array(counts)


def _roughen(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Blur, noise and shift pictures a little, as a model's flaws would."""
    if rng.random() < 0.5:
        small = F.interpolate(pictures, scale_factor=0.5, mode="area")
        soft = F.interpolate(small, size=pictures.shape[-2:], mode="bilinear")
        pictures = pictures.lerp(soft, float(rng.uniform(0.2, 0.9)))
    tone = 1 + 0.08 * torch.randn(len(pictures), 3, 1, 1)
    return pictures * tone + 0.04 * torch.randn(len(pictures), 3, 1, 1) + 0.05 * torch.randn_like(pictures)


def _loss(scores: dict[str, Tensor], goals: Tensor, counts: Tensor) -> Tensor:
    """Cross-entropy of all heads; a miscounted frame teaches its count, the time and the terrain only."""
    one = counts == 1
    total = F.cross_entropy(scores["count"], counts)
    for index, name in enumerate(ATTRIBUTES):
        known = slice(None) if name in ("time", "terrain") else one
        total = total + F.cross_entropy(scores[name][known], goals[known, index])
    return total
