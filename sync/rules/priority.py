"""Which job comes next, without clocks: what the asker has had so far, less a bonus for drafts and for votes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from sync.records import MemberId, Tier
from sync.rules.view import Attempt, View, served

BONUS: Final[Mapping[Tier, float]] = {Tier.LOW: 36000.0, Tier.STANDARD: 9000.0, Tier.HIGH: 0.0}
VOTE: Final = 3000.0
MOST_VOTES: Final = 5
FIRST_BACKOFF: Final = 5.0
LONGEST_BACKOFF: Final = 300.0


def key(view: View) -> float:
    """`vt − bonus(tier) − 3000 × min(5, votes)` in GPU-seconds, lowest first; a job nobody wished for comes last."""
    if view.wish is None:
        return math.inf
    return served(view.wish) - BONUS[view.tier] - VOTE * min(MOST_VOTES, view.votes)


def in_turn(views: Iterable[View], last_served: Mapping[MemberId, float] | None = None) -> list[View]:
    """The views in the order to work on them.

    Equal keys go to the person least recently served (`last_served` in any ascending measure, who is not in it comes
    first), then by job, so that every peer has the same order.
    """
    times = last_served or {}

    def place(view: View) -> tuple[float, float, str]:
        waited = min((times.get(one, -math.inf) for one in view.asked), default=math.inf)
        return key(view), waited, view.job

    return sorted(views, key=place)


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures: 5 × 2^(n−1), at most 300; none after none."""
    if failures <= 0:
        return 0.0
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures - 1, 10))


def ready_at(view: View, seen: Mapping[Attempt, float]) -> float:
    """When the back-off is over, on the observer's own monotonic clock; `-inf` when there is nothing to wait for.

    `seen` says when this observer first saw each failure, in seconds; one it does not list was seen long ago, such as
    before this process started.
    """
    last = max((seen[one] for one in view.attempts if one in seen), default=-math.inf)
    return last + backoff(len(view.attempts))
