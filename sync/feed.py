"""What was added, told to those who asked: the one way out of a project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

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


class Feed:
    """How far the index has been told of, to whom, and what others added that nobody has polled yet."""

    def __init__(self) -> None:
        self.pending: list[Fact] = []
        self._told: dict[object, Callable[[Change], None]] = {}
        self._seen = 0
        self._generation = ""

    def news(self, index: IndexFile) -> list[Fact]:
        """What is in the index since `mark`: everything, if another process has built it anew meanwhile."""
        return index.facts_after(self._seen if self._generation == index.generation else 0)

    def mark(self, index: IndexFile) -> None:
        """Everything in the index has been told of."""
        self._seen, self._generation = index.seq, index.generation

    def fresh(self, index: IndexFile) -> list[Fact]:
        """The news, marked as told of."""
        found = self.news(index)
        self.mark(index)
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
