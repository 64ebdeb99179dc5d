"""The model card: what a release can draw, measured, in words and in numbers."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline

from starter.captions import WORDS, canonical, paraphrase
from starter.frames import Pixels
from starter.judge import follows, load_judge
from starter.prose import readme
from starter.release import load_release, settle
from starter.scene import HEIGHT, WIDTH, Scene

# What a share must reach before the card says that the model can do it.
GATES = {
    "time": 0.95,
    "terrain": 0.95,
    "colour": 0.95,
    "subject": 0.85,
    "distance": 0.85,
    "position": 0.8,
    "count": 0.8,
}
STEPS = (10, 20, 30)


@dataclass(frozen=True, slots=True)
class Defaults:
    """The settings a release is best drawn with; `strength` is for image-to-image."""

    steps: int = 20
    guidance: float = 3.0
    strength: float = 0.7


def draw(
    pipeline: StableDiffusionPipeline, prompts: list[str], defaults: Defaults, seed: int = 0, batch: int = 8
) -> Pixels:
    """Draw one picture a prompt; picture k starts from the noise of seed + k, whatever the batch."""
    pictures: list[Pixels] = []
    for first in range(0, len(prompts), batch):
        some = prompts[first : first + batch]
        noise = [_noise(seed + first + index) for index in range(len(some))]
        images = pipeline(
            some, height=HEIGHT, width=WIDTH, latents=torch.cat(noise), output_type="np",
            num_inference_steps=defaults.steps, guidance_scale=defaults.guidance,
        ).images  # fmt: skip
        pictures.extend((images * 255 + 0.5).astype(np.uint8))
    return np.stack(pictures)


def measure_following(
    folder: Path, judge: Path, defaults: Defaults, count: int = 200, free: bool = False
) -> dict[str, float]:
    """Draw this many random scenes and let the judge say, by attribute, how many are as asked.

    The prompts are canonical captions, or with `free` paraphrases with synonyms in free order.
    """
    rng = np.random.default_rng(2026)
    scenes = [Scene.random(rng) for _ in range(count)]
    prompts = [paraphrase(scene, rng) if free else canonical(scene) for scene in scenes]
    pixels = draw(load_release(folder), prompts, defaults, seed=5000)
    return follows(load_judge(judge), pixels, scenes)


def measure_speed(folder: Path, guidance: float) -> dict[str, float]:
    """Time one picture at each number of steps, one thread, in a fresh process; and its peak memory.

    Seconds are processor seconds, the best of three: other work on the machine only ever adds.
    """
    command = [sys.executable, "-m", "starter", "stopwatch", str(folder), "--guidance", str(guidance)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def stopwatch(folder: Path, guidance: float) -> dict[str, float]:
    """Do the timing of `measure_speed` in this process."""
    torch.set_num_threads(1)
    start = time.process_time()
    pipeline = load_release(folder)
    found = {"load_seconds": round(time.process_time() - start, 2)}
    prompt = ["close-up, a red house on the left, mountains at dusk"]
    draw(pipeline, prompt, Defaults(2, guidance))
    for steps in STEPS:
        taken = []
        for _ in range(3):
            start = time.process_time()
            draw(pipeline, prompt, Defaults(steps, guidance))
            taken.append(time.process_time() - start)
        found[f"seconds_at_{steps}_steps"] = round(min(taken), 2)
    found["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def passed(following: dict[str, float]) -> list[str]:
    """Name the attributes whose share reaches its gate."""
    return [name for name, gate in GATES.items() if following[name] >= gate]


def write_card(folder: Path, judge: Path, name: str, defaults: Defaults, note: str = "") -> dict[str, Any]:
    """Measure a release and write its `card.json` and README.md; returns what the card says."""
    following = measure_following(folder, judge, defaults)
    free = measure_following(folder, judge, defaults, count=100, free=True)
    able = passed(following)
    card = {
        "name": name,
        "licence": "Apache-2.0",
        "defaults": {"steps": defaults.steps, "guidance": defaults.guidance, "width": WIDTH, "height": HEIGHT,
                     "strength": defaults.strength},
        "following": {key: round(share, 3) for key, share in following.items()},
        "following_paraphrased": {key: round(share, 3) for key, share in free.items()},
        "following_prompts": 200,
        "following_paraphrased_prompts": 100,
        "gates": GATES,
        "can": [key for key in able if key != "count"],
        "cannot": [key for key in GATES if key not in able],
        "speed": measure_speed(folder, defaults.guidance),
        "grammar": {key: list(values) for key, values in WORDS.items()},
        "synonyms": {key: {value: list(ways) for value, ways in values.items()} for key, values in WORDS.items()},
        "caption": "DISTANCE, a COLOUR SUBJECT POSITION, TERRAIN at TIME",
        "examples": EXAMPLES,
        "note": note,
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(readme(card), encoding="utf-8")
    settle(folder)
    return card


EXAMPLES = [
    "close-up, a yellow robot in the centre, city at night",
    "medium shot, a red ship on the left, sea at dusk",
    "wide shot, a white tower on the right, sea at night",
    "close-up, a blue balloon on the left, mountains at dawn",
    "medium shot, a purple traveller in the centre, desert at dusk",
    "medium shot, a red house on the right, forest at night",
]


def _noise(seed: int) -> torch.Tensor:
    """The starting noise of one picture."""
    return torch.randn(1, 4, 14, 24, generator=torch.Generator().manual_seed(seed))
