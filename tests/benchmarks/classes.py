"""What the classes promise: another machine's numerics stay R0 or R1, another picture never passes for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.compare import Distance, compare
from engine.models.facts import ModelFacts
from tests.benchmarks import struck
from tests.benchmarks.figure import Figure

MACHINES: dict[str, tuple[int, dict[str, str]]] = {
    "2 threads": (2, {}),
    "4 threads": (4, {}),
    "no vector instructions": (1, {"ATEN_CPU_CAPABILITY": "default"}),
    "avx2": (1, {"ATEN_CPU_CAPABILITY": "avx2"}),
    "oneDNN kept to sse41": (1, {"ONEDNN_MAX_CPU_ISA": "SSE41"}),
    "oneDNN off": (1, {"RESTRIKE_ONEDNN": "off"}),
}


def measure(share: float) -> list[Figure]:
    """20 pictures on each of six other machines and 200 pairs of different pictures at full share."""
    folder, facts = struck.newest()
    count = max(2, int(20 * share))
    recipes = [struck.recipe(facts, struck.prompt(7 * n), seed=n) for n in range(count)]
    original = struck.strike(recipes, folder)
    found = {
        name: list(map(compare, original, struck.strike(recipes, folder, threads, **environment)))
        for name, (threads, environment) in MACHINES.items()
    }
    distances = [one for some in found.values() for one in some]
    kept = sum(one.grade in ("R0", "R1") for one in distances)
    different = pairs(facts, folder, max(4, int(200 * share)))
    mistaken = sum(one.grade in ("R0", "R1") for one in different)
    return [
        Figure(
            what="class R0 or R1 when threads, instruction set or oneDNN change",
            value=100 * kept / len(distances), unit="%", at_least=100,
            note="; ".join(f"{name}: {worst(some)}" for name, some in found.items()),
        ),
        Figure(
            what="another seed or another prompt taken for R0 or R1",
            value=mistaken, unit="pairs", at_most=0,
            note=f"{len(different)} pairs; the nearest: {worst([nearest(different)])}",
        ),
    ]  # fmt: skip


def pairs(facts: ModelFacts, folder: Path, count: int) -> list[Distance]:
    """Distances of `count` pairs, half of them with another seed and half with another prompt."""
    half = count // 2
    first = [struck.recipe(facts, struck.prompt(n), seed=n) for n in range(half)]
    seeds = [struck.recipe(facts, struck.prompt(n), seed=n + 1000) for n in range(half)]
    words = [struck.recipe(facts, struck.prompt(n + 1), seed=n) for n in range(half)]
    pictures: list[NDArray[np.uint8]] = struck.strike([*first, *seeds, *words], folder)
    return list(map(compare, pictures[:half] * 2, pictures[half:]))


def nearest(some: list[Distance]) -> Distance:
    """The pair that looks most alike."""
    return max(some, key=lambda one: float("inf") if one.psnr_db is None else one.psnr_db)


def worst(some: list[Distance]) -> str:
    """The largest distance as words."""
    far = min(some, key=lambda one: float("inf") if one.psnr_db is None else one.psnr_db)
    return "identical" if far.psnr_db is None else f"{far.psnr_db:.1f} dB, SSIM {far.ssim:.5f}"
