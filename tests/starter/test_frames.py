from __future__ import annotations

from pathlib import Path

import numpy as np

from starter.frames import draw_frame, draw_many, write_frames
from starter.scene import HEIGHT, WIDTH, Scene

SCENE = Scene("dusk", "sea", "ship", "red", "left", "medium")


def test_one_seed_draws_one_picture() -> None:
    first, again, other = draw_frame(SCENE, 7), draw_frame(SCENE, 7), draw_frame(SCENE, 8)
    assert (first.pixels == again.pixels).all()
    assert first.box == again.box
    assert (first.pixels != other.pixels).any()


def test_pictures_have_their_size_and_a_full_range() -> None:
    pixels, labels, boxes = draw_many(12, 0)
    assert pixels.shape == (12, HEIGHT, WIDTH, 3)
    assert pixels.dtype == np.uint8
    assert pixels.max() > 220
    assert pixels.min() < 40
    assert labels.shape == (12, 6)
    assert ((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])).all()


def test_the_colour_asked_is_in_the_box() -> None:
    frame = draw_frame(Scene("noon", "desert", "house", "purple", "centre", "close"), 1)
    left, top, right, bottom = (int(edge) for edge in frame.box)
    red, green, blue = frame.pixels[top:bottom, left:right].reshape(-1, 3).mean(axis=0)
    assert min(red, blue) > green


def test_counter_examples_differ_by_their_subjects() -> None:
    none, one, three = (draw_frame(SCENE, 5, subjects).pixels.astype(int) for subjects in (0, 1, 3))
    assert np.abs(one - none).sum() > 0
    assert np.abs(three - none).sum() > np.abs(one - none).sum()


def test_a_file_of_frames_holds_pictures_labels_and_boxes(tmp_path: Path) -> None:
    write_frames(tmp_path / "new" / "frames.npz", 3, 50)
    data = np.load(tmp_path / "new" / "frames.npz")
    scene = Scene.from_labels(tuple(data["labels"][1]))
    assert (draw_frame(scene, 51).pixels == data["pixels"][1]).all()
