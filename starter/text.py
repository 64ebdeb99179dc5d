"""The text encoder: taught first, alone, to say which attributes a caption names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from starter.captions import parse, training_caption
from starter.scene import ATTRIBUTES, Scene, names
from starter.schedule import Schedule, set_rate
from starter.tokenizer import LENGTH

WIDTH = 128


def new_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Build an untrained encoder for this tokenizer's tokens."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=256,
        projection_dim=WIDTH,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        hidden_act="gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def tokens(tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Tokenise as the pipeline does: padded and cut to the full length."""
    batch = tokenizer(captions, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt")
    ids: Tensor = batch.input_ids
    return ids


def encode(encoder: CLIPTextModel, ids: Tensor) -> Tensor:
    """Give the states that the UNet attends to, one a token."""
    states: Tensor = encoder(input_ids=ids).last_hidden_state
    return states


class Probe(nn.Module):
    """Reads each attribute linearly off a token's state; the last class of each means: not said."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(WIDTH, len(values) + 1) for values in ATTRIBUTES.values())

    def loss(self, states: Tensor, wanted: Tensor, where: Tensor) -> tuple[Tensor, float]:
        """Cross-entropy at the tokens `where` is true, and the share of attributes read right."""
        index = where.nonzero()[:, 0]
        picked, goals = states[where], wanted[index]
        scores = [head(picked) for head in self.heads]
        total = torch.stack([F.cross_entropy(score, goals[:, i]) for i, score in enumerate(scores)]).mean()
        right = torch.stack(
            [(score.argmax(1) == goals[:, i]).float().mean() for i, score in enumerate(scores)]
        )
        return total, float(right.mean())


def train_text_encoder(
    tokenizer: CLIPTokenizer, out: Path, seconds: float, seed: int = 0, batch: int = 96
) -> float:
    """Train an encoder so that every token after a caption's end tells all that the caption says.

    Captions that say the same are pulled to the same states, so that the UNet need not learn
    synonyms from pictures. Returns the share of attributes read right at the end.
    """
    torch.manual_seed(seed)
    encoder, probe = new_text_encoder(tokenizer), Probe()
    parameters = [*encoder.parameters(), *probe.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": parameters, "peak": 2e-3}], lr=1e-3, betas=(0.9, 0.98), weight_decay=0.01
    )
    schedule = Schedule(seconds)
    rng = np.random.default_rng(seed)
    right = 0.0
    for share in schedule:
        captions, again = _pairs(rng, batch)
        ids = tokens(tokenizer, captions + again)
        states = encode(encoder, ids)
        after = ids == tokenizer.eos_token_id
        set_rate(optimizer, share)
        loss, now = probe.loss(states, _said(captions + again), after)
        ends = (states * after[..., None]).sum(1) / after.sum(1, keepdim=True)
        apart = (ends[:batch] - ends[batch:]).square().mean()
        optimizer.zero_grad(set_to_none=True)
        (loss + 0.3 * apart).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        right = 0.95 * right + 0.05 * now
        schedule.say(f"loss {loss.item():.4f}  apart {apart.item():.3f}  right {right:.4f}")
    encoder.save_pretrained(out)
    return right


def _pairs(rng: np.random.Generator, count: int) -> tuple[list[str], list[str]]:
    """Captions, and for each another that says the same (where none is found, the caption itself)."""
    first, second = [], []
    for _ in range(count):
        scene = Scene.random(rng)
        caption, other = training_caption(scene, rng), training_caption(scene, rng)
        first.append(caption)
        second.append(other if parse(other) == parse(caption) else caption)
    return first, second


def _said(captions: list[str]) -> Tensor:
    """The label of each attribute in each caption; one past the last value where it is not said."""
    rows = []
    for caption in captions:
        said = parse(caption)
        rows.append(
            [
                ATTRIBUTES[name].index(said[name]) if name in said else len(ATTRIBUTES[name])
                for name in names()
            ]
        )
    return torch.tensor(rows)
