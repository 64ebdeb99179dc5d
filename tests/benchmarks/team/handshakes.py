"""Negative handshakes: how many ways in that are none are refused, and each with its own reason."""

from __future__ import annotations

from tests.benchmarks.figure import Figure
from tests.sync.intruders import CASES, refused

KINDS = 20


def measure(share: float) -> list[Figure]:
    """Try every way in; a share leaves none out, for all of them take a second."""
    found = {name: refused(name) for name in CASES}
    right = [name for name, code in found.items() if code == CASES[name][1]]
    wrong = [name for name in found if name not in right]
    reasons = {CASES[name][1] for name in right}
    return [
        Figure(
            what="negative handshakes: ways in that are refused with their reason",
            value=len(right),
            unit="kinds",
            at_least=max(KINDS, len(CASES)),
            note=f"of {len(CASES)}, for {len(reasons)} different reasons"
            + (f"; not: {', '.join(wrong)}" if wrong else ""),
        ),
        Figure(
            what="negative handshakes: different reasons", value=len(reasons), unit="reasons", at_least=KINDS
        ),
    ]
