"""How records lie in documents: families, collections, keys, the genesis bytes of each family, and upgrades.

| family    | document     | collections |
|-----------|--------------|-------------|
| `asset`   | `asset/<id>` | asset, renamed, removed, versions, takes, struck, approved, dropped |
| `project` | `project`    | settings, models, superseded, profiles |
| `queue`   | `queue/<n>`  | q wishes, c claims, e ends, f results, x calls off, p votes |

Every document begins with its family's genesis, one change by a fixed actor that makes the empty maps; its bytes are
constants, equal everywhere, and never travel. A later schema adds one more fixed change per family (`Step`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from engine.faults import BadField, Damaged
from sync import codec, records
from sync.records import AssetId, DocumentId

VERSION: Final = 1
PROJECT_DOCUMENT: Final = DocumentId("project")
JOBS_PER_SEGMENT: Final = 1000

PROJECT_LOG: Final = "project"
QUEUE_LOG: Final = "queue"


@dataclass(frozen=True, slots=True)
class Collection:
    """Where records of one class lie: the family, the name of the map, and the fields that make the key.

    In a `contended` one two devices of a member may write one key apart; all show the same of the two.
    """

    family: str
    name: str
    record: type[Any]
    keyed: tuple[str, ...] = ("id",)
    contended: bool = False


COLLECTIONS: Final = (
    Collection("asset", "asset", records.Asset),
    Collection("asset", "renamed", records.Renamed),
    Collection("asset", "removed", records.Removed),
    Collection("asset", "versions", records.Version),
    Collection("asset", "takes", records.Take),
    Collection("asset", "struck", records.Struck),
    Collection("asset", "approved", records.Approved),
    Collection("asset", "dropped", records.Dropped),
    Collection("project", "settings", records.Setting),
    Collection("project", "models", records.Model),
    Collection("project", "superseded", records.Superseded),
    Collection("project", "profiles", records.Profile),
    Collection("queue", "q", records.Wish, ("job", "session", "tier")),
    Collection("queue", "c", records.Claim, ("job", "session", "epoch")),
    Collection("queue", "e", records.Ended, ("job", "session", "epoch")),
    Collection("queue", "f", records.Finished, ("job", "session", "take")),
    Collection("queue", "x", records.Called, ("job", "session")),
    Collection("queue", "p", records.Vote, ("job", "member", "count"), contended=True),
)
OF_RECORD: Final = {one.record: one for one in COLLECTIONS}
CONTENDED: Final = frozenset(one.name for one in COLLECTIONS if one.contended)
OF_NAME: Final = {(one.family, one.name): one for one in COLLECTIONS}

GENESIS: Final = {
    name: base64.b64decode(text)
    for name, text in {
        "asset": (
            "hW9Kg+9ZlC4BZwAQAAAAAAAAAAAAAAAAAAAAAAEBAAAABRU+NAFCAlYCcAJ4CGFwcHJvdmVkBWFzc2V0B2Ry"
            "b3BwZWQHcmVtb3ZlZAdyZW5hbWVkBnN0cnVjawV0YWtlcwh2ZXJzaW9ucwgIAAgACAA="
        ),
        "project": (
            "hW9Kg0Y9H+ABTgAQAAAAAAAAAAAAAAAAAAAAAAEBAAAABRUlNAFCAlYCcAJ8Bm1vZGVscwhwcm9maWxlcwhz"
            "ZXR0aW5ncwpzdXBlcnNlZGVkBAQABAAEAA=="
        ),
        "queue": ("hW9Kg2nyItwBNgAQAAAAAAAAAAAAAAAAAAAAAAEBAAAABRUNNAFCAlYCcAJ6AWMBZQFmAXABcQF4BgYABgAGAA=="),
    }.items()
}


@dataclass(frozen=True, slots=True)
class Step:
    """An upgrade to schema `version`: for each family that changes, one fixed change on top of all before it."""

    version: int
    changes: Mapping[str, bytes]


STEPS: Final[tuple[Step, ...]] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact as it is stored: the document, the collection, the key in it, and the record's text."""

    document: DocumentId
    collection: str
    key: str
    text: str

    @property
    def subject(self) -> str:
        """What the fact is about: the asset's id, the job's id, or `project`."""
        family_name = family(self.document)
        if family_name == "asset":
            return self.document.partition("/")[2]
        return self.key.partition("/")[0] if family_name == "queue" else self.document


def asset_document(asset: AssetId) -> DocumentId:
    """The document of an asset."""
    return DocumentId(f"asset/{asset}")


def queue_document(segment: int) -> DocumentId:
    """The document of a segment of the queue."""
    return DocumentId(f"queue/{segment}")


@lru_cache(maxsize=4096)
def family(document: DocumentId) -> str:
    """The family of a document; raises `Damaged` for a name that no document has."""
    name, slash, rest = document.partition("/")
    plain = rest.isascii() and (rest.isdigit() if name == "queue" else rest.isalnum())
    if document == PROJECT_DOCUMENT or (slash and name in ("asset", "queue") and plain and len(rest) <= 64):
        return name
    raise Damaged(f"{document!r:.80} is no document", "it was set aside")


def log_kind(document: DocumentId) -> str:
    """The log that carries a document's changes: queues travel apart, so that dropping old ones breaks no chain."""
    return QUEUE_LOG if family(document) == "queue" else PROJECT_LOG


def genesis(document: DocumentId, steps: Sequence[Step] = STEPS) -> tuple[bytes, ...]:
    """The fixed changes that every copy of a document begins with."""
    name = family(document)
    return (GENESIS[name], *(step.changes[name] for step in steps if name in step.changes))


def version(steps: Sequence[Step] = STEPS) -> int:
    """The schema that a program with these steps reads and writes."""
    return steps[-1].version if steps else VERSION


def encode(document: DocumentId, record: Any) -> Fact:
    """A record as a fact of `document`; raises `BadField` where it does not belong there or is too large."""
    place = OF_RECORD.get(type(record))
    if place is None or place.family != family(document):
        raise BadField("document", str(document), f"a document that may hold a {type(record).__name__}")
    return Fact(document, place.name, codec.key(record, place.keyed), codec.encode(record, place.keyed))


def decode(fact: Fact) -> Any:
    """The record of a fact; raises `Damaged` where it is not what its collection holds."""
    place = OF_NAME.get((family(fact.document), fact.collection))
    if place is None:
        raise Damaged(f"{fact.collection!r:.80} is no collection", "a newer release may know it")
    return codec.decode(place.record, place.keyed, fact.key, fact.text)
