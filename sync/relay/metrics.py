"""What a relay counts, told in the Prometheus text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ABOUT: Final[Mapping[str, tuple[str, str]]] = {
    "connections": ("gauge", "Connections now."),
    "rooms": ("gauge", "Rooms with somebody in them."),
    "objects": ("gauge", "Objects kept."),
    "stored_bytes": ("gauge", "Bytes kept."),
    "waiting_bytes": ("gauge", "Bytes on their way to slow readers."),
    "visits_total": ("counter", "Connections so far."),
    "passed_total": ("counter", "Frames passed on."),
    "passed_bytes_total": ("counter", "Bytes passed on."),
    "put_total": ("counter", "Objects taken in."),
    "got_total": ("counter", "Objects given out."),
    "deleted_total": ("counter", "Objects deleted by those who put them."),
    "expired_total": ("counter", "Objects deleted for their age."),
    "refused_total": ("counter", "What was refused, by reason."),
    "throttled_seconds_total": ("counter", "Seconds for which visitors were made to wait."),
}
"""Every measure with its kind and what it says."""


@dataclass(slots=True)
class Metrics:
    """The counters of one relay."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    throttled: float = 0.0

    def text(self, gauges: Mapping[str, int]) -> str:
        """Everything in the Prometheus text format, version 0.0.4."""
        lines: list[str] = []
        for name, (kind, about) in ABOUT.items():
            full = f"restrike_relay_{name}"
            lines += [f"# HELP {full} {about}", f"# TYPE {full} {kind}"]
            if name == "refused_total":
                lines += [f'{full}{{reason="{one}"}} {n}' for one, n in sorted(self.refused.items())]
            elif name == "throttled_seconds_total":
                lines.append(f"{full} {self.throttled:.3f}")
            else:
                lines.append(f"{full} {gauges.get(name, self.counts[name])}")
        return "\n".join(lines) + "\n"
