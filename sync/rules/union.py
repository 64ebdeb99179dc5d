"""One record a key out of facts that may repeat: the first step of every rule that must survive merging."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import asdict
from typing import Any, TypeVar

F = TypeVar("F")
K = TypeVar("K", bound=Hashable)


def unique(facts: Iterable[F], key: Callable[[F], K]) -> dict[K, F]:
    """The facts by key; of different facts under one key (nobody honest writes them) always the same one."""
    found: dict[K, F] = {}
    for fact in facts:
        name = key(fact)
        other = found.setdefault(name, fact)
        if other is not fact and other != fact:
            found[name] = min(other, fact, key=_text)
    return found


def _text(fact: Any) -> str:
    return json.dumps(asdict(fact), sort_keys=True, default=str)
