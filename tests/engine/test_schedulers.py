from __future__ import annotations

import pytest

from engine.schedulers import CLASSES, WORDS, class_of, flows
from tests.engine.models.test_pipelines import names_of_diffusers


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("dpm++", "DPMSolverMultistepScheduler"),
        ("Euler-A", "EulerAncestralDiscreteScheduler"),
        (" ddim ", "DDIMScheduler"),
        ("lcm", "LCMScheduler"),
        ("unipc", "UniPCMultistepScheduler"),
        ("heun", "HeunDiscreteScheduler"),
        ("eulerdiscretescheduler", "EulerDiscreteScheduler"),
        ("HeunDiscrete", "HeunDiscreteScheduler"),
        ("magic", None),
        ("", None),
    ],
)
def test_what_a_word_means(word: str, name: str | None) -> None:
    assert class_of(word) == name


def test_every_class_is_diffusers_own() -> None:
    assert set(CLASSES) - names_of_diffusers() == set()
    assert len(set(CLASSES)) == len(CLASSES)


def test_words_and_classes_do_not_clash() -> None:
    assert {class_of(word) for word in WORDS} == set(WORDS.values())
    assert [class_of(name) for name in CLASSES] == list(CLASSES)


def test_which_classes_follow_flows() -> None:
    assert {word for word, name in WORDS.items() if flows(name)} == {"flow-euler", "flow-heun", "flow-lcm"}
