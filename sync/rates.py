"""How much one device may ask of another, in seconds and bytes, and buckets that keep count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one conversation; times in seconds."""

    handshake: float = 5.0
    handshake_bytes: int = 4096
    heartbeat: float = 2.0
    silence: float = 3.8
    """Noticed, told and shown it is four seconds."""
    hurry: float = 0.25
    """When a heartbeat is overdue, or the network has changed, this often is asked whether anybody is there."""
    doubt: float = 1.0
    """So long has the other side to answer after the network has changed."""
    anti_entropy: float = 60.0
    flush: float = 0.02
    settle: float = 1.0
    """This long after the last words both compare what they hold."""
    retry: float = 3.0
    """A question without an answer for so long is asked again."""
    check: float = 1.0
    check_again: float = 30.0
    bundles: float = 20.0
    bundles_burst: int = 200
    ahead: int = 1000
    """No bundle is taken in that is this far beyond what is here and was not asked for."""
    answer_bytes: int = 1 << 20
    message_bytes: int = 512 * 1024
    window: int = 2048
    push: int = 64
    words: float = 100.0
    words_burst: int = 1000
    presence: float = 10.0
    presence_burst: int = 20
    previews: float = 4.0
    previews_burst: int = 8


LIMITS: Final = Limits()


class Bucket:
    """So many a second on average, and so many at once."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = float(burst)
        self._at = now

    def take(self, count: float, now: float) -> bool:
        """Take so many out, if they are in it."""
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = max(self._at, now)
        if count > self._left:
            return False
        self._left -= count
        return True
