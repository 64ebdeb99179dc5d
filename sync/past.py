"""What the log holds of one document, in the form that arriving changes are judged against; grown, not read anew."""

from __future__ import annotations

from collections.abc import Sequence

from sync import guard
from sync.change import header


class Past:
    """A document's changes, oldest first, without its genesis.

    `seqs` is the last number of each actor, `ends` says for every change, genesis included, where its operations end;
    `last` is position, place and hash of the newest change, by which its index tells whether it still holds.
    """

    def __init__(self, genesis: Sequence[bytes]) -> None:
        self.changes: list[bytes] = []
        self.seqs: dict[bytes, int] = {}
        self.ends: dict[bytes, int] = {}
        self.last: tuple[int, int, bytes] | None = None
        self.size = 0
        for raw in genesis:
            one = header(raw)
            self.ends[one.hash] = guard.end(raw, one)

    def add(self, position: int, ordinal: int, raw: bytes) -> None:
        """The next change, of which the log says that it lies there."""
        one = header(raw)
        self.changes.append(raw)
        self.size += len(raw)
        self.seqs[one.actor] = max(self.seqs.get(one.actor, 0), one.seq)
        self.ends[one.hash] = guard.end(raw, one)
        self.last = position, ordinal, one.hash
