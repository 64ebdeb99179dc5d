"""Rows out of what SQLite answers with; tests/sync/test_index.py tells what they say."""

from __future__ import annotations

import pytest

from engine.faults import Damaged
from sync import rows
from sync.records import Kind, Tier

ASSET = ("a", "MARA", "shot", "SC-01", 0, "v", 3, "v03", "low", "k", 1, 0, 3, 6, None, "2026", '{"steps":20}')
JOB = ("k.1", "a", "v", 0, "high", "owned", "s", -1, 1, 2, "2026", "k", None)


def test_numbers_become_truths_and_words_kinds() -> None:
    row = rows.asset(ASSET)
    assert (row.kind, row.tier, row.gone, row.forked, row.stale) == (Kind.SHOT, Tier.LOW, False, True, False)
    assert row.parameters == {"steps": 20}
    bare = rows.asset((*ASSET[:5], None, None, None, None, None, *ASSET[10:16], None))
    assert (bare.tier, bare.parameters) == (None, {})


def test_a_job_without_owner_or_take() -> None:
    row = rows.job(JOB)
    assert (row.owner, row.take, row.key, row.votes) == ("s", None, 2.0, -1)
    assert rows.job((*JOB[:6], "", *JOB[7:])).owner is None


def test_what_nobody_wrote_is_no_row() -> None:
    with pytest.raises(ValueError, match="elephant"):
        rows.asset((*ASSET[:2], "elephant", *ASSET[3:]))
    with pytest.raises(Damaged):
        rows.document(("elephant/1",))
    with pytest.raises(Damaged):
        rows.decoded("v", "{}")
