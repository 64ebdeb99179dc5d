"""Whose a job would be if everybody were here: a rule that needs no word, for two halves that cannot talk.

Weighted rendezvous hashing: each worker has a score for each job, larger the faster it is, and the largest has it. Both
halves of a cut compute the same, and each leaves to the other what is the other's.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Sequence

from sync.farm.hands import Hand, Load
from sync.records import JobId, SessionId


def keeper(load: Load, hands: Iterable[Hand]) -> SessionId | None:
    """The worker that has a job by its score; None where nobody could do it."""
    able = [one for one in hands if one.can(load)]
    if not able:
        return None
    return max(able, key=lambda one: (_score(load.job, one, load.model), one.session)).session


def deferring(
    loads: Sequence[Load], present: Sequence[Hand], cut: Sequence[Hand]
) -> tuple[list[Load], list[Load]]:
    """The jobs in two lists, order kept: those to do first, and those that are left to workers who are cut off."""
    if not cut:
        return list(loads), []
    away: Collection[SessionId] = {one.session for one in cut}
    everybody = [*present, *cut]
    first: list[Load] = []
    last: list[Load] = []
    for load in loads:
        owner = load.owner if load.owner is not None else keeper(load, everybody)
        (last if owner in away else first).append(load)
    return first, last


def _score(job: JobId, hand: Hand, model: str) -> float:
    digest = hashlib.sha256(f"keeper\0{job}\0{hand.session}".encode("utf-8", "surrogatepass")).digest()
    share = (int.from_bytes(digest[:7], "big") + 1) / (2.0**56 + 2)
    return -1.0 / (hand.speed(model) * math.log(share))
