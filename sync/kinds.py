"""The few words that records choose from; a module of their own, for front ends name them before they know a record."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What an asset is."""

    CHARACTER = "character"
    STYLE = "style"
    ENVIRONMENT = "environment"
    PROP = "prop"
    SHOT = "shot"


class Tier(StrEnum):
    """How good and how urgent a render is; ordered from low to high by `Tier.rank`."""

    LOW = "low"
    STANDARD = "standard"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low, 1 for standard, 2 for high: of several tiers asked for, the strongest governs."""
        return list(Tier).index(self)


class Grade(StrEnum):
    """How well a take regenerates (the contract's class)."""

    R0 = "R0"
    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    UNPROVED = "unproved"
