"""The rules of the shared queue by one name: what a job's facts mean, whose turn it is, and why one does not run.

`view` reads the facts, `priority` orders what is pending, `reasons` says who may claim and why not.
"""

from sync.rules.priority import backoff, in_turn, key, ready_at
from sync.rules.reasons import Reason, Standpoint, may_claim, set_aside, why
from sync.rules.view import (
    RELEASED,
    Attempt,
    State,
    View,
    job_id,
    newest,
    next_generation,
    rank,
    split,
    view,
)

__all__ = [
    "RELEASED",
    "Attempt",
    "Reason",
    "Standpoint",
    "State",
    "View",
    "backoff",
    "in_turn",
    "job_id",
    "key",
    "may_claim",
    "newest",
    "next_generation",
    "rank",
    "ready_at",
    "set_aside",
    "split",
    "view",
    "why",
]
