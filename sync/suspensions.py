"""Devices whose links are refused here, until somebody at this device forgives them.

Two things suspend a device: that it signed two bundles under one number, of which there is evidence for good, and that
it did again and again what no honest device of this release does. It is a decision of this device alone; what others
hold is equal all the same, for bundles come by any way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.faults import NoSpace
from sync import identity
from sync.database import Busy
from sync.identity import Clock
from sync.ledger import Ledger
from sync.records import Time
from sync.refusals import REFUSALS, Refusal

MOST: Final = 3
WITHIN: Final = 3600.0
"""So many violations within so many seconds suspend a device: one may be an accident."""
MOST_BLAMED: Final = 256
_TWICE: Final = "twice "


@dataclass(frozen=True, slots=True)
class Suspension:
    """One reason why a device's links are refused; `why` is a refusal's code, or names a log that was signed twice."""

    public: bytes
    why: str
    time: Time

    @property
    def sentence(self) -> str:
        """The reason for people."""
        if self.why.startswith(_TWICE):
            log = self.why.removeprefix(_TWICE)[:8]
            return f"it signed two bundles of log {log} with one number: a restored copy, or somebody lies"
        known = REFUSALS.get(self.why)
        return f"again and again {known.sentence}" if known is not None else self.why


class Suspensions:
    """Who is suspended at this device, whose key is `own`."""

    def __init__(self, ledger: Callable[[], Ledger], own: bytes, clock: Clock) -> None:
        self._opened = ledger
        self._own = own
        self._clock = clock
        self._blamed: dict[bytes, deque[float]] = {}

    def standing(self) -> list[Suspension]:
        """Everybody who is suspended now, with each reason."""
        return [one for one in self._all() if one.public != self._own]

    def mine(self) -> list[Suspension]:
        """What this device did twice itself, as after a restored backup, until its person says that he knows."""
        return [one for one in self._all() if one.public == self._own]

    def _all(self) -> list[Suspension]:
        store = self._opened().store
        noted = store.suspensions()
        over = {(public, why) for public, why, _, forgiven in noted if forgiven}
        found = [Suspension(public, why, time) for public, why, time, forgiven in noted if not forgiven]
        for public, log_id in store.signed_twice():
            if (public, _TWICE + log_id) not in over:
                found.append(Suspension(public, _TWICE + log_id, Time("")))
        return found

    def of(self, public: bytes) -> Suspension | None:
        """Why a device is suspended, None where it is not."""
        return next((one for one in self.standing() if one.public == public), None)

    def blame(self, public: bytes | None, reason: Refusal, now: float) -> bool:
        """Note a violation of a device that has proved its key, if it has; whether it is suspended by that."""
        if public is None or not reason.hostile or reason.theirs:
            return False
        times = self._blamed.setdefault(public, deque(maxlen=MOST))
        times.append(now)
        while len(self._blamed) > MOST_BLAMED:
            del self._blamed[next(iter(self._blamed))]
        if len(times) < MOST or now - times[0] > WITHIN:
            return False
        try:
            self._opened().store.suspend(public, reason.code, self._time(), forgiven=False)
        except (Busy, NoSpace):  # it is noted the next time that it does so
            return False
        return True

    def forgive(self, public: bytes) -> int:
        """Let a device in again; returns how many reasons there were. The same evidence suspends it no more."""
        found = [one for one in self._all() if one.public == public]
        for one in found:
            self._opened().store.suspend(public, one.why, self._time(), forgiven=True)
        self._blamed.pop(public, None)
        return len(found)

    def _time(self) -> Time:
        return identity.now(self._clock)
