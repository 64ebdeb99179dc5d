"""A release: the trained parts gathered in an ordinary Stable Diffusion pipeline folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline
from transformers import CLIPTextModel, CLIPTokenizer

from starter.noise import new_sampler
from starter.unet import load_unet

LIMIT = 25_000_000


def write_release(checkpoint: Path, vae: Path, text_encoder: Path, tokenizer: Path, folder: Path) -> int:
    """Write the folder whole, in place of one that is there; returns its bytes, at most `LIMIT`.

    UNet and VAE are stored in half precision, the text encoder in full: transformers would load
    halves as halves beside a full-precision UNet, and drawing would fail.
    """
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderTiny.from_pretrained(vae).half(),
        text_encoder=CLIPTextModel.from_pretrained(text_encoder, torch_dtype=torch.float32),
        tokenizer=CLIPTokenizer.from_pretrained(tokenizer),
        unet=load_unet(checkpoint).half(),
        scheduler=new_sampler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    pipeline.save_pretrained(part, safe_serialization=True)
    tidy(part)
    size = settle(part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return size


def tidy(folder: Path) -> None:
    """Take out of the settings what tells only of the machine, and what a loader would warn about."""
    for path in sorted(folder.rglob("*.json")):
        settings = json.loads(path.read_text(encoding="utf-8"))
        for name in ("_name_or_path", "is_local", "local_files_only"):
            settings.pop(name, None)
        if path.parent.name == "vae":
            settings.pop("block_out_channels", None)  # the codec works it out itself
        path.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def settle(folder: Path) -> int:
    """Make every file readable by all, and return how many bytes they are together."""
    total = 0
    for path in sorted(folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        total += path.stat().st_size if path.is_file() else 0
    if total > LIMIT:
        raise ValueError(f"{folder} has {total} bytes; a release has at most {LIMIT}")
    return total


def load_release(folder: Path) -> StableDiffusionPipeline:
    """Load a release as anybody would, in full precision, quietly."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
