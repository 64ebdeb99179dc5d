"""Live documents on the shelf: loaded from the log when they are needed, a bounded number of them kept.

A document on the shelf is trusted while its heads are those that the index names; otherwise, and after any failure, it
is loaded again. Large ones are loaded from a snapshot and what followed, which is checked in the same way.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from engine.faults import Damaged
from sync import database, schema
from sync.indexfile import IndexFile
from sync.log import Bundle
from sync.past import Past
from sync.records import DocumentId
from sync.store import Store

if TYPE_CHECKING:
    from sync.document import Document

MOST_DOCUMENTS: Final = 64
MOST_BUNDLES: Final = 16
PAST_BYTES: Final = 8 << 20
SNAPSHOT_AFTER: Final = 400
"""Changes since the last snapshot from which on a new one is kept; under it, loading costs less than keeping."""


class Shelf:
    """Documents by name, the least recently used put back first."""

    def __init__(self, store: Store, index: IndexFile) -> None:
        self.store = store
        self.index = index
        self._documents: OrderedDict[tuple[DocumentId, bytes], Document] = OrderedDict()
        self._bundles: OrderedDict[int, Bundle] = OrderedDict()
        self._pasts: OrderedDict[DocumentId, Past] = OrderedDict()

    def get(self, document: DocumentId, actor: bytes) -> Document:
        """The live document, up to date, whose changes will carry `actor`; raises `Damaged` if it cannot be loaded."""
        found = self._documents.pop((document, actor), None)
        if found is None or found.heads != self.index.heads(document):
            found = self._load(document, actor)
        self._documents[(document, actor)] = found
        if len(self._documents) > MOST_DOCUMENTS:
            self._documents.popitem(last=False)
        return found

    def drop(self, documents: Iterable[DocumentId]) -> None:
        """Forget documents whose state is in doubt."""
        gone = set(documents)
        for key in [one for one in self._documents if one[0] in gone]:
            del self._documents[key]

    def clear(self) -> None:
        """Forget everything."""
        self._documents.clear()
        self._bundles.clear()
        self._pasts.clear()

    def changes(self, document: DocumentId, after: int = 0) -> list[bytes]:
        """The raw changes of a document that the log holds, oldest first."""
        return [
            self._bundle(position).changes[ordinal][1]
            for position, ordinal in self.index.touches(document, after)
        ]

    def past(self, document: DocumentId) -> Past:
        """A document's changes as arriving ones are judged against them; read once, then only what is new."""
        found = self._pasts.pop(document, None)
        if found is None or (found.last is not None and not self.index.holds(document, *found.last)):
            found = Past(schema.genesis(document, self.index.steps))
        for position, ordinal in self.index.touches(document, found.last[0] if found.last else 0):
            found.add(position, ordinal, self._bundle(position).changes[ordinal][1])
        self._pasts[document] = found
        while len(self._pasts) > 1 and sum(one.size for one in self._pasts.values()) > PAST_BYTES:
            self._pasts.popitem(last=False)
        if len(self._pasts) > MOST_DOCUMENTS:
            self._pasts.popitem(last=False)
        return found

    def facts(self, document: DocumentId) -> Mapping[tuple[str, str], str]:
        """Every fact of a document, read from its changes."""
        live = self._load(document, bytes(16))
        return {(collection, key): text for collection, key, text in live.facts()}

    def reread(self, document: DocumentId) -> Mapping[tuple[str, str], str]:
        """The same from the log alone, whatever any cache of it says."""
        genesis = schema.genesis(document, self.index.steps)
        live = self._whole(genesis, document, bytes(16), self.index.heads(document))
        return {(collection, key): text for collection, key, text in live.facts()}

    def snapshot(self, document: DocumentId, actor: bytes) -> None:
        """Keep a snapshot of a document that has grown much since the last; inside the index's transaction."""
        kept = self.index.snapshot(document)
        touches = self.index.touches(document, kept[0] if kept else 0)
        if len(touches) < SNAPSHOT_AFTER:
            return
        from sync.document import Document

        live = self.get(document, actor)
        data = live.save()
        again = Document.load((), [data], actor)
        if again.heads == live.heads and sorted(again.facts()) == sorted(live.facts()):
            self.index.keep_snapshot(document, touches[-1][0], data)

    def _load(self, document: DocumentId, actor: bytes) -> Document:
        from sync.document import Document

        genesis = schema.genesis(document, self.index.steps)
        heads = self.index.heads(document)
        kept = self.index.snapshot(document)
        if kept is not None:
            try:
                found = Document.load((), [kept[1], *self.changes(document, kept[0])], actor)
                if found.heads == heads:
                    return found
            except Damaged:
                pass  # a snapshot is only a cache: all changes tell the same
        return self._whole(genesis, document, actor, heads)

    def _whole(
        self, genesis: Sequence[bytes], document: DocumentId, actor: bytes, heads: tuple[bytes, ...]
    ) -> Document:
        from sync.document import Document, DocumentBroken

        try:
            found = Document.load(genesis, self.changes(document), actor)
        except DocumentBroken as error:  # what the log holds was checked, so the index leaves something out
            raise self._wrong(f"{document}: {error.message}") from error
        if found.heads != heads:
            raise self._wrong(f"it names other heads of {document}")
        return found

    def _wrong(self, why: str) -> database.Broken:
        hint = "restrike verify --rebuild derives it anew"
        return database.Broken(f"the index is wrong: {why}", hint, self.index.path)

    def _bundle(self, position: int) -> Bundle:
        found = self._bundles.pop(position, None) or self.store.bundle(position)
        self._bundles[position] = found
        if len(self._bundles) > MOST_BUNDLES:
            self._bundles.popitem(last=False)
        return found
