"""What is said on the presence channels: one's own words, pictures and workers' cards out, everybody else's in.

Nothing of it is stored, all of it may be lost, and what comes is checked by `presence` and `farm.card` before it
counts. A device speaks for its own workers alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from engine.faults import Damaged
from sync import presence
from sync.farm import card as cards
from sync.farm.card import Card
from sync.presence import Present, Preview, Room, Voice
from sync.records import DeviceId

DEALT: Final = b"\x01"
"""What a card begins with, where a word begins with a brace."""
CARD_EVERY: Final = 2.0
"""Seconds after which a card is said again, which is a worker's heartbeat."""
CARD_SPACING: Final = 0.25
MOST_CARDS: Final = 16
"""Workers of one device."""

_log = logging.getLogger(__name__)
Heard = Literal["changed", "preview", "worker"]


@dataclass(slots=True)
class _Own:
    card: Card
    said: Card | None = None
    at: float = float("-inf")

    def due(self, now: float) -> bool:
        return now - self.at >= (CARD_SPACING if self.card != self.said else CARD_EVERY)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker of another device: its card, and when it was heard."""

    device: DeviceId
    card: Card
    at: float


class Chatter:
    """What this device says to all by `say`, and what it heard of each; `now` is a monotonic clock."""

    def __init__(self, say: Callable[[bytes], None], now: Callable[[], float]) -> None:
        self.room = Room()
        self._say = say
        self._now = now
        self._voice = Voice()
        self._own: dict[str, _Own] = {}
        self._workers: dict[DeviceId, dict[str, Worker]] = {}

    # --- what it says ---

    @property
    def present(self) -> Present:
        """What this device does."""
        return self._voice.present

    @present.setter
    def present(self, present: Present) -> None:
        self._voice.present = present

    def show(self, preview: Preview) -> bool:
        """Show the others a picture of what is being rendered; false, and left out, when the last one is too fresh."""
        data = self._voice.show(preview, self._now())
        if data is not None:
            self._say(data)
        return data is not None

    def deal(self, own: Iterable[Card]) -> None:
        """These are this device's workers now."""
        found: dict[str, _Own] = {}
        for card in own:
            one = self._own.get(card.hand.slot, _Own(card))
            one.card = card
            found[card.hand.slot] = one
        self._own = dict(list(found.items())[:MOST_CARDS])

    def greeting(self) -> Iterator[bytes]:
        """What somebody hears who has just come."""
        yield presence.encode(self.present)
        for one in self._own.values():
            yield DEALT + cards.encode(one.card)

    def tick(self) -> None:
        """Say what is due."""
        now = self._now()
        word = self._voice.due(now)
        if word is not None:
            self._say(word)
        for one in self._own.values():
            if one.due(now):
                one.said, one.at = one.card, now
                self._say(DEALT + cards.encode(one.card))

    # --- what it hears ---

    def heard(self, device: DeviceId, data: bytes, *, preview: bool) -> Heard | None:
        """Something came; what it changed."""
        now = self._now()
        try:
            if preview:
                return "preview" if self.room.showed(device, data, now) is not None else None
            if data.startswith(DEALT):
                return "worker" if self._dealt(device, data, now) else None
            return "changed" if self.room.said(device, data, now) else None
        except Damaged as fault:
            _log.info("%s: %s", device, fault.message)
            return None

    def _dealt(self, device: DeviceId, data: bytes, now: float) -> bool:
        if not self.room.admits(device, now):
            return False
        card = cards.decode(data[len(DEALT) :])
        slots = self._workers.setdefault(device, {})
        if not card.hand.slot.startswith(f"{device}/") or (
            card.hand.slot not in slots and len(slots) >= MOST_CARDS
        ):
            return False
        before = slots.get(card.hand.slot)
        slots[card.hand.slot] = Worker(device, card, now)
        return before is None or before.card != card

    def workers(self) -> list[Worker]:
        """The workers of the other devices that are here."""
        return [one for device in self.room for one in self._workers.get(device, {}).values()]

    def left(self, device: DeviceId, *, gone: bool) -> None:
        """A link was lost; of a device that said goodbye (`gone`) nothing is waited for."""
        self.room.left(device, gone=gone)
        self._forget()

    def out(self) -> list[DeviceId]:
        """Count out who is silent."""
        found = self.room.out(self._now())
        self._forget()
        return found

    def _forget(self) -> None:
        here = set(self.room)
        self._workers = {device: some for device, some in self._workers.items() if device in here}
