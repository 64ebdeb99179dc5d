"""What a model is best used with: from its card where there is one, else from its own configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine import canonical
from engine.faults import BadField
from engine.models import tensors
from engine.models.facts import TIERS
from engine.models.faults import ModelDamaged, ModelRefused
from engine.models.folder import CARD, Component, Folder, read_json
from engine.models.pipelines import guidance
from engine.recipe import Scheduler

USUAL_STEPS: Final = 30
FEW_STEPS: Final[Mapping[str, int]] = {"LCMScheduler": 8, "TCDScheduler": 8, "FlowMatchLCMScheduler": 8}
"""Schedulers of models that were distilled to draw in few steps."""
USUAL_STRENGTH: Final = 0.8
UNKNOWN_SIDE: Final = 1024
"""What transformers that do not say their size are trained at (FLUX, Lumina)."""
SMALLEST_MULTIPLE: Final = 8
"""Every pipeline of diffusers asks for multiples of 8 at least, whatever its VAE needs."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of `ModelFacts`, as found."""

    width: int
    height: int
    multiple: int
    steps: Mapping[str, int]
    guidance: float
    strength: float
    dtype: str


def read_card(folder: Folder) -> dict[str, Any]:
    """The card beside the model; empty where there is none."""
    return read_json(folder.path / CARD) if (folder.path / CARD).is_file() else {}


def defaults(folder: Folder, card: Mapping[str, Any]) -> Defaults:
    """What to begin with; a card that says nonsense is damaged."""
    try:
        said = canonical.mapping("defaults", card.get("defaults", {}))
        multiple = canonical.integer("multiple", said.get("multiple", _multiple(folder)), 1, 1024)
        width, height = _size(folder)
        return Defaults(
            width=canonical.integer("width", said.get("width", width), 1),
            height=canonical.integer("height", said.get("height", height), 1),
            multiple=multiple,
            steps=_steps(said.get("steps", _usual_steps(folder))),
            guidance=canonical.number("guidance", said.get("guidance", guidance(folder.pipeline)), 0),
            strength=canonical.number("strength", said.get("strength", USUAL_STRENGTH), 0, 1),
            dtype=canonical.word("dtype", said.get("dtype", _dtype(folder))),
        )
    except BadField as error:
        raise ModelDamaged(
            f"the model's defaults are wrong: {error.message}", f"mend {CARD}: {error.hint}"
        ) from error


def scheduler(folder: Folder) -> Scheduler:
    """The model's own scheduler with the whole configuration stored for it.

    DPM-Solver configurations are saved with `lambda_min_clipped` at minus infinity, which is its default and no JSON.
    """
    found = folder.component("scheduler")
    if found is None:
        raise ModelRefused(
            f"{folder.path.name} names no scheduler", "only pipelines that denoise in steps can be added"
        )
    config = {name: one for name, one in found.config().items() if not name.startswith("_")}
    if config.get("lambda_min_clipped") == -math.inf:
        del config["lambda_min_clipped"]
    try:
        return Scheduler(found.kind, config)
    except BadField as error:
        raise ModelDamaged(f"the scheduler's configuration is wrong: {error.message}", error.hint) from error


def draws(card: Mapping[str, Any]) -> str:
    """What the model can draw, in one sentence, from a card's `draws` or its grammar; empty where it says neither."""
    if isinstance(said := card.get("draws"), str):
        return canonical.normal_text(said)
    grammar, able = card.get("grammar"), card.get("can")
    if not isinstance(grammar, dict):
        return ""
    names = [name for name in able if name in grammar] if isinstance(able, list) else list(grammar)
    listed = [
        f"{name} ({', '.join(map(str, grammar[name]))})" for name in names if isinstance(grammar[name], list)
    ]
    return f"It follows {'; '.join(listed)}." if listed else ""


def _steps(said: object) -> dict[str, int]:
    if isinstance(said, Mapping):
        return {tier: canonical.integer(f"steps.{tier}", said.get(tier), 1) for tier in TIERS}
    standard = canonical.integer("steps", said, 1)
    return {"low": max(1, standard // 2), "standard": standard, "high": max(1, standard * 3 // 2)}


def _usual_steps(folder: Folder) -> int:
    return FEW_STEPS.get(scheduler(folder).name, USUAL_STEPS)


def _drawer(folder: Folder) -> Component | None:
    return folder.component("unet", "transformer")


def _vae_factor(folder: Folder) -> int:
    """How many pixels the side of one latent covers."""
    vae = folder.component("vae", "vqvae", "vqgan", "movq")
    config = vae.config() if vae else {}
    for name in ("block_out_channels", "encoder_block_out_channels"):
        if isinstance(levels := config.get(name), list) and levels:
            return int(2 ** (len(levels) - 1))
    return 8


def _multiple(folder: Folder) -> int:
    drawer = _drawer(folder)
    patch = drawer.config().get("patch_size", 1) if drawer and drawer.name == "transformer" else 1
    if folder.pipeline.startswith(("Flux", "QwenImage", "ZImage", "Chroma", "Ovis")):
        patch = 2  # these pack 2 × 2 latents into one token, whatever their `patch_size` says
    return max(SMALLEST_MULTIPLE, _vae_factor(folder) * canonical.integer("patch_size", patch, 1, 64))


def _size(folder: Folder) -> tuple[int, int]:
    drawer = _drawer(folder)
    side = drawer.config().get("sample_size") if drawer else None
    if side is None:
        return UNKNOWN_SIDE, UNKNOWN_SIDE
    high, wide = side if isinstance(side, list) and len(side) == 2 else (side, side)
    factor, multiple = _vae_factor(folder), _multiple(folder)
    found = [canonical.integer("sample_size", one, 1, 65_536) * factor for one in (wide, high)]
    width, height = (max(multiple, one // multiple * multiple) for one in found)
    return width, height


def _dtype(folder: Folder) -> str:
    """Full precision, which every machine has, except for models published in bfloat16."""
    drawer = _drawer(folder)
    kinds = set(tensors.dtypes(drawer.weights[0]).values()) if drawer and drawer.weights else set()
    return "bfloat16" if "BF16" in kinds and "F32" not in kinds else "float32"
