"""Buckets that keep count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.rates import LIMITS, Bucket


@given(st.lists(st.tuples(st.floats(-1, 3), st.integers(0, 9)), max_size=40))
def test_no_more_is_taken_than_runs_in(steps: list[tuple[float, int]]) -> None:
    bucket = Bucket(4.0, 10, 0.0)
    now = latest = taken = 0.0
    for wait, count in steps:
        now += wait
        latest = max(latest, now)
        if bucket.take(count, now):
            taken += count
        assert taken <= 10 + 4.0 * latest + 1e-6


def test_the_bounds_are_those_of_the_design() -> None:
    assert (LIMITS.handshake, LIMITS.handshake_bytes, LIMITS.heartbeat, LIMITS.silence) == (
        5.0,
        4096,
        2.0,
        3.8,
    )
    assert (LIMITS.bundles, LIMITS.bundles_burst, LIMITS.presence, LIMITS.previews) == (20.0, 200, 10.0, 4.0)
    assert (LIMITS.anti_entropy, LIMITS.flush) == (60.0, 0.02)
