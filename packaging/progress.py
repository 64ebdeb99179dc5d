"""The steps of a set-up: one line each with its seconds, their output in a log, and only one set-up at a time."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, Sequence, TextIO

CAUSES = (
    ("No space left on device", "The disk is full: PyTorch and the libraries need about 2 GB."),
    (
        "No matching distribution found",
        "No release fits this machine, or the package index cannot be reached.",
    ),
    ("ResolutionImpossible", "No releases fit together here, or the package index cannot be reached."),
    ("Temporary failure in name resolution", "The package index cannot be reached; is there a network?"),
    ("Connection", "The connection to the package index broke; try again."),
)
SHOWN_LINES = 15


class SetupFailed(Exception):
    """The environment cannot be made; the text says why and what to do."""


class Progress:
    """Runs the steps; `lock` is handed down, so that a step outliving a killed set-up still keeps others out."""

    def __init__(self, log: TextIO, lock: int) -> None:
        self.log = log
        self.lock = lock

    def run(self, label: str, command: Sequence[str], folder: Path | None = None) -> None:
        """One step; raises `SetupFailed` with the end of the log when the command fails."""
        self.log.write(f"\n$ {' '.join(command)}\n")
        self.log.flush()
        begin = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PIP_USER": "0"},  # a person's `user = true` has no meaning in an environment
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            pass_fds=() if sys.platform == "win32" else (self.lock,),
        )
        status = self._watch(process, label, begin)
        line = f"{label}: {time.monotonic() - begin:.0f} s"
        if status:
            show(f"{line}, failed", last=True)
            raise SetupFailed(explain(Path(self.log.name)))
        show(line, last=True)

    def _watch(self, process: subprocess.Popen[bytes], label: str, begin: float) -> int:
        while True:
            if sys.stderr.isatty():
                show(f"{label} … {time.monotonic() - begin:.0f} s", last=False)
            try:
                return process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                continue


def show(text: str, last: bool) -> None:
    """Write one step's line over the one before; on a terminal it is rewritten each second."""
    start, end = ("\r\x1b[K  ", "\n" if last else "") if sys.stderr.isatty() else ("  ", "\n")
    print(f"{start}{text}", end=end, file=sys.stderr, flush=True)


def explain(log: Path) -> str:
    """The end of the log, and what it probably means."""
    text = log.read_text(encoding="utf-8", errors="replace")
    causes = [sentence for sign, sentence in CAUSES if sign in text][:1]
    shown = "\n".join(f"    {line}" for line in text.splitlines()[-SHOWN_LINES:])
    return "\n".join(
        [shown, "", *causes, f"The whole log: {log}. Once it is mended, run the same line again."]
    )


@contextlib.contextmanager
def alone(path: Path) -> Iterator[int]:
    """Hold the lock on `path`, waiting for whoever has it; the system frees it when its last holder ends."""
    lock = os.open(str(path), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _take(lock, wait=False):
            show(
                "Another set-up, or the last step of one cut short, is at work here; waiting for it.",
                last=True,
            )
            while not _take(lock, wait=True):
                continue
        yield lock
    finally:
        os.close(lock)


if sys.platform == "win32":
    import msvcrt

    def _take(lock: int, wait: bool) -> bool:
        try:
            msvcrt.locking(lock, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(lock: int, wait: bool) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
