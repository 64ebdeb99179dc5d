"""Ten thousand seeded stories of eight devices on a virtual network, played on all cores."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter

from tests.benchmarks.figure import Figure
from tests.sync.stories import Outcome, campaign

STORIES = 10_000
DEVICES = 8
CHUNK = 20


def measure(share: float) -> list[Figure]:
    """10,000 stories at full share; the seeds are the first ones, so that one that fails can be played again."""
    count = max(CHUNK, int(STORIES * share))
    start = time.monotonic()
    processes = min(os.cpu_count() or 1, count // CHUNK)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        told = [one for some in pool.imap_unordered(_played, range(0, count, CHUNK)) for one in some]
    seconds = time.monotonic() - start
    failed = sorted((one.seed, one.why) for one in told if not one.equal)
    drops = Counter(drop.split(" ")[0] for one in told for drop in one.drops)
    most = ", ".join(f"{code} {number:,}" for code, number in drops.most_common(6))
    failures = "; ".join(f"seed {seed}: {why}" for seed, why in failed[:5])
    return [
        Figure(what=f"stories of {DEVICES} devices that end with unequal contents", unit="stories", at_most=0,
               value=len(failed),
               note=failures or f"{len(told):,} stories: {sum(one.edits for one in told):,} edits, "
               f"{sum(one.messages for one in told):,} messages, {drops.total():,} conversations broken off ({most}); "
               f"the longest until all agreed took {max(one.seconds for one in told):.0f} s of its own time"),
        Figure(what="time of all stories", unit="s", at_most=600, value=seconds,
               note=f"{processes} processes; {1000 * processes * seconds / len(told):.0f} ms a story"),
    ]  # fmt: skip


def _played(first: int) -> list[Outcome]:
    return list(campaign(first, CHUNK, DEVICES))
