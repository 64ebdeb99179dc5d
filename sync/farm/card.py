"""A worker's card: what it tells the others of itself, a kilobyte at most; a hint, and checked like all that comes.

It says what the plan needs (when it is free, how fast with which models) and what people see (what it is at). Models go
by the first digits of their digests.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.faults import Damaged
from sync.farm.hands import Hand, short
from sync.records import SessionId, Tier

LARGEST: Final = 1024
MOST_MODELS: Final = 20
MOST_RATES: Final = 8
_LONGEST: Final = 80
_LARGEST_NUMBER: Final = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """The job in work: its stage, step `step` of `steps`, the seconds that are left where known."""

    job: str
    stage: str
    step: int = 0
    steps: int = 0
    eta: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One worker: its hand, its device in words, its region, what it is at, and what an hour of it costs.

    `price` is in whatever currency the team thinks in; `polite` says that it gives way to its own artist.
    """

    hand: Hand
    device: str = ""
    region: str = ""
    price: float | None = None
    polite: bool = False
    at: At | None = None


def encode(card: Card) -> bytes:
    """The card as it travels; of many models and rates the first are told."""
    hand = card.hand
    models = None if hand.models is None else sorted({short(one) for one in hand.models})[:MOST_MODELS]
    rates = {short(name): round(rate, 6) for name, rate in list(hand.rates.items())[:MOST_RATES]}
    said: dict[str, Any] = {
        "session": hand.session,
        "slot": hand.slot,
        "free": round(hand.free, 2),
        "rates": rates,
        "rate": round(hand.rate, 6),
        "models": models,
        "warm": short(hand.warm),
        "switch": round(hand.switch, 2),
        "memory": hand.memory,
        "only": hand.only,
        "device": card.device[:_LONGEST],
        "region": card.region,
        "price": card.price,
        "polite": card.polite,
    }
    if card.at is not None:
        at = card.at
        said["at"] = [at.job, at.stage, at.step, at.steps, None if at.eta is None else round(at.eta, 1)]
    full = {name: value for name, value in said.items() if value not in (None, "", False, {})}
    return json.dumps(full, ensure_ascii=False, separators=(",", ":")).encode()


def decode(data: bytes) -> Card:
    """Read a card; raises `Damaged`. What a later release says besides is left out."""
    try:
        if len(data) > LARGEST:
            raise ValueError(f"it has {len(data)} bytes")
        found = json.loads(data)
        if not isinstance(found, dict):
            raise TypeError("it is no object")
        return Card(
            hand=_hand(found),
            device=_text(found.get("device", "")),
            region=_text(found.get("region", "")),
            price=_optional(found.get("price")),
            polite=found.get("polite") is True,
            at=_at(found.get("at")),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Damaged(
            f"a worker's card cannot be read: {error}", "update Restrike on both devices to one release"
        ) from error


def _hand(found: Mapping[str, Any]) -> Hand:
    models, rates, memory = found.get("models"), found.get("rates", {}), _optional(found.get("memory"))
    if models is not None and (not isinstance(models, list) or len(models) > MOST_MODELS):
        raise ValueError("its models are wrong")
    if not isinstance(rates, dict) or len(rates) > MOST_RATES:
        raise ValueError("its rates are wrong")
    return Hand(
        session=SessionId(_text(found["session"])),
        slot=_text(found.get("slot", "")),
        free=_number(found.get("free", 0.0)),
        rates={_text(name): _number(rate) for name, rate in rates.items()},
        rate=_number(found.get("rate", 1.0)),
        models=None if models is None else frozenset(map(_text, models)),
        warm=_text(found.get("warm", "")),
        switch=_number(found.get("switch", 0.0)),
        memory=None if memory is None else int(memory),
        only=Tier(found["only"]) if "only" in found else None,
    )


def _at(found: Any) -> At | None:
    if found is None:
        return None
    job, stage, step, steps, eta = found
    return At(
        job=_text(job),
        stage=_text(stage),
        step=int(_number(step)),
        steps=int(_number(steps)),
        eta=_optional(eta),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise ValueError("a text in it is wrong")
    return value


def _optional(value: Any) -> float | None:
    return None if value is None else _number(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a number in it is wrong")
    if not 0 <= value <= _LARGEST_NUMBER:
        raise ValueError("a number in it is out of bounds")
    return float(value)
