"""What every blob store promises; each passes `tests/contracts/test_blobs.py`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final, Protocol

from engine.faults import Damaged, NotFound
from engine.recipe import FileDigest

FORM: Final = re.compile(r"[0-9a-f]{64}")


class BlobStore(Protocol):
    """Immutable bytes by their SHA-256. A digest of another form names nothing, so it is simply not there."""

    def put(self, data: bytes) -> FileDigest:
        """Keep `data`, durable before this returns; raises `NoSpace` and leaves nothing behind when it does not fit.

        Bytes that are there already cost little, and are written anew when they were found damaged.
        """
        ...

    def get(self, digest: FileDigest) -> bytes:
        """The bytes, verified; raises `NotFound`, or `Damaged` after setting aside what was there instead."""
        ...

    def has(self, digest: FileDigest) -> bool:
        """Whether bytes of that name are there, without reading them."""
        ...

    def size(self, digest: FileDigest) -> int:
        """How many bytes are there; raises `NotFound`."""
        ...

    def delete(self, digest: FileDigest) -> int:
        """Delete the bytes for good and say how many were there; 0 when there were none."""
        ...

    def digests(self) -> Iterator[FileDigest]:
        """The names of all that is kept, ascending."""
        ...

    def verify(self, digest: FileDigest) -> bool:
        """Read and compare now; false when it is not there, or was damaged and has been set aside."""
        ...


def digest_of(data: bytes) -> FileDigest:
    """The name of `data`: its SHA-256 as 64 hexadecimal digits."""
    return FileDigest(hashlib.sha256(data).hexdigest())


def well_formed(digest: str) -> bool:
    """Whether `digest` can be the name of a blob; ask before one from outside becomes part of a path."""
    return FORM.fullmatch(digest) is not None


def missing(digest: str) -> NotFound:
    """The fault of a blob that is not there."""
    return NotFound(
        f"the bytes {digest[:16]}… are not here", "`restrike storage fetch` brings a picture back"
    )


def damaged(digest: str, where: str) -> Damaged:
    """The fault of a blob that was not what its name says and now lies at `where`."""
    return Damaged(
        f"the stored bytes {digest[:16]}… are damaged and were set aside in {where}",
        "`restrike storage fetch` brings the picture back by rendering it again",
    )
