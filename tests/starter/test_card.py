from __future__ import annotations

from starter.captions import parse
from starter.card import EXAMPLES, GATES, passed
from starter.scene import ATTRIBUTES


def test_only_what_reaches_its_gate_passes() -> None:
    following = {**dict.fromkeys(GATES, 1.0), "position": 0.79, "time": 0.95}
    assert passed(following) == [name for name in GATES if name != "position"]


def test_every_example_is_a_whole_scene() -> None:
    assert all(set(parse(example)) == set(ATTRIBUTES) for example in EXAMPLES)
