"""Strikes one recipe: model, noise, pipeline, picture, in this process; nothing here knows of pipes or parents."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from engine.diffusion.arguments import arguments
from engine.diffusion.latents import packed
from engine.diffusion.load import Warm, first_line
from engine.diffusion.preview import LARGEST, Colours, Pace
from engine.diffusion.profile import choose, fingerprint, settle
from engine.diffusion.random import owned
from engine.diffusion.steps import Steps
from engine.faults import Fault
from engine.fingerprint import Fingerprint
from engine.image import decode, encode_png, pixel_digest, proxy, thumbnail
from engine.noise import Noise
from engine.recipe import RNG, SEMANTICS, FileDigest, ModelDigest, Recipe
from engine.renderer import Cancelled, OutOfMemory, Progress, Rendered, RenderFault, Strike

Pixels = NDArray[np.uint8]
Report = Callable[[Progress], None]

TROUBLES: Final = (
    *(ValueError, TypeError, LookupError, AttributeError, RuntimeError, OSError),
    *(ImportError, AssertionError, ArithmeticError),
)
"""What a pipeline raises when it cannot do what it is asked; anything else ends the process."""
NO_MEMORY: Final = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc", "bad alloc")


@dataclass(frozen=True, slots=True)
class Exposed:
    """What a pipeline gave: the picture, its final latents, and whether all noise was ours."""

    pixels: Pixels
    latents: Tensor | None
    own_noise: bool


class Press:
    """Renders strikes one at a time on one device, keeping models warm between them."""

    def __init__(self, device: str, threads: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.device = choose(device)
        settle(self.device, threads)
        self.fingerprint: Fingerprint = fingerprint(self.device)
        self._warm = Warm(self.device)
        self._clock = clock
        self._pace = Pace(clock)
        self._colours: dict[ModelDigest, Colours] = {}

    def strike(self, strike: Strike, report: Report, cancelled: Callable[[], bool]) -> Rendered:
        """Render `strike`; `cancelled` is asked after each step. Raises a `RenderFault` and is ready for the next."""
        try:
            return self._strike(strike, report, cancelled)
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise self._too_large(strike.recipe, error) from error
        except TROUBLES as error:
            if out_of_memory(error):
                raise self._too_large(strike.recipe, error) from error
            raise RenderFault(
                f"{strike.recipe.pipeline} could not render: {first_line(error)}",
                "change the recipe's fields that this names; the other assets are not affected",
            ) from error

    def _strike(self, strike: Strike, report: Report, cancelled: Callable[[], bool]) -> Rendered:
        recipe = strike.recipe
        digest, folder = check(strike)
        expected = expected_steps(recipe)
        pictures, consumed = read_inputs(strike)
        report(Progress("loading model", 0, expected))
        began = self._clock()
        loaded, cold = self._warm.get(digest, folder, recipe.dtype)
        pipeline = loaded.for_recipe(recipe)
        started = self._clock()
        if cancelled():
            raise Cancelled("the render was cancelled", "ask for it again when it is wanted")
        report(Progress("rendering", 0, expected))
        colours = self._colours.setdefault(digest, Colours())

        def seen(latents: Tensor) -> bytes | None:
            if not (strike.preview and colours.fitted and self._pace.due()):
                return None
            return colours.picture(latents, recipe.width, recipe.height)

        steps = Steps(expected, report, cancelled, seen)
        exposed = expose(pipeline, recipe, pictures, steps)
        report(Progress("saving", steps.step, steps.steps))
        if exposed.latents is not None:
            colours.fit(exposed.latents, exposed.pixels)
        return self._rendered(recipe, exposed, consumed, started, started - began if cold else 0.0)

    def _rendered(
        self,
        recipe: Recipe,
        exposed: Exposed,
        consumed: Mapping[str, FileDigest],
        started: float,
        loading: float,
    ) -> Rendered:
        picture = encode_png(exposed.pixels, recipe)
        height, width = exposed.pixels.shape[:2]
        return Rendered(
            picture=picture,
            sha256=FileDigest(hashlib.sha256(picture).hexdigest()),
            pixels=pixel_digest(exposed.pixels),
            width=width,
            height=height,
            fingerprint=self.fingerprint,
            seconds=self._clock() - started,
            loading=loading,
            own_noise=exposed.own_noise,
            thumb=_if_smaller(thumbnail(exposed.pixels), picture),
            # Up to the size of a thumbnail a proxy would be the same picture once more.
            proxy=_if_smaller(proxy(exposed.pixels), picture) if max(width, height) > LARGEST else None,
            latents=packed(exposed.latents, len(picture), recipe.key),
            consumed=consumed,
        )

    def _too_large(self, recipe: Recipe, error: BaseException) -> OutOfMemory:
        self._warm.clear()
        return OutOfMemory(
            f"{recipe.width} × {recipe.height} with {recipe.pipeline} needs more memory than {self.device.type} has"
            f" ({first_line(error)})",
            "render it smaller, close what else uses this memory, or let a machine with more of it do the job",
        )


def check(strike: Strike) -> tuple[ModelDigest, Path]:
    """The model to use and its folder; raises `RenderFault` for a recipe that this renderer cannot follow exactly."""
    recipe = strike.recipe
    if recipe.operation == "imported":
        raise RenderFault("an imported picture has no recipe to render", "import the picture again")
    if recipe.semantics != SEMANTICS or recipe.rng != RNG:
        raise RenderFault(
            f"the recipe is of semantics {recipe.semantics} with noise {recipe.rng}; this release renders"
            f" {SEMANTICS} with {RNG}",
            "render it with the release it was made with, or save a new version",
        )
    if recipe.adapters:
        raise RenderFault("this release renders without adapters", "take the adapters out of the recipe")
    if recipe.model is None or recipe.model not in strike.models:
        raise RenderFault(
            f"the model {(recipe.model or 'none')[:12]} is not on this machine",
            "add it with `restrike model add FOLDER`",
        )
    return recipe.model, strike.models[recipe.model]


def expected_steps(recipe: Recipe) -> int:
    """How many steps the recipe asks for, before its scheduler says how many it makes of them."""
    steps = recipe.steps or 1
    if recipe.operation == "image-to-image" and recipe.strength is not None:
        return max(1, min(int(steps * recipe.strength), steps))
    return steps


def read_inputs(strike: Strike) -> tuple[dict[str, Image.Image], dict[str, FileDigest]]:
    """The pictures by argument, at the recipe's size, and by role the digest of each file that was read."""
    pictures: dict[str, Image.Image] = {}
    consumed: dict[str, FileDigest] = {}
    size = (strike.recipe.width, strike.recipe.height)
    for one in strike.recipe.inputs:
        if one.argument is None:
            continue
        try:
            data = strike.inputs[one.role].read_bytes()
            image = Image.fromarray(decode(data))
        except KeyError as error:
            raise RenderFault(
                f"the picture for {one.role} was not given", "render the input first"
            ) from error
        except (OSError, Fault) as error:
            raise RenderFault(
                f"the picture for {one.role} cannot be read: {first_line(error)}",
                "render or import the input again",
            ) from error
        # Pillow resamples 8-bit pictures with integers alone, so this is the same on every machine.
        pictures[one.argument] = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
        consumed[one.role] = FileDigest(hashlib.sha256(data).hexdigest())
    return pictures, consumed


def expose(pipeline: Any, recipe: Recipe, pictures: Mapping[str, Image.Image], steps: Steps) -> Exposed:
    """Run `pipeline` once with our noise; the pixels are bit for bit those of its plain call with the same draws."""
    given = arguments(pipeline, recipe, pictures)
    follow = steps.attach(pipeline)
    with owned(Noise(recipe.seed, rng=recipe.rng)) as witness:
        found = pipeline(**given, **follow, output_type="pil")
    images = getattr(found, "images", None)
    if not isinstance(images, list) or len(images) != 1 or not isinstance(images[0], Image.Image):
        raise RenderFault(f"{type(pipeline).__name__} gave no picture", "use a model that makes pictures")
    pixels = np.asarray(images[0].convert("RGB"))
    if pixels.shape[:2] != (recipe.height, recipe.width):
        raise RenderFault(
            f"{type(pipeline).__name__} made {pixels.shape[1]} × {pixels.shape[0]} of {recipe.width} × {recipe.height}",
            "set a width and height that are multiples of what this model works in",
        )
    return Exposed(pixels, steps.latents, witness.own)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error's words say that memory ran out; allocators of libraries have no common class."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in NO_MEMORY)


def _if_smaller(data: bytes, picture: bytes) -> bytes | None:
    return data if len(data) < len(picture) else None
