"""What the log holds of one document, in the form that arriving changes are judged against; grown, not read anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sync import guard
from sync.change import header


class Ends(Mapping[bytes, int]):
    """Where the operations of changes end, by their hashes; counted when asked, for few are ever depended on again."""

    def __init__(self) -> None:
        self._found: dict[bytes, bytes | int] = {}

    def __getitem__(self, digest: bytes) -> int:
        found = self._found[digest]
        if isinstance(found, bytes):
            found = self._found[digest] = guard.end(found, header(found))
        return found

    def __contains__(self, digest: object) -> bool:
        return digest in self._found

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def add(self, digest: bytes, raw: bytes) -> None:
        """A change of that hash."""
        self._found[digest] = raw


class Past:
    """A document's changes, oldest first, without its genesis.

    `seqs` is the last number of each actor, `ends` says for every change, genesis included, where its operations end;
    `last` is position, place and hash of the newest change, by which its index tells whether it still holds.
    """

    def __init__(self, genesis: Sequence[bytes]) -> None:
        self.changes: list[bytes] = []
        self.seqs: dict[bytes, int] = {}
        self.ends = Ends()
        self.last: tuple[int, int, bytes] | None = None
        self.size = 0
        for raw in genesis:
            self.ends.add(header(raw).hash, raw)

    def add(self, position: int, ordinal: int, raw: bytes) -> None:
        """The next change, of which the log says that it lies there."""
        one = header(raw)
        self.changes.append(raw)
        self.size += len(raw)
        self.seqs[one.actor] = max(self.seqs.get(one.actor, 0), one.seq)
        self.ends.add(one.hash, raw)
        self.last = position, ordinal, one.hash
