from __future__ import annotations

import numpy as np
import torch

from starter.frames import draw_many
from starter.judge import HEADS, Judge, follows, verdicts
from starter.scene import ATTRIBUTES, Scene
from starter.vae import to_tensor


def test_it_scores_every_value_of_every_head() -> None:
    with torch.no_grad():
        scores = Judge().eval()(to_tensor(np.zeros((2, 56, 96, 3), np.uint8)))
    assert {name: score.shape[1] for name, score in scores.items()} == HEADS
    assert set(ATTRIBUTES) < set(HEADS)


def test_following_is_the_share_it_agrees_with() -> None:
    judge = Judge().eval()
    pixels = draw_many(4, 0)[0]
    seen = verdicts(judge, pixels)
    said = [Scene.from_labels(tuple(int(seen[name][row]) for name in ATTRIBUTES)) for row in range(4)]
    shares = follows(judge, pixels, said)
    assert all(shares[name] == 1 for name in ATTRIBUTES)
    assert shares["count"] == float((seen["count"] == 1).mean())
