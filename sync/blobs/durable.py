"""Bytes onto a disk so that they stay there: whole or not at all, flushed before anybody is told."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from engine.faults import NoSpace

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
READ_ONLY: Final = 0o444
UNFINISHED: Final = ".restrike-"
"""How the name of every unfinished file begins."""


@contextmanager
def room_for(what: str) -> Iterator[None]:
    """Turn the errors of a full disk, an exhausted quota or a file-size limit into `NoSpace`."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise NoSpace(
            f"there is no room for {what}: {os.strerror(error.errno or 0).lower()}",
            "free some space, for example with `restrike storage drop`, and ask again",
        ) from error


def write_whole(target: Path, data: bytes, scratch: Path) -> None:
    """Make `target` hold `data`, read-only, replacing what was there in one step; durable when this returns.

    `scratch` is a folder of the same file system; what a killed process leaves there is for `sweep`.
    """
    descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=scratch)
    try:
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.chmod(name, READ_ONLY)
        os.replace(name, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    sync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Make `folder`, whose parent exists, and have its name survive a power cut; nothing when it is there."""
    try:
        folder.mkdir()
    except FileExistsError:
        return
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names in `folder`; Windows flushes them with the files and cannot open a folder for it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(scratch: Path, older_than: float) -> int:
    """Delete the unfinished files in `scratch` from before `older_than` (seconds since 1970); how many there were."""
    swept = 0
    for entry in list(os.scandir(scratch)):
        if not entry.name.startswith(UNFINISHED):
            continue
        with suppress(FileNotFoundError):  # another process sweeps too, or the file's writer is done with it
            stat = entry.stat(follow_symlinks=False)
            if (
                max(stat.st_mtime, stat.st_ctime) < older_than
            ):  # a link is as old as its blob, but changed just now
                os.unlink(entry.path)
                swept += 1
    return swept
