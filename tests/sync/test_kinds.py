"""Tiers have an order."""

from sync.kinds import Tier


def test_of_several_tiers_the_strongest_governs() -> None:
    assert max(Tier, key=lambda one: one.rank) is Tier.HIGH
    assert [one.rank for one in (Tier.LOW, Tier.STANDARD, Tier.HIGH)] == [0, 1, 2]
