"""A renderer of arithmetic pictures that passes the renderers' contract suite: no torch, no process, no waiting."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.faults import Fault
from engine.fingerprint import Fingerprint
from engine.image import decode, encode_png, pixel_digest, proxy, thumbnail
from engine.recipe import FileDigest, Recipe, RecipeKey
from engine.renderer import Crashed, OutOfMemory, Progress, Rendered, RenderFault, Strike, TimedOut

FINGERPRINT = Fingerprint(
    app="fake",
    torch="none",
    diffusers="none",
    transformers="none",
    numpy=np.__version__,
    device="cpu",
    device_name="arithmetic",
    driver="",
    threads=1,
    instruction_set="none",
    onednn=False,
    attention="none",
    tf32=False,
    compiled=False,
    offload="none",
)


async def next_turn(seconds: float) -> None:
    """A step that takes no time, and lets everybody else on the loop have a turn."""
    await asyncio.sleep(0)


@dataclass(slots=True)
class FakeRenderer:
    """Renders by arithmetic on the recipe's key and the bytes of its inputs.

    A step claims to last `seconds_per_step` and really lasts as long as `wait` does. `faults` are raised half-way, by
    recipe key and in order, one for each strike. `drift` is added to every pixel, as another machine's numerics would.
    """

    seconds_per_step: float = 0.01
    wait: Callable[[float], Awaitable[None]] = next_turn
    faults: Mapping[RecipeKey, Iterable[type[RenderFault]]] = field(default_factory=dict)
    profile: Fingerprint = FINGERPRINT
    drift: int = 0
    struck: list[RecipeKey] = field(default_factory=list)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _left: dict[RecipeKey, list[type[RenderFault]]] = field(init=False)
    _warm: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._left = {key: list(kinds) for key, kinds in self.faults.items()}

    async def __aenter__(self) -> FakeRenderer:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._warm.clear()

    async def fingerprint(self) -> Fingerprint:
        """The profile it was made with."""
        return self.profile

    async def render(self, strike: Strike, report: Callable[[Progress], None]) -> Rendered:
        """Render after those asked for before it; `struck` remembers every recipe that was begun."""
        async with self._turn:
            return await self._render(strike, report)

    async def _render(self, strike: Strike, report: Callable[[Progress], None]) -> Rendered:
        recipe = strike.recipe
        steps = recipe.steps or 1
        _check(strike)
        pictures = {one.role: _read(strike, one.role) for one in recipe.inputs if one.argument is not None}
        self.struck.append(recipe.key)
        loading = 0.0 if str(recipe.model) in self._warm else self.seconds_per_step
        report(Progress("loading model", 0, steps))
        self._warm.add(str(recipe.model))
        report(Progress("rendering", 0, steps))
        for step in range(1, steps + 1):
            await self.wait(self.seconds_per_step)
            if step * self.seconds_per_step > strike.timeout:
                raise TimedOut(
                    f"the render took longer than {strike.timeout:g} s and was stopped", "use fewer steps"
                )
            if step > steps // 2 and self._left.get(recipe.key):
                raise _scripted(self._left[recipe.key].pop(0))
            report(Progress("rendering", step, steps))
        report(Progress("saving", steps, steps))
        drawn = paint(recipe, list(pictures.values()), self.drift)
        return self._rendered(recipe, drawn, pictures, loading, steps * self.seconds_per_step)

    def _rendered(
        self,
        recipe: Recipe,
        drawn: NDArray[np.uint8],
        pictures: Mapping[str, bytes],
        loading: float,
        seconds: float,
    ) -> Rendered:
        picture = encode_png(drawn, recipe)
        thumb, middle = thumbnail(drawn), proxy(drawn)
        return Rendered(
            picture=picture,
            sha256=FileDigest(hashlib.sha256(picture).hexdigest()),
            pixels=pixel_digest(drawn),
            width=recipe.width,
            height=recipe.height,
            fingerprint=self.profile,
            seconds=seconds,
            loading=loading,
            own_noise=True,
            thumb=thumb if len(thumb) < len(picture) else None,
            proxy=middle if len(middle) < len(picture) and max(recipe.width, recipe.height) > 256 else None,
            consumed={role: FileDigest(hashlib.sha256(data).hexdigest()) for role, data in pictures.items()},
        )


def paint(recipe: Recipe, inputs: Iterable[bytes], drift: int = 0) -> NDArray[np.uint8]:
    """Smooth bands whose colours, number and slope follow from the recipe's key and the inputs' bytes."""
    digest = hashlib.sha256(
        recipe.key.encode() + b"".join(hashlib.sha256(data).digest() for data in inputs)
    ).digest()
    down, across = np.mgrid[0 : recipe.height, 0 : recipe.width].astype(np.int64)
    slope, bands = digest[0] % 7 + 1, digest[1] % 5 + 1
    place = (down * slope + across * bands) % 256
    colour = np.frombuffer(digest[2:5], np.uint8).astype(np.int64)
    drawn = (place[..., None] + colour) % 256
    found: NDArray[np.uint8] = np.clip(drawn + drift, 0, 255).astype(np.uint8)
    return found


def _check(strike: Strike) -> None:
    recipe = strike.recipe
    if recipe.operation == "imported":
        raise RenderFault("an imported picture has no recipe to render", "import the picture again")
    if recipe.model is None or recipe.model not in strike.models:
        raise RenderFault(
            f"the model {recipe.model} is not on this machine", "add it with `restrike model add FOLDER`"
        )
    if recipe.arguments:
        names = ", ".join(sorted(recipe.arguments))
        raise RenderFault(f"{recipe.pipeline} takes no {names}", "leave this out of the recipe")


def _read(strike: Strike, role: str) -> bytes:
    try:
        data = strike.inputs[role].read_bytes()
        decode(data)
    except (KeyError, OSError, Fault) as error:
        raise RenderFault(
            f"the picture for {role} cannot be read", "render or import the input again"
        ) from error
    return data


def _scripted(kind: type[RenderFault]) -> RenderFault:
    said = {OutOfMemory: "the device ran out of memory", Crashed: "the render child died"}
    return kind(said.get(kind, f"scripted {kind.code}"), "try again")
