"""What every renderer promises: one strike in, progress out, one rendered picture back.

`engine.process.RenderProcess` keeps this promise with diffusers in a child process; `tests.fakes` with arithmetic. Both
pass `tests/contracts/test_renderer.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from engine.faults import Fault
from engine.fingerprint import Fingerprint
from engine.recipe import FileDigest, ModelDigest, PixelDigest, Recipe

Stage = Literal["loading model", "rendering", "decoding", "saving"]


@dataclass(frozen=True, slots=True)
class Strike:
    """One recipe to render, with what it needs from this machine.

    `models` gives the verified folder of each model digest, `inputs` the picture file for each role that has an
    `argument`; `timeout` is seconds of rendering, loading apart. `preview` asks for small pictures on the way.
    """

    recipe: Recipe
    models: Mapping[ModelDigest, Path] = field(default_factory=dict)
    inputs: Mapping[str, Path] = field(default_factory=dict)
    timeout: float = 300.0
    preview: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a strike is: `step` of `steps`, and now and then a `preview` as WebP bytes (at most one a second)."""

    stage: Stage
    step: int
    steps: int
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """One finished picture: encoded bytes, both digests, and what is smaller than it.

    `picture` is a PNG with the canonical recipe inside; `sha256` names these bytes, `pixels` proves regeneration.
    `thumb` and `proxy` are WebP and missing where no smaller than the picture; `latents` safetensors, missing unless
    under a quarter of the picture. `consumed` is the file digest of each input picture that was read, by role.
    `own_noise` is false when some generator other than ours was drawn from. `seconds` is rendering without loading,
    `loading` the seconds spent loading the model (0.0 when it was warm).
    """

    picture: bytes
    sha256: FileDigest
    pixels: PixelDigest
    width: int
    height: int
    fingerprint: Fingerprint
    seconds: float
    loading: float
    own_noise: bool
    media_type: str = "image/png"
    frames: int = 1
    thumb: bytes | None = None
    proxy: bytes | None = None
    latents: bytes | None = None
    consumed: Mapping[str, FileDigest] = field(default_factory=dict)


class RenderFault(Fault):
    """A strike ended without a picture."""

    code = "render_failed"


class OutOfMemory(RenderFault):
    """The device has not enough memory for this recipe."""

    code = "out_of_memory"


class TimedOut(RenderFault):
    """The strike took longer than its tier allows and was stopped."""

    code = "timed_out"


class Crashed(RenderFault):
    """The render child died; it is started again for the next strike."""

    code = "crashed"


class Cancelled(RenderFault):
    """The strike was cancelled on request."""

    code = "cancelled"


class Renderer(Protocol):
    """Renders one strike at a time; entered with `async with`, leaving it ends the child and frees its memory."""

    async def __aenter__(self) -> Renderer: ...

    async def __aexit__(self, *exc: object) -> None: ...

    async def render(self, strike: Strike, report: Callable[[Progress], None]) -> Rendered:
        """Render `strike`, calling `report` on this event loop; raises a `RenderFault` and is ready for the next.

        Cancelling the awaiting task cancels the strike within one step.
        """
        ...

    async def fingerprint(self) -> Fingerprint:
        """The numerics profile this renderer renders with, before the first strike."""
        ...
