"""One worker's choice: what to claim next, how long to wait until the claim holds, whom to take over, when to help out.

Claims are facts that merge; whoever owns a job by them is the same for everybody (`sync.rules.view`). What is decided
here is only what *this* worker writes, and when it begins: after `settle()` seconds, in which a claim that others
made at the same moment has arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sync.farm import deference
from sync.farm.absence import Absence
from sync.farm.hands import Hand, Load
from sync.farm.plan import Turn, arranged, horizon, plan
from sync.records import JobId, SessionId

SHORTEST: Final = 0.15
"""Seconds that a claim is given to arrive everywhere, at least."""
ROUND_TRIPS: Final = 1.5
SLACK: Final = 0.07
"""Seconds that are added to the longest round trip: writing, flushing, taking in."""
AHEAD: Final = 4.0
"""Seconds before the end of a render at which the next job is claimed, so that nobody hoards."""
PATIENCE: Final = 5.0
"""Seconds after which a job that another one should have begun is nobody's any more."""
HEDGE: Final = 1.5
HEDGE_SECONDS: Final = 10.0


class Claimer:
    """What the worker of `session` knows and decides; every `now` is seconds of its own monotonic clock."""

    def __init__(self, session: SessionId) -> None:
        self.session = session
        self.absence = Absence()
        self._hands: dict[SessionId, tuple[Hand, float]] = {}
        self._slots: dict[str, SessionId] = {}
        self._left: dict[JobId, float] = {}
        self._trips: Mapping[SessionId, float] = {}

    # --- what it hears ---

    def heard(self, hand: Hand, now: float) -> None:
        """A heartbeat of another worker; if it started again, its earlier session is over."""
        before = self._slots.get(hand.slot) if hand.slot else None
        if before is not None and before != hand.session:
            if before in self._hands and self._hands[before][1] > now:
                return
            self.left(before)
        self._slots[hand.slot] = hand.session
        self._hands[hand.session] = hand, now
        self.absence.heard(hand.session, now)

    def left(self, session: SessionId) -> None:
        """A worker has ended and said so."""
        self._hands.pop(session, None)
        self.absence.left(session)

    def trips(self, seconds: Mapping[SessionId, float]) -> None:
        """How long a word takes to others and back."""
        self._trips = dict(seconds)

    def awake(self, now: float) -> None:
        """This machine slept: that nobody was heard of says nothing of them."""
        self.absence.awake(now)

    # --- what it decides ---

    def settle(self) -> float:
        """Seconds between a claim and its start; none while no other worker is known."""
        present = self.absence.present
        if not present:
            return 0.0
        longest = max((self._trips.get(one, 0.0) for one in present), default=0.0)
        return max(SHORTEST, ROUND_TRIPS * (longest + SLACK))

    def gone(self, session: SessionId, now: float) -> bool:
        """Whether an owner that is no longer heard of may be taken over."""
        return session not in self.absence.present and not self.absence.left_alone(session, now)

    def free(self, session: SessionId, now: float) -> float | None:
        """In how many seconds another worker has done what it is at; None when it is not heard of."""
        if session not in self.absence.present or session not in self._hands:
            return None
        return self._aged(session, now).free

    def others(self, now: float) -> list[Hand]:
        """The other workers that are here, as they will be by now."""
        return [self._aged(one, now) for one in sorted(self.absence.present) if one in self._hands]

    def choose(self, loads: Iterable[Load], me: Hand, now: float) -> Load | None:
        """The job to claim now among those that may be claimed; None to leave them all to others for now."""
        self.absence.look(now)
        able = [one for one in arranged(loads) if me.can(one)]
        if not able:
            return None
        hands = [me, *self.others(now)]
        cut = [self._hands[one][0] for one in sorted(self.absence.cut_off()) if one in self._hands]
        for part in deference.deferring(able, hands, cut):
            turns = plan(part[: horizon(hands, me)], hands)
            own = [one for one in turns if one.session == me.session]
            if own:
                return min(own, key=lambda one: one.begin).load
            if turns:
                return self._overdue(turns, me, now)
        return None

    def _overdue(self, turns: Sequence[Turn], me: Hand, now: float) -> Load | None:
        """A job that others should have begun by now and did not: their plan is another one, so somebody has to."""
        left = {one.load.job: self._left.get(one.load.job, now + one.begin) for one in turns}
        self._left = left
        late = (one.load for one in turns if now - left[one.load.job] > PATIENCE)
        return next(late, None) if me.free <= 0 else None

    def hedge(self, running: Sequence[tuple[Load, SessionId]], me: Hand, now: float) -> Load | None:
        """A job of a straggler that this idle worker would finish long before it; the worst of them, None without.

        `running` are the jobs that others run and that nobody has helped out with yet.
        """
        worst: tuple[float, JobId, Load] | None = None
        for load, owner in running:
            if owner == me.session or owner not in self._hands or owner not in self.absence.present:
                continue
            mine = me.free + me.seconds(load)
            left = self._aged(owner, now).free
            if me.can(load) and left > HEDGE * mine + HEDGE_SECONDS:
                worst = max(worst, (left - mine, load.job, load)) if worst else (left - mine, load.job, load)
        return None if worst is None else worst[2]

    def _aged(self, session: SessionId, now: float) -> Hand:
        hand, since = self._hands[session]
        return replace(hand, free=max(0.0, hand.free - (now - since)))
