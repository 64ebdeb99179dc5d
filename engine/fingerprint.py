"""What a machine contributes to the pixels: the numerics profile, stored with each take and never in a recipe.

Measured: thread count, instruction set, oneDNN and library releases each change float bits and some 8-bit pixels
(PSNR ≥ 83 dB in fp32), so bit equality is promised only on equal fingerprints.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NewType

import rfc8785

FingerprintDigest = NewType("FingerprintDigest", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The numerics profile of one render; `batch` is always 1."""

    app: str
    torch: str
    diffusers: str
    transformers: str
    numpy: str
    device: str
    device_name: str
    driver: str
    threads: int
    instruction_set: str
    onednn: bool
    attention: str
    tf32: bool
    compiled: bool
    offload: str
    batch: int = 1

    @property
    def digest(self) -> FingerprintDigest:
        """The first 32 hexadecimal digits of the SHA-256 of the canonical profile; equal exactly on equal profiles."""
        return FingerprintDigest(hashlib.sha256(rfc8785.dumps(asdict(self))).hexdigest()[:32])

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Fingerprint:
        """Read a stored profile, ignoring fields that a later release added."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: one for name, one in value.items() if name in known})

    def to_json(self) -> dict[str, Any]:
        """The profile as plain JSON values."""
        return asdict(self)
