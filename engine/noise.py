"""The noise is ours: numbered draws from numpy Philox streams, the same on every device and instruction set.

`torch.randn` differs between instruction sets and GPU types; Philox in float64 does not. Draw `n` of seed `s` is the
Philox stream with the 128-bit key `s + n * 2**64`, so no draw depends on how many numbers another one took. numpy is
pinned, because its distributions (not its bit streams) may change between releases; a golden vector keeps watch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.faults import BadField
from engine.recipe import LARGEST_SEED, RNG

FLOAT32_BITS: Final = 24


class Noise:
    """The numbered draws of one seed; each method is one draw and takes the next number.

    `stream` names an independent family of draws of the same seed; the unnamed one is the recipe's own.
    """

    def __init__(self, seed: int, *, rng: str = RNG, stream: str = "") -> None:
        if rng != RNG:
            raise BadField("rng", rng, RNG)
        if not 0 <= seed <= LARGEST_SEED:
            raise BadField("seed", seed, f"0 to {LARGEST_SEED}")
        self.seed = seed
        self.drawn = 0
        digest = hashlib.sha256(stream.encode()).digest() if stream else bytes(8)
        self._family = int.from_bytes(digest[:8], "big")

    def stream(self, name: str) -> Noise:
        """Another family of draws of this seed, counted from nought."""
        return Noise(self.seed, stream=name)

    def normal(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """Standard normals, drawn in float64 and rounded to float32."""
        return self._next().standard_normal(tuple(shape)).astype(np.float32)

    def uniform(self, shape: Sequence[int], bits: int = FLOAT32_BITS) -> NDArray[np.float32]:
        """Numbers of 0 ≤ x < 1 with at most `bits` binary digits, so that no later rounding makes a 1 of them."""
        drawn = self._next().random(tuple(shape))
        return (np.floor(drawn * 2.0**bits) / 2.0**bits).astype(np.float32)

    def exponential(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """Exponentials of rate 1, never nought."""
        drawn = self._next().standard_exponential(tuple(shape)).astype(np.float32)
        return np.maximum(drawn, np.finfo(np.float32).tiny)

    def integers(self, low: int, high: int, shape: Sequence[int]) -> NDArray[np.int64]:
        """Integers of low ≤ x < high, each equally likely."""
        return self._next().integers(low, high, size=tuple(shape), dtype=np.int64)

    def permutation(self, count: int) -> NDArray[np.int64]:
        """The numbers below `count` in random order."""
        return self._next().permutation(count).astype(np.int64)

    def _next(self) -> np.random.Generator:
        key = np.array([self.seed, self.drawn], dtype=np.uint64)
        counter = np.array([0, 0, 0, self._family], dtype=np.uint64)
        self.drawn += 1
        return np.random.Generator(np.random.Philox(key=key, counter=counter))
