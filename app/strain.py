"""Whether somebody else needs this machine just now: another program on the GPU, or a busy processor.

A polite worker begins nothing new while it is so. The GPU is asked by `nvidia-smi`; without one the processor time of
all other programs counts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Final

GPU_BYTES: Final = 1 << 30
"""Memory on the GPU that other programs may hold; windows and browsers hold some always."""
CPU_SHARE: Final = 0.5
"""Share of all cores that other programs may use."""
CALM: Final = 15.0
"""Seconds of calm after which the worker goes on."""
EVERY: Final = 5.0

Look = Callable[[], str | None]
"""Says who needs the machine, None when nobody does."""


class Strain:
    """Looks every few seconds of `now`; `look` is how."""

    def __init__(self, look: Look, now: Callable[[], float]) -> None:
        self._look = look
        self._now = now
        self._looked = float("-inf")
        self._last: tuple[str, float] | None = None

    def reason(self) -> str | None:
        """Who needs the machine, now or a moment ago; None when it is free."""
        now = self._now()
        if now - self._looked >= EVERY:
            self._looked = now
            found = self._look()
            if found is not None:
                self._last = found, now
        if self._last is not None and now - self._last[1] < CALM:
            return self._last[0]
        return None


def on_gpu(number: int = 0) -> Look:
    """Looks at the programs on a GPU that are none of ours."""
    program = shutil.which("nvidia-smi")

    def look() -> str | None:
        if program is None:
            return None
        asked = "--query-compute-apps=pid,used_memory,process_name"
        command = [program, f"--id={number}", asked, "--format=csv,noheader,nounits"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return _strange(done.stdout, own_processes())

    return look


def _strange(listing: str, own: frozenset[int]) -> str | None:
    """The program of others that holds most of the GPU's memory, if that is much."""
    found: list[tuple[int, str]] = []
    for line in listing.splitlines():
        pid, used, name = ([part.strip() for part in line.split(",", 2)] + ["", "", ""])[:3]
        if pid.isdigit() and int(pid) not in own and used.isdigit() and int(used) << 20 >= GPU_BYTES:
            found.append((int(used), os.path.basename(name) or f"process {pid}"))
    return f"{max(found)[1]} uses the GPU" if found else None


def on_processor() -> Look:
    """Looks at how much of the processor other programs use, from one look to the next."""
    import psutil

    before: tuple[float, float, float] | None = None

    def look() -> str | None:
        nonlocal before
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        total, mine = sum(times[: len(times)]), _own_seconds()
        last, before = before, (total, idle, mine)
        if last is None or total <= last[0]:
            return None
        used = (total - last[0]) - (idle - last[1]) - max(0.0, mine - last[2])
        share = used / (total - last[0])
        return f"other programs use {share:.0%} of the processor" if share > CPU_SHARE else None

    return look


def own_processes() -> frozenset[int]:
    """This process and what it started."""
    import psutil

    own = psutil.Process()
    return frozenset([own.pid, *(child.pid for child in own.children(recursive=True))])


def _own_seconds() -> float:
    import psutil

    total = 0.0
    for pid in own_processes():
        try:
            used = psutil.Process(pid).cpu_times()
        except psutil.Error:
            continue
        total += used.user + used.system
    return total
