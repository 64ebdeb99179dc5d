"""SIGTERM is something to wait for."""

from __future__ import annotations

import os
import signal

from app.signals import sigterm


async def test_the_event_is_set_by_the_signal_and_the_old_ways_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with sigterm() as stopped:
        assert not stopped.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        await stopped.wait()
    assert signal.getsignal(signal.SIGTERM) == before
