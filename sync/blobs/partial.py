"""The beginning of a blob that is on its way, in the store's folder for unfinished files; it outlives its process.

The file holds the first bytes of the blob and nothing else, so its length says where to go on. It belongs to one
process at a time: its name says to which, and taking over that of a dead one is a rename.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.recipe import FileDigest
from sync import process
from sync.blobs.durable import room_for
from sync.blobs.folder import FolderStore
from sync.blobs.store import well_formed

PREFIX: Final = "part-"
KEPT: Final = 7 * 24 * 3600.0
"""Seconds after which a beginning that nobody went on with is deleted."""
_APART: Final = "-apart"
_READ: Final = 1024 * 1024


class Partial:
    """The first `size` bytes of a blob; the methods block, for a thread."""

    def __init__(self, store: FolderStore, digest: FileDigest) -> None:
        if not well_formed(digest):
            raise ValueError(f"{digest!r:.80} is no digest")
        self.digest = digest
        self._store = store
        self._folder = store.unfinished
        pid, start = process.own()
        self.file = self._folder / f"{PREFIX}{digest}-{pid}-{start}-{secrets.token_hex(4)}"
        self._free = self._folder / f"{PREFIX}{digest}"
        self._hash = hashlib.sha256()
        self.size = 0
        self._claim()

    def append(self, parts: Iterable[bytes]) -> None:
        """Write bytes that continue those that are there; raises `NoSpace`."""
        with room_for("a picture from another device"), self.file.open("r+b") as file:
            file.seek(self.size)
            for data in parts:
                file.write(data)
                self._hash.update(data)
                self.size += len(data)

    def finish(self) -> bool:
        """Put the blob into the store, durable when this returns; false when its bytes are not those of its name."""
        if self._hash.hexdigest() != self.digest:
            return False
        with room_for("a picture from another device"):
            with self.file.open("r+b") as file:
                file.truncate(self.size)
                os.fsync(file.fileno())
            self._store.adopt(self.file, self.digest)
        return True

    def restart(self) -> None:
        """Begin anew with nothing."""
        self._hash = hashlib.sha256()
        self.size = 0
        with self.file.open("wb"):
            pass

    def set_apart(self) -> Path:
        """Move what is there away, to compare it later, and begin anew with nothing."""
        apart = self.file.with_name(f"{self.file.name}{_APART}")
        os.replace(self.file, apart)
        self.restart()
        return apart

    def release(self) -> None:
        """Leave what is there to whoever goes on with it."""
        with suppress(FileNotFoundError):
            if self.size:
                os.replace(self.file, self._free)
            else:
                self.file.unlink()

    def drop(self) -> None:
        """Delete what is there."""
        self.file.unlink(missing_ok=True)

    def _claim(self) -> None:
        """Take over what an earlier transfer left, hashing it, or begin with nothing."""
        for one in self._left():
            try:
                os.replace(one, self.file)
            except FileNotFoundError:  # another process was faster
                continue
            with self.file.open("rb") as file:
                while data := file.read(_READ):
                    self._hash.update(data)
                    self.size += len(data)
            return
        with room_for("a picture from another device"):
            self.restart()

    def _left(self) -> list[Path]:
        found = [self._free, *self._folder.glob(f"{self._free.name}-*")]
        usable = [one for one in found if one.is_file() and _is_free(one)]
        return sorted(usable, key=lambda one: one.stat().st_size, reverse=True)


def sweep(folder: Path, older_than: float) -> int:
    """Delete beginnings last written before `older_than` (seconds since 1970); how many there were."""
    swept = 0
    for one in folder.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):
            if one.stat().st_mtime < older_than and _is_free(one, apart=True):
                one.unlink()
                swept += 1
    return swept


def differs(one: Path, other: Path, start: int, stop: int) -> bool:
    """Whether two files have other bytes from `start` to before `stop`."""
    with one.open("rb") as first, other.open("rb") as second:
        first.seek(start)
        second.seek(start)
        while start < stop:
            length = min(_READ, stop - start)
            if first.read(length) != second.read(length):
                return True
            start += length
    return False


def _is_free(file: Path, *, apart: bool = False) -> bool:
    """Whether no living process has a beginning; one that is set apart is only good to be deleted."""
    if file.name.endswith(_APART) and not apart:
        return False
    _digest, _, owner = file.name.removeprefix(PREFIX).partition("-")
    pid, start, *_ = (*owner.split("-"), "")
    return not pid.isdigit() or not process.alive(int(pid), start)
