"""Blobs in a folder of this machine: `ROOT/ab/abcdef…`, read-only files named by their SHA-256.

`ROOT/tmp` holds what is being written, `ROOT/damaged` what was found damaged. Any number of processes may use one
folder at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.recipe import FileDigest
from sync.blobs import shelf
from sync.blobs.durable import READ_ONLY, make_folder, room_for, sweep, sync_folder, write_whole
from sync.blobs.store import damaged, digest_of, missing, well_formed

STRAY_SECONDS: Final = 3600.0
"""A file in `tmp` that is older was left by a process that died: no put takes an hour."""

Sight = tuple[int, int, int]


class FolderStore:
    """A `BlobStore` in the folder `root`, which is made when it is missing."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self.root = root
        self._tmp = root / "tmp"
        self._damaged = root / "damaged"
        self._verified: dict[str, Sight] = {}
        with room_for("the folder of the pictures"):
            root.mkdir(parents=True, exist_ok=True)
            make_folder(self._tmp)
            make_folder(self._damaged)
        sweep(self._tmp, clock() - STRAY_SECONDS)

    def put(self, data: bytes) -> FileDigest:
        """Keep `data`; see `BlobStore.put`."""
        digest = digest_of(data)
        if self._whole(digest, len(data)):
            return digest
        place = self._place(digest)
        with room_for(f"{len(data):,} bytes"):
            make_folder(place.parent)
            write_whole(place, data, self._tmp)
        if (sight := self._seen(digest)) is not None:
            self._verified[digest] = sight
        return digest

    @property
    def unfinished(self) -> Path:
        """The folder for files that are on their way into the store."""
        return self._tmp

    def adopt(self, file: Path, digest: FileDigest) -> None:
        """Keep a flushed file in `unfinished` whose bytes were found to be those of `digest`; durable on return."""
        place, size = self._place(digest), file.stat().st_size
        if self._whole(digest, size):
            file.unlink()
            return
        with room_for(f"{size:,} bytes"):
            make_folder(place.parent)
            os.chmod(file, READ_ONLY)
            os.replace(file, place)
        sync_folder(place.parent)
        if (sight := self._seen(digest)) is not None:
            self._verified[digest] = sight

    def get(self, digest: FileDigest) -> bytes:
        """The verified bytes; see `BlobStore.get`."""
        if not well_formed(digest):
            raise missing(digest)
        try:
            with self._place(digest).open("rb") as file:
                sight = _sight(os.fstat(file.fileno()))
                data = file.read()
        except FileNotFoundError as error:
            self._verified.pop(digest, None)
            raise missing(digest) from error
        if digest_of(data) != digest:
            raise damaged(digest, str(self._set_aside(digest, sight)))
        self._verified[digest] = sight
        return data

    def has(self, digest: FileDigest) -> bool:
        """Whether bytes of that name are there, without reading them."""
        return well_formed(digest) and self._place(digest).is_file()

    def size(self, digest: FileDigest) -> int:
        """How many bytes are there; raises `NotFound`."""
        sight = self._seen(digest)
        if sight is None:
            raise missing(digest)
        return sight[0]

    def delete(self, digest: FileDigest) -> int:
        """Delete the bytes and say how many they were; the space is free once no hard link holds them either."""
        sight = self._seen(digest)
        self._verified.pop(digest, None)
        if sight is None:
            return 0
        place = self._place(digest)
        with suppress(FileNotFoundError):
            place.unlink()
        sync_folder(place.parent)
        return sight[0]

    def digests(self) -> Iterator[FileDigest]:
        """The names of all that is kept, ascending."""
        for folder in sorted(entry.name for entry in os.scandir(self.root) if len(entry.name) == 2):
            for name in sorted(os.listdir(self.root / folder)):
                if well_formed(name) and name.startswith(folder):
                    yield FileDigest(name)

    def verify(self, digest: FileDigest) -> bool:
        """Read and compare now; see `BlobStore.verify`."""
        sight = self._seen(digest)
        if sight is None:
            return False
        self._verified.pop(digest, None)
        return self._whole(digest, sight[0])

    def path(self, digest: FileDigest) -> Path:
        """The file, its content verified since it last changed; raises `NotFound` or `Damaged`. Never write to it."""
        sight = self._seen(digest)
        if sight is None or self._verified.get(digest) != sight:
            self.get(digest)
        return self._place(digest)

    def link(self, digest: FileDigest, target: Path, *, inside: Path, replace: bool = False) -> None:
        """Put the bytes under the name `target` in the folder `inside`, read-only and in one step; see `shelf.put`."""
        source = self.path(digest)
        with room_for(f"the file {target.name}"):
            shelf.put(source, digest, target, inside=inside, scratch=self._tmp, replace=replace)

    def unlink(self, digest: FileDigest, target: Path, *, inside: Path) -> bool:
        """Remove the name `target` if it still holds these very bytes; false when it holds others, or is not there."""
        return shelf.take_away(digest, target, inside=inside)

    def _place(self, digest: str) -> Path:
        return self.root / digest[:2] / digest

    def _seen(self, digest: FileDigest) -> Sight | None:
        if not well_formed(digest):
            return None
        try:
            return _sight(os.stat(self._place(digest)))
        except FileNotFoundError:
            return None

    def _whole(self, digest: FileDigest, size: int) -> bool:
        """Whether the right bytes are there, read once for each time the file changed; what is wrong is set aside."""
        sight = self._seen(digest)
        if sight is None:
            return False
        if self._verified.get(digest) == sight:
            return True
        place = self._place(digest)
        try:
            right = sight[0] == size and digest_of(place.read_bytes()) == digest
        except FileNotFoundError:
            return False
        if not right:
            self._set_aside(digest, sight)
            return False
        sync_folder(place.parent)  # whoever wrote it may have died before the name was flushed
        self._verified[digest] = sight
        return True

    def _set_aside(self, digest: FileDigest, sight: Sight) -> Path:
        """Move the damaged file away under its digest, unless somebody has put a good one there meanwhile."""
        self._verified.pop(digest, None)
        aside = self._damaged / digest
        number = 1
        while aside.exists():
            number += 1
            aside = self._damaged / f"{digest}-{number}"
        if self._seen(digest) == sight:
            with suppress(FileNotFoundError):
                os.replace(self._place(digest), aside)
                sync_folder(self._damaged)
        return aside


def _sight(stat: os.stat_result) -> Sight:
    """What of a file changes when its content does, as far as one can see without reading it."""
    return stat.st_size, stat.st_mtime_ns, stat.st_ino
