"""How far one picture is from another: PSNR, SSIM, and the grade that follows from them.

The thresholds bound drift; they do not prove that the right recipe ran (8 steps against 9 scored 46 dB), so whoever
proves a take has executed its recipe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engine.faults import BadField
from engine.image import Pixels

SEEN_DB: Final = 45.0
SEEN_SSIM: Final = 0.999
"""From these two on nobody sees a difference: grade R1."""
WINDOW: Final = 7
GAIN: Final = 16


@dataclass(frozen=True, slots=True)
class Distance:
    """How far two pictures are apart; `psnr_db` is None where they are identical, for it is infinite then."""

    psnr_db: float | None
    ssim: float
    identical: bool
    grade: Literal["R0", "R1", "R2"]


def compare(a: Pixels, b: Pixels) -> Distance:
    """PSNR over all samples and mean SSIM over a 7 × 7 window; pictures of different sizes have nothing in common."""
    if a.shape != b.shape:
        return Distance(0.0, 0.0, False, "R2")
    if np.array_equal(a, b):
        return Distance(None, 1.0, True, "R0")
    error = np.square(a.astype(np.float64) - b.astype(np.float64)).mean()
    psnr, ssim = 10 * math.log10(255**2 / error), _ssim(a, b)
    return Distance(psnr, ssim, False, "R1" if psnr >= SEEN_DB and ssim >= SEEN_SSIM else "R2")


def difference_map(a: Pixels, b: Pixels) -> Pixels:
    """Where two pictures differ: absolute differences by channel, 16 times as bright; black is equal."""
    if a.shape != b.shape:
        raise BadField(
            "pictures", f"{a.shape[1]} × {a.shape[0]} and {b.shape[1]} × {b.shape[0]}", "two of one size"
        )
    apart = np.abs(a.astype(np.int16) - b.astype(np.int16)) * GAIN
    return apart.clip(0, 255).astype(np.uint8)


def _ssim(a: Pixels, b: Pixels) -> float:
    from skimage.metrics import structural_similarity  # takes 0.7 s, and only proofs need it

    # Pictures smaller than the window are mirrored at their edges until it fits.
    edges = [(0, max(0, WINDOW - side)) for side in a.shape[:2]] + [(0, 0)]
    a, b = (np.pad(one, edges, mode="symmetric") for one in (a, b))
    found = structural_similarity(a, b, win_size=WINDOW, channel_axis=2, data_range=255)  # type: ignore[no-untyped-call]
    return float(found)
