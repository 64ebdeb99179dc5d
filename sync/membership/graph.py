"""Entries with their pasts: who had seen what, as sets of bits, and one order that all who hold the same agree on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sync.membership.entry import Entry


@dataclass(frozen=True)
class Graph:
    """Entries whose whole past is known, after their parents; `pasts` are sets of their numbers, as bits.

    `heads` are the hashes of those that no other names as parent.
    """

    entries: tuple[Entry, ...]
    pasts: tuple[int, ...]
    heads: tuple[bytes, ...]

    @property
    def everything(self) -> int:
        """The set of all entries."""
        return (1 << len(self.entries)) - 1

    def saw(self, later: int, earlier: int) -> bool:
        """Whether one entry's author had seen another entry."""
        return bool(self.pasts[later] >> earlier & 1)

    def apart(self, one: int, other: int) -> bool:
        """Whether neither author had seen the other's entry."""
        return one != other and not self.saw(one, other) and not self.saw(other, one)


def graph(entries: Iterable[Entry]) -> Graph:
    """The graph of entries; those that name an unknown one, directly or not, are left out until it comes.

    The size of its past orders the entries, for a past holds its parents' pasts; of equal ones the hash does.
    """
    known = {one.hash: one for one in entries}
    sizes: dict[bytes, int] = {}
    bits: dict[bytes, int] = {}
    places: dict[bytes, int] = {}
    for one in _after_parents(known):
        past = 0
        for parent in one.parents:
            past |= bits[parent] | 1 << places[parent]
        places[one.hash] = len(places)
        bits[one.hash] = past
        sizes[one.hash] = past.bit_count()
    order = sorted(sizes, key=lambda one: (sizes[one], one))
    numbers = {digest: number for number, digest in enumerate(order)}
    pasts: list[int] = []
    for digest in order:
        past = 0
        for parent in known[digest].parents:
            past |= pasts[numbers[parent]] | 1 << numbers[parent]
        pasts.append(past)
    named = {parent for digest in order for parent in known[digest].parents}
    heads = tuple(sorted(digest for digest in order if digest not in named))
    return Graph(tuple(known[digest] for digest in order), tuple(pasts), heads)


def _after_parents(known: dict[bytes, Entry]) -> Iterable[Entry]:
    """Entries after their parents, without those whose parents are not all known."""
    lacking = {digest: len(set(one.parents)) for digest, one in known.items()}
    children: dict[bytes, list[bytes]] = {}
    for digest, one in known.items():
        for parent in set(one.parents):
            children.setdefault(parent, []).append(digest)
    ready = [digest for digest, count in lacking.items() if not count]
    while ready:
        digest = ready.pop()
        yield known[digest]
        for child in children.get(digest, ()):
            lacking[child] -= 1
            if not lacking[child]:
                ready.append(child)
