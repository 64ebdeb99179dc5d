"""The workers that are there: what this process tells of its own, and what it hears of the others.

Processes of one folder tell each other by small files, in `.restrike/roster`. Whichever of them talks with other
devices passes the cards on and writes down those that came (`passed_on`). All of it is a hint, gone with its process.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.place import PRIVATE
from engine.faults import Damaged
from sync.dialling import slept
from sync.farm import card as cards
from sync.farm.absence import TTL
from sync.farm.card import Card
from sync.farm.claimer import Claimer
from sync.records import SessionId

if TYPE_CHECKING:
    from app.studio import Studio

FOLDER: Final = "roster"
OTHERS: Final = "others"
EVERY: Final = 0.5
"""Seconds between two cards of one worker, unless it is at something else now."""
AGAIN: Final = 4.0
"""Seconds after which a card is written again though nothing changed."""
GATHER: Final = 5.0
"""Seconds after sleep in which nothing is claimed, so that what the others wrote meanwhile arrives first."""
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Heard:
    """A worker of another device: its card, when it was heard on this machine's monotonic clock, the round trip."""

    card: Card
    at: float
    trip: float = 0.0


class Roster:
    """One worker's place among the others; `now` is a monotonic clock, `wall` one that goes on while asleep."""

    def __init__(self, studio: Studio, now: Callable[[], float], wall: Callable[[], datetime]) -> None:
        self.claimer = Claimer(studio.project.session)
        self.cards: dict[SessionId, Card] = {}
        self._folder = folder(studio)
        self._own = self._folder / f"{studio.project.session}.json"
        self._session = studio.project.session
        self._now = now
        self._wall = wall
        self._looked, self._looked_wall = now(), wall()
        self._gather = float("-inf")
        self._said: tuple[Card, float] | None = None
        self._local: set[SessionId] = set()

    # --- what it says ---

    def say(self, card: Card) -> None:
        """Tell the others; at once when the worker is at another job than before, else now and then."""
        now = self._now()
        if self._said is not None:
            before, at = self._said
            turned = _job(before) != _job(card)
            if not turned and now - at < (EVERY if before != card else AGAIN):
                return
        self._said = card, now
        _write(self._own, {"now": now, "card": _text(card)})

    def clear(self) -> None:
        """The worker is gone."""
        with suppress(OSError):
            self._own.unlink(missing_ok=True)

    # --- what it hears ---

    def look(self, alive: Mapping[SessionId, bool]) -> None:
        """Read what the others said; `alive` are this machine's sessions."""
        now, wall = self._now(), self._wall()
        if slept((wall - self._looked_wall).total_seconds(), now - self._looked):
            self._gather = now + GATHER
            self.claimer.awake(now)
        self._looked, self._looked_wall = now, wall
        found = local(self._folder, alive)
        found.pop(self._session, None)
        for session in self._local - found.keys():
            self.claimer.left(session)
        self._local = set(found)
        trips: dict[SessionId, float] = dict.fromkeys(found, 0.0)
        self.cards = dict(found)
        for card in found.values():
            self.claimer.heard(card.hand, now)
        for heard in others(self._folder):
            if now - heard.at > TTL:
                continue
            session = heard.card.hand.session
            self.cards[session] = heard.card
            trips[session] = heard.trip
            self.claimer.heard(heard.card.hand, min(heard.at, now))
        self.claimer.trips(trips)
        self.claimer.absence.look(now)

    @property
    def alone(self) -> bool:
        """Whether no other worker is here."""
        return not self.claimer.absence.present

    @property
    def gathering(self) -> bool:
        """Whether the machine slept a moment ago, and what others did meanwhile may not be here yet."""
        return self._now() < self._gather


def local(where: Path, alive: Mapping[SessionId, bool]) -> dict[SessionId, Card]:
    """The cards of this machine's workers that are alive."""
    found = {}
    for path in where.glob("*.json") if where.is_dir() else ():
        session = SessionId(path.stem)
        if alive.get(session) and (card := _card(_read(path))) is not None and card.hand.session == session:
            found[session] = card
    return found


def others(where: Path) -> list[Heard]:
    """The workers of other devices, as `passed_on` wrote them down."""
    listed = _read(where / f"{OTHERS}.json").get("cards")
    found = []
    for one in listed if isinstance(listed, list) else ():
        with suppress(TypeError, ValueError, KeyError):
            card = _card(one)
            if card is not None:
                found.append(Heard(card, float(one["at"]), float(one["trip"])))
    return found


def passed_on(where: Path, heard: list[Heard]) -> None:
    """Write down the workers of other devices for the processes of this folder."""
    listed = [{"card": _text(one.card), "at": one.at, "trip": one.trip} for one in heard]
    _write(where / f"{OTHERS}.json", {"cards": listed})


def folder(studio: Studio) -> Path:
    """Where the cards are."""
    return studio.project.folder / PRIVATE / FOLDER


def _job(card: Card) -> str | None:
    return None if card.at is None else card.at.job


def _text(card: Card) -> str:
    return base64.b64encode(cards.encode(card)).decode()


def _card(said: Mapping[str, Any]) -> Card | None:
    try:
        return cards.decode(base64.b64decode(said["card"]))
    except (Damaged, KeyError, TypeError, ValueError):
        return None


def _read(path: Path) -> Mapping[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size <= _LARGEST:
            found = json.loads(path.read_text("utf-8"))
            return found if isinstance(found, dict) else {}
    return {}


def _write(path: Path, said: Mapping[str, Any]) -> None:
    """Write it whole or not at all; a full disk is no reason to stop."""
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_suffix(".part")
        fresh.write_text(json.dumps(said), "utf-8")
        os.replace(fresh, path)
