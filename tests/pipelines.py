"""Tiny diffusion pipelines with random weights, built from configurations alone: real diffusers classes, no downloads.

Each builder saves a model folder and returns it; torch is imported inside, for the sake of tests that need none.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.recipe import Input, ModelDigest, Recipe, Scheduler

# Importing diffusers makes this folder; one that exists does not appear among a test's own temporary files.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", tempfile.gettempdir())

WIDTH, HEIGHT = 64, 32
MODEL = ModelDigest("7" * 64)


def recipe(**changes: Any) -> Recipe:
    """A recipe for `stable_diffusion`, quick to render."""
    start = Recipe(
        pipeline="StableDiffusionPipeline",
        operation="text-to-image",
        model=MODEL,
        prompt="a red tower at dusk",
        width=WIDTH,
        height=HEIGHT,
        seed=4211,
        scheduler=Scheduler("DPMSolverMultistepScheduler", {}),
        steps=4,
        guidance=5.0,
    )
    return replace(start, **changes)


def picture_recipe(**changes: Any) -> Recipe:
    """The recipe as image-to-image from the role `image`."""
    fed = (Input(role="image", pixels=None, recipe=recipe().key, argument="image"),)
    return recipe(**{"operation": "image-to-image", "strength": 0.75, "inputs": fed, **changes})


def stable_diffusion(folder: Path, *, seed: int = 1) -> Path:
    """A `StableDiffusionPipeline` of 0.1 M parameters with an `AutoencoderTiny`, like the starter model's."""
    import torch
    from diffusers import AutoencoderTiny, DPMSolverMultistepScheduler, StableDiffusionPipeline

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = AutoencoderTiny(
            encoder_block_out_channels=(8, 8, 8),
            decoder_block_out_channels=(8, 8, 8),
            num_encoder_blocks=(0, 1, 1),
            num_decoder_blocks=(1, 1, 0),
            latent_channels=4,
        )
        pipeline = StableDiffusionPipeline(
            vae=vae,
            text_encoder=_text_encoder(),
            tokenizer=_tokenizer(),
            unet=_unet(cross_attention_dim=32),
            scheduler=DPMSolverMultistepScheduler(steps_offset=1),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    pipeline.save_pretrained(folder)
    return folder


def stable_diffusion_xl(folder: Path) -> Path:
    """A `StableDiffusionXLPipeline`: two text encoders, added conditions, an `AutoencoderKL`."""
    import torch
    from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline

    with torch.random.fork_rng():
        torch.manual_seed(2)
        vae = AutoencoderKL(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=4,
            latent_channels=4,
        )
        unet = _unet(
            cross_attention_dim=64,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 32,
        )
        pipeline = StableDiffusionXLPipeline(
            vae=vae,
            text_encoder=_text_encoder(),
            text_encoder_2=_text_encoder(projection=True),
            tokenizer=_tokenizer(),
            tokenizer_2=_tokenizer(),
            unet=unet,
            scheduler=EulerDiscreteScheduler(),
        )
    pipeline.save_pretrained(folder)
    return folder


def stable_diffusion_3(folder: Path) -> Path:
    """A `StableDiffusion3Pipeline`: a transformer with flow matching, without its optional third encoder."""
    import torch
    from diffusers import (
        AutoencoderKL,
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3Pipeline,
    )

    with torch.random.fork_rng():
        torch.manual_seed(3)
        vae = AutoencoderKL(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=4,
            latent_channels=4,
            shift_factor=0.06,
            scaling_factor=1.5,
            use_quant_conv=False,
            use_post_quant_conv=False,
        )
        transformer = SD3Transformer2DModel(
            sample_size=32,
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_projection_dim=32,
            joint_attention_dim=64,
            pooled_projection_dim=64,
        )
        pipeline = StableDiffusion3Pipeline(
            vae=vae,
            transformer=transformer,
            text_encoder=_text_encoder(projection=True),
            text_encoder_2=_text_encoder(projection=True),
            tokenizer=_tokenizer(),
            tokenizer_2=_tokenizer(),
            text_encoder_3=None,
            tokenizer_3=None,
            scheduler=FlowMatchEulerDiscreteScheduler(),
        )
    pipeline.save_pretrained(folder)
    index = folder / "model_index.json"
    absent = {name: [None, None] for name in ("text_encoder_3", "tokenizer_3")}  # as published folders say it
    index.write_text(json.dumps(json.loads(index.read_text("utf-8")) | absent), "utf-8")
    return folder


def _unet(**settings: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **settings,
    )


def _text_encoder(*, projection: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    letters = len(_vocabulary())
    settings = CLIPTextConfig(
        vocab_size=letters,
        hidden_size=32,
        intermediate_size=32,
        projection_dim=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=32,
        bos_token_id=letters - 2,
        eos_token_id=letters - 1,
        pad_token_id=letters - 1,
    )
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(settings)


def _tokenizer() -> Any:
    from transformers import CLIPTokenizer

    return CLIPTokenizer(vocab=_vocabulary(), merges=[], model_max_length=32)


def _vocabulary() -> dict[str, int]:
    letters = [chr(n) for n in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return {word: n for n, word in enumerate(words)}
