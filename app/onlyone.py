"""One process at a time does something in a folder: whoever holds the file, until it lets go or dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Whether this process holds the file now; the operating system lets go of it for a process that dies."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _lock(file)
    finally:
        os.close(file)


@contextmanager
def place(folder: Path) -> Iterator[int]:
    """The smallest number that nobody else holds in the folder now; made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        for number in count():
            if stack.enter_context(held(folder / f"{number}.lock")):
                yield number
                return


if sys.platform == "win32":  # pragma: no cover

    def _lock(file: int) -> bool:
        import msvcrt

        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:

    def _lock(file: int) -> bool:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
