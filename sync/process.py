"""Processes of this machine by id and start time, so that a session of a killed one is known to be over."""

from __future__ import annotations

import os
from pathlib import Path


def started(pid: int) -> str | None:
    """When the process started, as an opaque text that no later process of the same id shares; None when none runs."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            after_name = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if after_name[0] in "ZX" else after_name[19]
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def own() -> tuple[int, str]:
    """This process's id and start."""
    return os.getpid(), started(os.getpid()) or ""


def alive(pid: int, start: str) -> bool:
    """Whether the process of that id and start still runs."""
    return started(pid) == start
