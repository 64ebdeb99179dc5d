from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers import CLIPTokenizer

from starter.captions import canonical, paraphrase, vocabulary
from starter.scene import Scene
from starter.tokenizer import LENGTH, learn_merges, new_tokenizer, save_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return new_tokenizer(vocabulary())


def test_the_grammar_fits_into_the_length(tokenizer: CLIPTokenizer) -> None:
    rng = np.random.default_rng(0)
    scenes = [Scene.random(rng) for _ in range(400)]
    captions = [canonical(scene) for scene in scenes] + [paraphrase(scene, rng) for scene in scenes]
    assert max(len(ids) for ids in tokenizer(captions).input_ids) <= LENGTH


def test_each_word_of_the_grammar_is_one_token(tokenizer: CLIPTokenizer) -> None:
    for word in vocabulary():
        assert len(tokenizer(word).input_ids) == 3, word


def test_unknown_words_fall_to_bytes_and_nothing_is_unknown(tokenizer: CLIPTokenizer) -> None:
    ids = tokenizer("étude \u2603 \U0001f600 zyx").input_ids
    assert tokenizer.eos_token_id not in ids[:-1]
    assert len(ids) > 8


def test_long_prompts_are_cut_with_their_end_kept(tokenizer: CLIPTokenizer) -> None:
    ids = tokenizer("red " * 300, truncation=True).input_ids
    assert len(ids) == LENGTH
    assert (ids[0], ids[-1]) == (tokenizer.bos_token_id, tokenizer.eos_token_id)


def test_a_saved_tokenizer_reads_back_alike(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    save_tokenizer(tokenizer, tmp_path)
    again = CLIPTokenizer.from_pretrained(tmp_path)
    assert again.model_max_length == LENGTH
    assert again("a red house at dusk").input_ids == tokenizer("a red house at dusk").input_ids


def test_merges_make_words_whole() -> None:
    assert learn_merges(["aa", "ab"]) == [("a", "a</w>"), ("a", "b</w>")]
