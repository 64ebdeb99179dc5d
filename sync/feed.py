"""What was added, told to those who asked: the one way out of a project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from sync.indexfile import IndexFile
from sync.records import DocumentId
from sync.schema import Fact


@dataclass(frozen=True, slots=True)
class Change:
    """What was just added, by whomever: the documents, and each fact as document, collection, key."""

    documents: tuple[DocumentId, ...]
    facts: tuple[tuple[DocumentId, str, str], ...]

    @classmethod
    def of(cls, facts: Sequence[Fact]) -> Change:
        """The change that these facts are."""
        documents = tuple(dict.fromkeys(one.document for one in facts))
        return cls(documents, tuple((one.document, one.collection, one.key) for one in facts))


class Mark(NamedTuple):
    """How far an index has been told of: the number of its newest fact, and which index it was."""

    seq: int
    generation: str

    @classmethod
    def of(cls, index: IndexFile) -> Mark:
        """Everything that is in the index now."""
        return cls(index.seq, index.generation)


class Feed:
    """How far the index has been told of, to whom, and what others added that nobody has polled yet."""

    def __init__(self) -> None:
        self.pending: list[Fact] = []
        self._told: dict[object, Callable[[Change], None]] = {}
        self._mark = Mark(0, "")

    def news(self, index: IndexFile, last: int | None = None) -> list[Fact]:
        """What is in the index since `mark`, up to number `last`; all, if another process has built it anew."""
        return index.facts_after(self._mark.seq if self._mark.generation == index.generation else 0, last)

    def mark(self, mark: Mark) -> None:
        """Everything up to there has been told of."""
        self._mark = mark

    def fresh(self, index: IndexFile) -> list[Fact]:
        """The news, marked as told of."""
        mark = Mark.of(index)
        found = self.news(index, mark.seq)
        self.mark(mark)
        return found

    @contextmanager
    def subscribe(self, told: Callable[[Change], None]) -> Iterator[None]:
        """Call `told` after every change as long as the context is entered."""
        token = object()
        self._told[token] = told
        try:
            yield
        finally:
            del self._told[token]

    def tell(self, facts: Sequence[Fact]) -> None:
        """Tell every subscriber, unless there is nothing to tell."""
        if facts and self._told:
            change = Change.of(facts)
            for told in list(self._told.values()):
                told(change)

    def take(self, facts: Sequence[Fact]) -> Change | None:
        """What others added since this was asked last, `facts` the newest of it; None when nothing."""
        found = [*self.pending, *facts]
        self.pending = []
        return Change.of(found) if found else None
