from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np

from starter import stages
from starter.frames import draw_frame
from starter.scene import Scene


def test_frames_are_drawn_from_the_seed_on_that_training_begins_with(tmp_path: Path) -> None:
    stages.frames(Namespace(work=tmp_path, count=1))
    data = np.load(tmp_path / "frames.npz")
    scene = Scene.from_labels(tuple(data["labels"][0]))
    assert (draw_frame(scene, 10_000).pixels == data["pixels"][0]).all()
