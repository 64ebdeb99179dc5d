"""Small bundles in a row, deflated together: a log that grows by one fact at a time takes a third of the space.

A block holds bundles of neighbouring positions, each as its distance from the first position, signature, length and
body, unchanged, so that nothing about signatures or chains depends on it. Deflate finds in it what the bundles share:
ids, keys and digests that a wish, its claim, its take and its proof all name.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from engine.faults import Damaged
from sync import log
from sync.log import Bundle
from sync.records import LogId
from sync.words import DICTIONARY

BUNDLES: Final = 32
BODIES: Final = 64 * 1024
"""A block is full with this many bundles, or this many bytes of them before deflating."""


def encode(bundles: Sequence[tuple[int, Bundle]]) -> bytes:
    """A block of bundles with their positions, ascending."""
    first = bundles[0][0]
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    parts = []
    for position, bundle in bundles:
        head = (position - first).to_bytes(4, "big") + len(bundle.body).to_bytes(4, "big")
        parts.append(squeeze.compress(head + bundle.signature + bundle.body))
    return b"".join(parts) + squeeze.flush()


@dataclass(frozen=True)
class Piece:
    """A bundle in a block, as yet unread."""

    body: bytes
    signature: bytes

    def bundle(self) -> Bundle:
        """The bundle; raises `Damaged` when it cannot be read."""
        return log.parse(self.body, self.signature)

    @cached_property
    def place(self) -> tuple[LogId, int]:
        """Its log, and its number there; raises `Damaged`."""
        return log.placed(self.body)


def decode(first: int, data: bytes) -> list[tuple[int, Bundle]]:
    """The bundles of the block that begins at position `first`; raises `Damaged` when it is not whole."""
    return [(position, one.bundle()) for position, one in split(first, data)]


def split(first: int, data: bytes) -> list[tuple[int, Piece]]:
    """What lies in the block that begins at position `first`; raises `Damaged` when it is not whole."""
    squeeze = zlib.decompressobj(15, DICTIONARY)
    try:
        contents = squeeze.decompress(data, 2 * BODIES + log.LARGEST)
    except zlib.error as error:
        raise Damaged(
            f"a block of bundles cannot be read: {error}", "open the project again to salvage it"
        ) from error
    if not squeeze.eof:
        raise Damaged("a block of bundles is not whole", "open the project again to salvage it")
    found = []
    at = 0
    while at < len(contents):
        position = first + int.from_bytes(contents[at : at + 4], "big")
        end = at + 72 + int.from_bytes(contents[at + 4 : at + 8], "big")
        found.append((position, Piece(contents[at + 72 : end], contents[at + 8 : at + 72])))
        at = end
    return found
