from __future__ import annotations

from dataclasses import asdict
from itertools import product

import numpy as np

from starter.captions import WORDS, canonical, paraphrase, parse, strange, training_caption, vocabulary
from starter.scene import ATTRIBUTES, Scene


def test_the_grammar_has_words_for_every_value() -> None:
    assert {name: tuple(values) for name, values in WORDS.items()} == ATTRIBUTES


def test_every_canonical_caption_parses_back() -> None:
    for values in product(*ATTRIBUTES.values()):
        scene = Scene(*values)
        assert parse(canonical(scene)) == asdict(scene)


def test_paraphrases_parse_back_whatever_their_words_and_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(3000):
        scene = Scene.random(rng)
        caption = paraphrase(scene, rng)
        assert parse(caption) == asdict(scene), caption


def test_a_caption_with_gaps_names_nothing_wrong() -> None:
    rng = np.random.default_rng(1)
    for _ in range(500):
        scene = Scene.random(rng)
        said = parse(paraphrase(scene, rng, keep=0.5))
        assert said.items() <= asdict(scene).items()


def test_strangers_say_nothing() -> None:
    rng = np.random.default_rng(2)
    assert all(parse(strange(rng)) == {} for _ in range(300))
    assert parse("") == {}


def test_some_training_captions_are_empty_and_about_half_canonical() -> None:
    rng = np.random.default_rng(3)
    scene = Scene("dawn", "city", "car", "blue", "right", "far")
    captions = [training_caption(scene, rng) for _ in range(1000)]
    assert 0.02 < captions.count("") / 1000 < 0.1
    assert 0.3 < captions.count(canonical(scene)) / 1000 < 0.6


def test_the_vocabulary_is_sorted_and_holds_each_word_once() -> None:
    words = vocabulary()
    assert list(words) == sorted(set(words))
    assert {"lighthouse", "left", "dusk", "traveller"} <= set(words)
