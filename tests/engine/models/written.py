"""Small model folders as diffusers lays them out, with random weights, for tests that never load them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

Tensors = Mapping[str, NDArray[Any]]

INDEX: Mapping[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DPMSolverMultistepScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderTiny"],
}
SCHEDULER = {
    "_class_name": "DPMSolverMultistepScheduler",
    "_diffusers_version": "0.42.1",
    "beta_end": 0.012,
    "flow_shift": 1.0,
    "lambda_min_clipped": float("-inf"),
    "steps_offset": 1,
    "trained_betas": None,
}
CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "scheduler/scheduler_config.json": SCHEDULER,
    "text_encoder/config.json": {
        "architectures": ["CLIPTextModel"],
        "transformers_version": "5.0",
        "hidden_size": 8,
    },
    "tokenizer/tokenizer_config.json": {"model_max_length": 10**30, "name_or_path": "/home/ada/tokenizer"},
    "tokenizer/vocab.json": {"a": 0, "b": 1},
    "unet/config.json": {"_class_name": "UNet2DConditionModel", "sample_size": 8},
    "vae/config.json": {"_class_name": "AutoencoderTiny", "encoder_block_out_channels": [8, 8, 8]},
}
WEIGHTS = {
    "text_encoder": "model.safetensors",
    "unet": "diffusion_pytorch_model.safetensors",
    "vae": "diffusion_pytorch_model.safetensors",
}


def tensors(seed: int, dtype: str = "float32") -> dict[str, NDArray[Any]]:
    """Three named tensors and an empty one."""
    source = np.random.default_rng(seed)
    shapes = {"conv.weight": (3, 4), "conv.bias": (3,), "norm": (), "empty": (0, 4)}
    return {name: np.asarray(source.normal(size=shape), dtype) for name, shape in shapes.items()}


def write_model(folder: Path, seed: int = 1) -> Path:
    """A whole Stable Diffusion folder; `seed` decides the weights."""
    write_json(folder / "model_index.json", INDEX)
    for name, value in CONFIGS.items():
        write_json(folder / name, value)
    (folder / "tokenizer" / "merges.txt").write_bytes(b"a b\nb a\n")
    for place, (component, name) in enumerate(WEIGHTS.items()):
        save_file(tensors(seed * 10 + place), folder / component / name)
    return folder


def write_json(path: Path, value: object) -> None:
    """A JSON file, its folder made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")


def change_json(path: Path, **fields: object) -> None:
    """Set fields of a JSON file that holds an object."""
    write_json(path, {**json.loads(path.read_text(encoding="utf-8")), **fields})


def flip_last_byte(path: Path) -> None:
    """Damage a file in place, its size as before."""
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
