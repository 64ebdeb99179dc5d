from __future__ import annotations

import numpy as np
import pytest

from starter.scene import ATTRIBUTES, Scene, names


def test_labels_lead_back_to_the_scene() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        scene = Scene.random(rng)
        assert Scene.from_labels(scene.labels()) == scene


def test_an_unknown_value_is_refused_with_what_is_known() -> None:
    with pytest.raises(ValueError, match="subject cannot be 'cat'; it is one of traveller"):
        Scene("dawn", "sea", "cat", "red", "left", "far")


def test_every_attribute_has_a_name_and_values() -> None:
    assert names() == tuple(ATTRIBUTES)
    assert all(len(values) == len(set(values)) >= 3 for values in ATTRIBUTES.values())
