"""The challenge: nobody is let into a room, and nothing is passed on or kept, before a key has signed a fresh nonce."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sync.identity import Random
from sync.relay import names
from sync.relay.frames import VERSION, Challenge, Prove

NONCE_BYTES: Final = 32


@dataclass(slots=True)
class Asked:
    """A challenge that may be answered once, until `until`."""

    nonce: bytes
    until: float
    _open: bool = True

    @classmethod
    def fresh(cls, random: Random, until: float) -> Asked:
        """A challenge that nobody has seen before."""
        return cls(random(NONCE_BYTES), until)

    @property
    def frame(self) -> Challenge:
        """What the visitor is told."""
        return Challenge(VERSION, self.nonce)

    def answered(self, proof: Prove, now: float) -> bool:
        """Whether this is the answer: in time, the first one, and by the key that it names."""
        first, self._open = self._open, False
        if not first or now > self.until:
            return False
        return names.proved(proof.public, proof.signature, self.nonce, proof.room, proof.card)
