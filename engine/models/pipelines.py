"""The pipelines of diffusers that this program renders with, and what each can do.

They are those that diffusers itself lists for text-to-image and image-to-image by strength; pipelines that need more
than words and one picture (ControlNet, inpainting, editing) or that make something else (video, sound) are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXT: Final = "text-to-image"
IMAGE: Final = "image-to-image"

_WITH_IMAGE: Final = (
    "StableDiffusion",
    "StableDiffusionPAG",
    "StableDiffusionXL",
    "StableDiffusionXLPAG",
    "StableDiffusion3",
    "StableDiffusion3PAG",
    "LatentConsistencyModel",
    "Kandinsky3",
    "Flux",
    "QwenImage",
    "ZImage",
)
_TEXT_ALONE: Final = (
    "AuraFlowPipeline",
    "ChromaPipeline",
    "CogView3PlusPipeline",
    "CogView4Pipeline",
    "Flux2KleinPipeline",
    "Flux2Pipeline",
    "HunyuanDiTPAGPipeline",
    "HunyuanDiTPipeline",
    "Lumina2Pipeline",
    "LuminaPipeline",
    "OvisImagePipeline",
    "PRXPipeline",
    "PixArtAlphaPipeline",
    "PixArtSigmaPAGPipeline",
    "PixArtSigmaPipeline",
    "QwenImage21Pipeline",
    "SanaPAGPipeline",
    "SanaPipeline",
)

OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **{f"{family}Pipeline": (TEXT, IMAGE) for family in _WITH_IMAGE},
    **{f"{family}Img2ImgPipeline": (IMAGE,) for family in _WITH_IMAGE},
    **dict.fromkeys(_TEXT_ALONE, (TEXT,)),
}
"""Pipeline class → what it can do."""

GUIDANCE: Final[Mapping[str, float]] = {
    "StableDiffusionXL": 5.0,
    "StableDiffusion3": 7.0,
    "StableDiffusion": 7.5,
    "Flux": 3.5,
    "PixArt": 4.5,
    "QwenImage": 4.0,
    "Sana": 4.5,
}
"""The guidance scale that diffusers proposes, by how the pipeline's class name starts; the first that fits counts."""
USUAL_GUIDANCE: Final = 5.0


def guidance(pipeline: str) -> float:
    """The guidance scale to begin with."""
    return next((scale for start, scale in GUIDANCE.items() if pipeline.startswith(start)), USUAL_GUIDANCE)
