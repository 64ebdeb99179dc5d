"""A tokenizer of the CLIP kind, small enough for the grammar: bytes, and merges that make its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from transformers import CLIPTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

LENGTH = 32
START = "<|startoftext|>"
END = "<|endoftext|>"
_WORD_END = "</w>"


def new_tokenizer(words: Sequence[str]) -> CLIPTokenizer:
    """Build the tokenizer for which each of these words is one token; others fall to smaller pieces."""
    merges = learn_merges(words)
    letters = list(bytes_to_unicode().values())
    pieces = [*letters, *(letter + _WORD_END for letter in letters)]
    pieces += ["".join(pair) for pair in merges] + [START, END]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=merges,
        model_max_length=LENGTH,
        unk_token=END,
        bos_token=START,
        eos_token=END,
        pad_token=END,
    )


def learn_merges(words: Sequence[str]) -> list[tuple[str, str]]:
    """Find byte-pair merges, most frequent pair first, until each word is one piece."""
    spelled = [[*word[:-1], word[-1] + _WORD_END] for word in dict.fromkeys(words)]
    merges: list[tuple[str, str]] = []
    while True:
        pairs = Counter(pair for pieces in spelled for pair in pairwise(pieces))
        if not pairs:
            return merges
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        spelled = [_merge(pieces, best) for pieces in spelled]


def save_tokenizer(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write the tokenizer as diffusers expects it, sequence length included."""
    tokenizer.save_pretrained(folder)


def _merge(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """Join each neighbouring pair of these two pieces into one."""
    joined: list[str] = []
    for piece in pieces:
        if joined and (joined[-1], piece) == pair:
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined
