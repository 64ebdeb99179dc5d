"""Processes by id and start."""

from __future__ import annotations

import os
import subprocess
import sys

from sync import process


def test_this_process_runs() -> None:
    pid, start = process.own()
    assert pid == os.getpid()
    assert process.alive(pid, start)
    assert not process.alive(pid, start + "0")


def test_a_process_that_ended_does_not() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        start = process.started(child.pid)
        assert start is not None
        assert process.alive(child.pid, start)
    assert not process.alive(child.pid, start)
    assert process.started(2**22 + 1) is None
