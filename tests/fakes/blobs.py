"""A blob store in memory that passes the stores' contract suite; its disk can be full, and bytes in it can rot."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from engine.faults import NoSpace
from engine.recipe import FileDigest
from sync.blobs.store import damaged, digest_of, missing


class MemoryStore:
    """Keeps `room` bytes at most; `contents` may be written by a test to damage a blob, `aside` is the quarantine."""

    def __init__(self, room: int = sys.maxsize) -> None:
        self.room = room
        self.contents: dict[FileDigest, bytes] = {}
        self.aside: dict[FileDigest, bytes] = {}

    def put(self, data: bytes) -> FileDigest:
        digest = digest_of(data)
        if not self.verify(digest):
            if sum(map(len, self.contents.values())) + len(data) > self.room:
                raise NoSpace(f"there is no room for {len(data):,} bytes", "free some space, and ask again")
            self.contents[digest] = bytes(data)
        return digest

    def get(self, digest: FileDigest) -> bytes:
        if digest not in self.contents:
            raise missing(digest)
        if not self.verify(digest):
            raise damaged(digest, "memory")
        return self.contents[digest]

    def has(self, digest: FileDigest) -> bool:
        return digest in self.contents

    def size(self, digest: FileDigest) -> int:
        if digest not in self.contents:
            raise missing(digest)
        return len(self.contents[digest])

    def delete(self, digest: FileDigest) -> int:
        return len(self.contents.pop(digest, b""))

    def digests(self) -> Iterator[FileDigest]:
        yield from sorted(self.contents)

    def verify(self, digest: FileDigest) -> bool:
        if digest not in self.contents:
            return False
        if digest_of(self.contents[digest]) != digest:
            self.aside[digest] = self.contents.pop(digest)
            return False
        return True
