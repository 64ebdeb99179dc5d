"""One automerge document, and the only module that touches automerge.

A document is maps of maps: collection, key, JSON text. The binding has sharp edges, so everything is validated before a
transaction is opened and nothing is raised inside; every call passes `_calling`, which turns a panic of the binding (a
bare `BaseException`) into `DocumentBroken`. A broken document is unusable: drop it and load it again from its changes.
Loads always begin with the family's genesis, whose bytes are the same everywhere, so that maps merge instead of
replacing each other. Peers' changes go into a document that is loaded for it (`shadow`), never into a live one.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from automerge import core

from engine.faults import Damaged
from sync.change import header

Put = tuple[str, str, str]
"""Collection, key, text."""
Facts = Mapping[tuple[str, str], str]
Changes = Mapping[bytes, tuple[Sequence[bytes], bytes]]
"""Dependencies and raw bytes of each change by its hash, none before those that it depends on."""
_SYNC_MESSAGE: Final = b"\x42\x00\x00\x00"
"""A sync message of version 1 with no heads, no needs and no filter; the number of changes and the changes follow."""
MOST_PUTS: Final = 1000
LARGEST_PUT: Final = 48 * 1024
_NOBODY: Final = bytes(16)


class DocumentBroken(Damaged):
    """The binding refused or lost a document; it has to be loaded again from its changes."""

    code = "document_broken"


class Document:
    """A live document with the actor of one log; not to be used again after `DocumentBroken`."""

    def __init__(self, document: core.Document, maps: Mapping[str, bytes]) -> None:
        self._document = document
        self._maps = maps

    @classmethod
    def load(cls, genesis: Sequence[bytes], changes: Sequence[bytes], actor: bytes) -> Document:
        """A document from its genesis and raw changes, in any order, duplicates allowed, none missing.

        What it changes from now on carries `actor`, 16 bytes.
        """
        with _calling("load"):
            document = core.Document.load(b"".join((*genesis, *changes)))
            document.set_actor(actor)
            maps = {}
            for name in document.keys(core.ROOT):
                found = document.get(core.ROOT, name)
                if found is not None and found[0] == core.ObjType.Map:
                    maps[name] = found[1]
        return cls(document, maps)

    @property
    def heads(self) -> tuple[bytes, ...]:
        """The hashes of the changes that no other depends on, sorted."""
        with _calling("read"):
            return tuple(sorted(self._document.get_heads()))

    @property
    def collections(self) -> frozenset[str]:
        """The names of its maps."""
        return frozenset(self._maps)

    @property
    def origins(self) -> Mapping[str, bytes | None]:
        """What lies at its root: for each map the actor that made it, for anything else None."""
        with _calling("read"):
            names = self._document.keys(core.ROOT)
        return {name: self._maps[name][2:18] if name in self._maps else None for name in names}

    def put(self, facts: Sequence[Put]) -> bytes:
        """Write facts under new keys and return the one raw change that this made.

        At most 1,000 facts of together 48 kB, in collections that exist, under keys that do not; the caller sees to it.
        """
        if (
            not facts
            or len(facts) > MOST_PUTS
            or sum(len(text.encode()) for _, _, text in facts) > LARGEST_PUT
        ):
            raise ValueError("a change holds between 1 and 1,000 facts of at most 48 kB")
        targets = [(self._maps[collection], key, text) for collection, key, text in facts]
        with _calling("change"):
            before = self._document.get_heads()
            with self._document.transaction() as transaction:
                for map_id, key, text in targets:
                    transaction.put(map_id, key, core.ScalarType.Str, text)
            made = self._document.get_changes(before)
        if len(made) != 1:
            raise DocumentBroken(f"one change was written and {len(made)} came out", "try again")
        return made[0].raw_bytes

    def apply(self, changes: Sequence[bytes]) -> None:
        """Take in raw changes whose dependencies are all here; raises `DocumentBroken` when one was not taken."""
        message = bytearray(_SYNC_MESSAGE) + _leb(len(changes))
        for raw in changes:
            message += _leb(len(raw)) + raw
        with _calling("apply"):
            self._document.receive_sync_message(core.SyncState(), core.Message.decode(bytes(message)))
            taken = {one.hash for one in self._document.get_changes([])}
        if missing := [raw for raw in changes if header(raw).hash not in taken]:
            raise DocumentBroken(
                f"{len(missing)} changes were not taken in", "their dependencies are missing"
            )

    def check_counts(self) -> int:
        """The number of operations; raises `Damaged` unless each change counts its own from where its past ended."""
        with _calling("read"):
            changes = self._document.get_changes([])
            found = [(one.hash, one.deps, one.start_op, one.max_op) for one in changes]
            operations = sum(len(one) for one in changes)
        ends = {digest: end for digest, _, _, end in found}
        for _, needs, start, _ in found:
            if start != 1 + max((ends[need] for need in needs), default=0):
                raise Damaged("a change counts its operations wrongly", "it was set aside")
        return operations

    def changes(self) -> Changes:
        """Every change, those of the genesis too."""
        with _calling("read"):
            return {one.hash: (one.deps, one.raw_bytes) for one in self._document.get_changes([])}

    def facts(self) -> Iterator[Put]:
        """Every fact; raises `Damaged` where a value is no text, which no device of ours writes."""
        with _calling("read"):
            found = [
                (name, key, self._document.get(map_id, key))
                for name, map_id in self._maps.items()
                for key in self._document.keys(map_id)
            ]
        for name, key, value in found:
            if value is None or value[0] == core.ObjType.Map or not isinstance(value[0], tuple):
                raise Damaged(f"{name}/{key} is no text", "its change was set aside")
            kind, text = value[0]
            if kind != core.ScalarType.Str or not isinstance(text, str):
                raise Damaged(f"{name}/{key} is no text", "its change was set aside")
            yield name, key, text

    def get(self, collection: str, key: str) -> str | None:
        """The text of one fact, or None."""
        with _calling("read"):
            found = self._document.get(self._maps[collection], key)
        if found is None or not isinstance(found[0], tuple):
            return None
        return str(found[0][1])

    def save(self) -> bytes:
        """A snapshot: only ever a cache of the changes."""
        with _calling("save"):
            return self._document.save()


def shadow(
    genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes], contended: Container[str] = ()
) -> Mapping[tuple[str, str], str]:
    """The facts of a document after `fresh` changes, tried on a copy that is saved, loaded again and compared.

    Raises `Damaged` when a change is refused, takes away a fact or writes one again that is in its past (outside of
    `contended` collections), adds what is not a text in one of the family's maps, is too large, starts counting its
    operations anywhere but after its dependencies, or does not survive saving. Of two facts that were written apart
    under one key all show the same one, whichever came first: what is refused follows from a change and its past alone.
    """
    return grown(Copy.of(genesis, known), fresh, contended).facts


def gain(
    genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes], contended: Container[str] = ()
) -> Mapping[tuple[str, str], str]:
    """As `shadow`, but only those facts that the changes add, or show in the place of others written apart."""
    copy = Copy.of(genesis, known)
    return grown(copy, fresh, contended).since(copy)


@dataclass(frozen=True)
class Copy:
    """A document as bytes and facts, to try changes on again and again.

    `origins` is what lies at its root, `again` how many operations wrote what was written already.
    """

    data: bytes = field(repr=False)
    facts: Facts = field(repr=False)
    origins: Mapping[str, bytes | None]
    again: int

    @classmethod
    def of(cls, genesis: Sequence[bytes], known: Sequence[bytes]) -> Copy:
        """The document of these changes."""
        live = Document.load(genesis, known, _NOBODY)
        facts, origins = _facts_of(live), live.origins
        again = live.check_counts() - len(facts) - len(origins)
        return cls(b"".join((*genesis, *known)), facts, origins, again)

    def since(self, before: Copy) -> Facts:
        """The facts that were not there before, or were others."""
        return {place: text for place, text in self.facts.items() if before.facts.get(place) != text}


def grown(copy: Copy, fresh: Sequence[bytes], contended: Container[str] = ()) -> Copy:
    """The copy after `fresh` changes, by the rules of `shadow`."""
    live = Document.load((), [copy.data], _NOBODY)
    live.apply(fresh)
    operations = live.check_counts()
    data = live.save()
    again = Document.load((), [data], _NOBODY)
    after = _facts_of(again)
    if again.heads != live.heads or again.origins != copy.origins:
        raise Damaged("a change alters the shape of a document", "it was set aside")
    written_again = operations - len(after) - len(copy.origins)
    if written_again > copy.again:
        changes = live.changes()
        for raw in fresh:
            _refuse_rewriting(changes, raw, contended)
    return Copy(data, after, copy.origins, written_again)


def _facts_of(document: Document) -> Facts:
    return {(name, key): text for name, key, text in document.facts()}


def _refuse_rewriting(changes: Changes, raw: bytes, contended: Container[str]) -> None:
    """Refuse a change that takes away or writes again what is in its own past, which is the same for everybody."""
    past = Document.load((), _past(changes, raw), _NOBODY)
    before = _facts_of(past)
    past.apply([raw])
    after = _facts_of(past)
    lost = before.keys() - after.keys()
    changed = [one for one in before.keys() - lost if after[one] != before[one] and one[0] not in contended]
    if lost or changed:
        raise Damaged("a change rewrites a fact", "facts are written once; it was set aside")


def _past(changes: Changes, raw: bytes) -> list[bytes]:
    """The changes that one follows from, in their order."""
    wanted, found = list(header(raw).dependencies), set[bytes]()
    while wanted:
        digest = wanted.pop()
        if digest not in found and digest in changes:
            found.add(digest)
            wanted += changes[digest][0]
    return [one for digest, (_, one) in changes.items() if digest in found]


def first_change(maps: Sequence[str], actor: bytes, after: Sequence[bytes] = ()) -> bytes:
    """The change that makes empty maps on top of `after`: how genesis bytes and schema steps once came to be."""
    with _calling("change"):
        document = core.Document.load(b"".join(after)) if after else core.Document(actor)
        document.set_actor(actor)
        before = document.get_heads()
        with document.transaction() as transaction:
            for name in sorted(maps):
                transaction.put_object(core.ROOT, name, core.ObjType.Map)
        return document.get_changes(before)[0].raw_bytes


@contextmanager
def _calling(what: str) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit):
        raise
    except BaseException as error:  # a panic of the binding is no Exception
        raise DocumentBroken(
            f"a document could not {what}: {error}", "restrike verify says what is damaged"
        ) from error


def _leb(number: int) -> bytes:
    out = bytearray()
    while True:
        number, byte = number >> 7, number & 127
        out.append(byte | (128 if number else 0))
        if not number:
            return bytes(out)
