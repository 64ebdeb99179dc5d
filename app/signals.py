"""Being told to end: SIGTERM as something to wait for."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def sigterm() -> Iterator[asyncio.Event]:
    """An event that SIGTERM sets, where the system has it; Ctrl-C interrupts as everywhere."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, stopped.set)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield stopped
        return
    try:
        yield stopped
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
