"""Buckets, and whose they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.relay.quotas import Allowances, Bucket, Limits, network


def test_a_bucket_lets_a_burst_through_and_then_makes_one_wait() -> None:
    bucket = Bucket(10.0, 20.0, 0.0)
    assert [bucket.take(1, 0.0) for _ in range(20)] == [0.0] * 20
    assert bucket.take(1, 0.0) == pytest.approx(0.1)
    assert bucket.take(1, 0.2) == 0.0


def test_what_is_spared_is_never_owed() -> None:
    bucket = Bucket(1.0, 10.0, 0.0)
    assert bucket.spare(8, 0.0)
    assert not bucket.spare(8, 0.0)
    assert bucket.spare(2, 0.0)
    assert bucket.spare(8, 8.0)


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 5)), max_size=50))
def test_nobody_gets_more_than_the_burst_and_the_rate(taken: list[tuple[float, float]]) -> None:
    bucket, now, total = Bucket(3.0, 7.0, 0.0), 0.0, 0.0
    for count, later in taken:
        now += later
        if bucket.spare(count, now):
            total += count
        assert total <= 7.0 + 3.0 * now + 1e-6


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = Bucket(1.0, 5.0, 100.0)
    assert bucket.spare(5, 100.0)
    assert not bucket.spare(1, 50.0)
    assert not bucket.spare(1, 100.5)


def test_idle_addresses_are_forgotten_and_used_ones_are_not() -> None:
    now = 0.0
    known: Allowances[int] = Allowances(Limits(), lambda: now, most=50)
    first = known.of(0)
    first.connections = 1
    for number in range(1, 1000):
        known.of(number).messages.take(5000, now)
    assert len(known) <= 52
    assert known.of(0) is first


@pytest.mark.parametrize(
    ("host", "forwarded", "found"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("::ffff:203.0.113.7", None, "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", None, "fe80::/64"),
        ("local", None, "local"),
    ],
)
def test_whose_allowance_it_is(host: str, forwarded: str | None, found: str) -> None:
    assert network(host, forwarded) == found
