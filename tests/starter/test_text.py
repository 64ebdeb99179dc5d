from __future__ import annotations

import pytest
import torch
from transformers import CLIPTokenizer

from starter.captions import vocabulary
from starter.text import WIDTH, Probe, encode, new_text_encoder, tokens
from starter.tokenizer import LENGTH, new_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return new_tokenizer(vocabulary())


def test_any_text_becomes_the_same_shape(tokenizer: CLIPTokenizer) -> None:
    encoder = new_text_encoder(tokenizer).eval()
    ids = tokens(tokenizer, ["", "a red car", "far " * 300])
    with torch.no_grad():
        assert encode(encoder, ids).shape == (3, LENGTH, WIDTH)


def test_a_probe_learns_from_the_tokens_it_is_shown() -> None:
    torch.manual_seed(0)
    probe, states = Probe(), torch.randn(4, LENGTH, WIDTH)
    where = torch.zeros(4, LENGTH, dtype=torch.bool)
    where[:, -1] = True
    wanted = torch.zeros(4, 6, dtype=torch.int64)
    before, _ = probe.loss(states, wanted, where)
    before.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for parameter in probe.parameters():
            assert parameter.grad is not None
            parameter.sub_(parameter.grad, alpha=0.5)
    after, right = probe.loss(states, wanted, where)
    assert after < before
    assert 0 <= right <= 1
