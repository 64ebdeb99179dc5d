"""The records themselves."""

from __future__ import annotations

import dataclasses

import pytest

from sync import records
from sync.records import AssetId, Kind, Link, Tier


def test_records_are_frozen_and_have_no_dict() -> None:
    for one in vars(records).values():
        if isinstance(one, type) and dataclasses.is_dataclass(one):
            assert not hasattr(one, "__dict__") or "__slots__" in vars(one)
    link = Link(asset=AssetId("a"), role="style")
    with pytest.raises(dataclasses.FrozenInstanceError):
        link.role = "other"  # type: ignore[misc]


def test_tiers_are_ordered() -> None:
    assert sorted(Tier, key=lambda one: one.rank) == [Tier.LOW, Tier.STANDARD, Tier.HIGH]
    assert Kind("shot") is Kind.SHOT
