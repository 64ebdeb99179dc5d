"""The schedule that every worker computes alike: each job to whoever would have it finished first.

List scheduling by earliest completion time over the jobs in their order, the cost of changing models included. Whoever
computes it from the same facts and the same heartbeats gets the same; where those differ, claims settle it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sync.farm.hands import Hand, Load
from sync.records import JobId, SessionId
from sync.rules.view import rank

MOST: Final = 300
"""Jobs that are planned at most."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One job in the plan: who does it, from when to when, in seconds from now."""

    load: Load
    session: SessionId
    begin: float
    end: float


def horizon(hands: Sequence[Hand], me: Hand) -> int:
    """How many jobs have to be planned so that one surely falls to `me`: the others' speed over mine, and some."""
    together = sum(1.0 / one.speed("") for one in hands)
    return max(1, min(MOST, math.ceil(together * me.speed("") + 2 * len(hands))))


def arranged(loads: Iterable[Load]) -> list[Load]:
    """The jobs in the order to do them: by key, orphans at the head of their tier, then by name."""
    found = list(loads)
    head = {one.tier: math.inf for one in found}
    for one in found:
        head[one.tier] = min(head[one.tier], one.key)

    def place(load: Load) -> tuple[float, bool, JobId]:
        orphan = load.owner is not None
        return (head[load.tier] if orphan else load.key), not orphan, load.job

    return sorted(found, key=place)


def plan(loads: Iterable[Load], hands: Sequence[Hand]) -> list[Turn]:
    """Who does which job when; a job that nobody here can do is left out."""
    free = {one.session: one.free for one in hands}
    warm = {one.session: one.warm for one in hands}
    found: list[Turn] = []
    for load in loads:
        best: tuple[float, float, Hand] | None = None
        for hand in _able(load, hands):
            begin = free[hand.session]
            end = begin + hand.seconds(load, warm[hand.session])
            if (
                best is None
                or end < best[1] - 1e-9
                or (end < best[1] + 1e-9 and _before(load, hand, best[2]))
            ):
                best = begin, end, hand
        if best is not None:
            begin, end, hand = best
            free[hand.session], warm[hand.session] = end, load.model
            found.append(Turn(load, hand.session, begin, end))
    return found


def _able(load: Load, hands: Sequence[Hand]) -> list[Hand]:
    """Who can do a job; whoever it failed with only while nobody else can."""
    able = [one for one in hands if one.can(load)]
    return [one for one in able if one.session not in load.failed] or able


def _before(load: Load, one: Hand, other: Hand) -> bool:
    return rank(load.job, one.session) < rank(load.job, other.session)
