"""Sound things made unsound: bytes, JSON and messages with something in them that is something else."""

from __future__ import annotations

import json
import random
from dataclasses import fields, replace
from typing import Any

from tests.sync.corpus import mutations

NUMBERS = (-1, 0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**53 - 1, 2**53, 2**63, 2**64, 10**40)
TEXTS = ("", "\0", "a" * 5000, "\ud800", "‮", "../..", "null", "é" * 300, "-1", "0" * 64)


def broken(data: bytes, draw: random.Random) -> bytes:
    """A variation of bytes."""
    match draw.randrange(12):
        case 0:
            return data[: draw.randrange(len(data) + 1)]
        case 1:
            return data + data[draw.randrange(len(data) or 1) :]
        case 2:
            return draw.randbytes(draw.randrange(200))
        case _:
            return next(mutations(data, draw))


def twisted(value: Any, draw: random.Random, depth: int = 0) -> Any:
    """A variation of a JSON value: something in it becomes something else."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(list(value))
        if draw.random() < 0.1:
            return {name: one for name, one in value.items() if name != key}
        return {**value, key: twisted(value[key], draw, depth + 1)}
    if isinstance(value, list) and value and draw.random() < 0.8:
        at = draw.randrange(len(value))
        if draw.random() < 0.1:
            return value * draw.choice((2, 300))
        return [*value[:at], twisted(value[at], draw, depth + 1), *value[at + 1 :]]
    nested: Any = []
    for _ in range(draw.choice((1, 50, 500))):
        nested = [nested]
    others: tuple[Any, ...] = (*NUMBERS, *TEXTS, None, True, 1e308, {}, [], nested, {"a": nested})
    if isinstance(value, str) and value and draw.random() < 0.5:
        return next(mutations(value.encode(errors="replace"), draw)).decode(errors="replace")
    return draw.choice(others)


def json_of(value: Any, draw: random.Random) -> bytes:
    """A variation of a value as text, which may be broken besides."""
    text = json.dumps(twisted(value, draw)).encode()
    return broken(text, draw) if draw.random() < 0.2 else text


def message(said: Any, draw: random.Random) -> Any:
    """A message with one of its fields another."""
    one = draw.choice([*fields(said), None])
    if one is None:
        return said
    value = getattr(said, one.name)
    match value:
        case bool():
            other: Any = not value
        case int():
            other = draw.choice([number for number in NUMBERS if number >= 0])
        case bytes():
            other = draw.randbytes(len(value)) if draw.random() < 0.5 else broken(value, draw)
        case str():
            other = draw.choice(TEXTS[:1] + TEXTS[5:])
        case tuple() if value and draw.random() < 0.6:
            at = draw.randrange(len(value))
            inner = value[at]
            changed = broken(inner, draw) if isinstance(inner, bytes) else message(inner, draw)
            other = (*value[:at], changed, *value[at + 1 :])
        case _:
            other = tuple(value) * draw.choice((0, 2, 100))
    return replace(said, **{one.name: other})
