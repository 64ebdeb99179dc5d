"""What artists call the schedulers of diffusers, and the classes they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    "dpm++": "DPMSolverMultistepScheduler",
    "dpm++ 2s": "DPMSolverSinglestepScheduler",
    "dpm": "DPMSolverMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler-a": "EulerAncestralDiscreteScheduler",
    "ddim": "DDIMScheduler",
    "ddpm": "DDPMScheduler",
    "lcm": "LCMScheduler",
    "tcd": "TCDScheduler",
    "unipc": "UniPCMultistepScheduler",
    "heun": "HeunDiscreteScheduler",
    "deis": "DEISMultistepScheduler",
    "pndm": "PNDMScheduler",
    "lms": "LMSDiscreteScheduler",
    "dpm2": "KDPM2DiscreteScheduler",
    "dpm2-a": "KDPM2AncestralDiscreteScheduler",
    "flow-euler": "FlowMatchEulerDiscreteScheduler",
    "flow-heun": "FlowMatchHeunDiscreteScheduler",
    "flow-lcm": "FlowMatchLCMScheduler",
}
"""Word → class; the first word of a class is the one to show."""

UNNAMED: Final = (
    "AmusedScheduler",
    "CMStochasticIterativeScheduler",
    "DDIMParallelScheduler",
    "DDPMParallelScheduler",
    "DDPMWuerstchenScheduler",
    "DPMSolverSDEScheduler",
    "EDMDPMSolverMultistepScheduler",
    "EDMEulerScheduler",
    "FlowMapEulerDiscreteScheduler",
    "IPNDMScheduler",
    "SASolverScheduler",
    "SCMScheduler",
    "UnCLIPScheduler",
    "VQDiffusionScheduler",
)
"""Classes that some models come with, which make nothing of the configuration of another model."""

CLASSES: Final = (*dict.fromkeys(WORDS.values()), *UNNAMED)


def class_of(word: str) -> str | None:
    """The class that a word or a class name means, whatever its case; nothing where it means none."""
    plain = word.strip().casefold()
    named = {one.casefold(): one for one in CLASSES}
    short = {one.casefold().removesuffix("scheduler"): one for one in CLASSES}
    return WORDS.get(plain) or named.get(plain) or short.get(plain)


def flows(name: str) -> bool:
    """Whether a class follows straight flows; on a model trained for the other kind it gives noise, not a picture."""
    return name.startswith("Flow")
