"""Who has fallen silent, and whether that looks like a crash or like a cut in the network.

One's own monotonic clock since the last word is all that counts. Two or more, and a good share of all, gone within
seconds of each other are cut off rather than dead: they go on with what they have, and so their work is left to them
for a while. A single one that falls silent has crashed, and its work is taken over after `TTL`.
"""

from __future__ import annotations

from typing import Final

from sync.records import SessionId

TTL: Final = 12.0
"""Seconds of silence after which a worker counts as gone."""
WITHIN: Final = 20.0
"""Seconds within which those who are cut off together fall silent."""
FEWEST: Final = 2
SHARE: Final = 0.15
RUNNING: Final = 300.0
"""Seconds for which the running jobs of those who are cut off are left to them."""
UNCLAIMED: Final = 1200.0
"""Seconds for which jobs that would have been theirs come last."""


class Absence:
    """What one worker has heard of the others, by `heard`, `left` and `look`."""

    def __init__(self) -> None:
        self._heard: dict[SessionId, float] = {}
        self._lost: dict[SessionId, float] = {}
        self._cut: dict[SessionId, float] = {}

    def heard(self, session: SessionId, now: float) -> None:
        """A word came, at `now`; a word that is older than what is known changes nothing."""
        if now <= self._heard.get(session, self._lost.get(session, float("-inf"))):
            return
        self._heard[session] = now
        self._lost.pop(session, None)
        self._cut.pop(session, None)

    def left(self, session: SessionId) -> None:
        """It said goodbye, having given back what it had."""
        for known in (self._heard, self._lost, self._cut):
            known.pop(session, None)

    def awake(self, now: float) -> None:
        """Count everybody's silence from now: it was this machine that slept."""
        self._heard = dict.fromkeys([*self._heard, *self._lost], now)
        self._lost.clear()
        self._cut.clear()

    def look(self, now: float) -> None:
        """Count out who is silent; to be called before asking."""
        for session, last in list(self._heard.items()):
            if now - last > TTL:
                del self._heard[session]
                self._lost[session] = now
        together = [one for one, since in self._lost.items() if now - since <= WITHIN]
        known = len(self._heard) + len(together)
        if len(together) >= FEWEST and len(together) >= SHARE * known:
            for session in together:
                self._cut.setdefault(session, now)
        for session, since in list(self._lost.items()):
            if now - since > UNCLAIMED:
                self._lost.pop(session)
                self._cut.pop(session, None)

    @property
    def present(self) -> frozenset[SessionId]:
        """Who was heard of lately."""
        return frozenset(self._heard)

    def cut_off(self) -> frozenset[SessionId]:
        """Who is cut off rather than dead, as far as one can tell."""
        return frozenset(self._cut)

    def left_alone(self, session: SessionId, now: float) -> bool:
        """Whether the running job of a silent worker is still left to it."""
        since = self._cut.get(session)
        return since is not None and now - since <= RUNNING
