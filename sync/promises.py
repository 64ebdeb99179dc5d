"""What another device says of an asset before anything proves it: a row of a list, small, checked, not believed.

It is JSON, a list in the order of `Promise`'s fields. Whatever has another form is `Damaged`; what is well formed may
still be a lie, which comes out when the signed bundles are here (`sync.overview`).
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, fields
from typing import Any, Final

from engine.faults import Damaged
from sync.records import Kind, Tier

LARGEST_NAME: Final = 512
LARGEST_COUNT: Final = 1_000_000
_LARGEST: Final = 4_096


@dataclass(frozen=True, slots=True)
class Promise:
    """An asset as lists show it; `take` is the one to show, with the digest of its small picture."""

    asset: str
    name: str
    kind: str
    scene: str | None
    version: str | None
    number: int | None
    label: str | None
    tier: str | None
    forked: int
    stale: int
    versions: int
    takes: int
    approved: str | None
    time: str
    take: str | None
    thumb: str | None


def write(promise: Promise) -> bytes:
    """The bytes of a promise."""
    return json.dumps(astuple(promise), ensure_ascii=False, separators=(",", ":")).encode()


def read(data: bytes) -> Promise:
    """Read a promise; raises `Damaged` unless every field is of its kind and of a bounded size."""
    try:
        values = json.loads(data) if len(data) <= _LARGEST else None
        if not isinstance(values, list) or len(values) != len(fields(Promise)):
            raise ValueError("it is no row")
        found = Promise(*values)
        _check(found)
    except (ValueError, TypeError, RecursionError) as error:
        raise Damaged(f"a row of a snapshot cannot be read: {error}", "it was left out") from error
    return found


def _check(one: Promise) -> None:
    for text in (one.asset, one.version, one.approved, one.take):
        _require(text is None or _is_id(text), "an id in it is none")
    _require(one.asset is not None, "it is of no asset")
    for text in (one.name, one.scene, one.label, one.time):
        _require(text is None or (_is_text(text) and len(text) <= LARGEST_NAME), "a text in it is none")
    _require(bool(one.name) and bool(one.time), "it has no name")
    _require(one.kind in set(Kind) and (one.tier is None or one.tier in set(Tier)), "it is of no known kind")
    _require(one.forked in (0, 1) and one.stale in (0, 1), "a mark in it is none")
    for count in (one.number or 0, one.versions, one.takes):
        _require(type(count) is int and 0 <= count <= LARGEST_COUNT, "a number in it is none")
    _require(one.thumb is None or (_is_id(one.thumb) and len(one.thumb) == 64), "a digest in it is none")


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isalnum() and len(value) <= 64


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
