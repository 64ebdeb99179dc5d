"""Marks and figures of the terminal, readable without colour and the same in every command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

GRADES: Final = {"R0": "●✓ R0", "R1": "○✓ R1", "R2": "○~ R2", "R3": "⊘  R3", "unproved": "◌  unproved"}
TIERS: Final = {"low": "▂   low", "standard": "▂▄  standard", "high": "▂▄▆ high"}
STATES: Final = {
    "pending": "○ pending",
    "owned": "◎ owned",
    "running": "◑ running",
    "finished": "● finished",
    "cancelled": "– cancelled",
    "failed": "✕ failed",
}
_SIZES: Final = ("B", "kB", "MB", "GB", "TB")


def grade(value: Mapping[str, Any]) -> str:
    """A take's class with its mark."""
    return GRADES.get(str(value.get("class")), str(value.get("class")))


def size(count: float) -> str:
    """Bytes in decimal units with three digits, such as `5.42 kB`."""
    amount = float(count)
    for unit in _SIZES:
        if amount < 999.5 or unit == _SIZES[-1]:
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.95 else f"{amount:.3g} {unit}"


def duration(seconds: float | None) -> str:
    """A span of time as people say it: `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")


def day(time: str) -> str:
    """A stored time to the minute, in the clock of this machine."""
    from datetime import datetime

    return datetime.fromisoformat(time.replace("Z", "+00:00")).astimezone().strftime("%Y-%m-%d %H:%M")


def short(digest: str | None, length: int = 12) -> str:
    """The beginning of a digest or key, long enough to tell by eye."""
    return (digest or "–")[:length]


def one_value(value: Any) -> str:
    """A field's value on one line."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(one_value(one) for one in value) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={one_value(one)}" for name, one in value.items()) or "–"
    return " ".join(str(value).split())
