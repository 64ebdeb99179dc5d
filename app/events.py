"""Events: what their types are called, the envelope they travel in, and what a change of the documents touches.

An id is `EPOCH.SEQ`: the epoch is one run of one hub, the number rises within it. A third part marks a message for one
client alone: `r…` resumes like the number before it, from `p…`, a piece of a state that is not complete, nothing can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.faults import BadField
from sync.feed import Change
from sync.records import AssetFacts, AssetId, JobId, Version, VersionId
from sync.rules import history
from sync.schema import family

FULL_SYNC: Final = "server:full_sync"
ASSET_CHANGED: Final = "server:asset_changed"
JOB_CHANGED: Final = "server:job_changed"
PROGRESS: Final = "server:regeneration_progress"
COMPLETE: Final = "server:regeneration_complete"
STORAGE_UPDATED: Final = "server:storage_updated"
MIGRATED: Final = "server:parameter_migrated"
PRESENCE: Final = "server:presence"
ERROR: Final = "server:error"
TYPES: Final = (
    FULL_SYNC,
    ASSET_CHANGED,
    JOB_CHANGED,
    PROGRESS,
    COMPLETE,
    STORAGE_UPDATED,
    MIGRATED,
    PRESENCE,
)
"""What can be asked for by name; errors answer who made them."""

STORED: Final = frozenset({"takes", "struck", "dropped"})
"""Collections of an asset whose facts come with bytes that appear or go."""
FEEDING: Final = frozenset({"asset", "versions", "takes", "approved", "removed"})
"""Collections of an asset that can make the assets it feeds outdated."""
ENDING: Final = frozenset({"f", "e", "x"})
"""Collections of the queue whose facts can end a job."""

_ID: Final = re.compile(r"(?P<epoch>[a-z0-9]{1,64})\.(?P<seq>[0-9]{1,15})(?:\.r[0-9]+)?")


def event_id(epoch: str, seq: int, part: str = "") -> str:
    """The id of a message."""
    return f"{epoch}.{seq}.{part}" if part else f"{epoch}.{seq}"


def seq_of(event: str, epoch: str) -> int | None:
    """The number up to which somebody with this id as his last one has everything; None if it says nothing here."""
    found = _ID.fullmatch(event)
    return int(found["seq"]) if found and found["epoch"] == epoch else None


def chosen(names: str | None) -> frozenset[str] | None:
    """The types in a list with commas, `server:` may be left out; None, all of them, when it is empty."""
    wanted = [one.strip() for one in (names or "").split(",") if one.strip()]
    full = [one if one.startswith("server:") else f"server:{one}" for one in wanted]
    for name, given in zip(full, wanted, strict=True):
        if name not in TYPES:
            raise BadField("types", given, ", ".join(one.removeprefix("server:") for one in TYPES))
    return frozenset(full) or None


def dumped(value: Mapping[str, Any]) -> str:
    """JSON of a shape; files of this machine are left out."""
    shown = {key: one for key, one in value.items() if not isinstance(one, Path)}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def message(head: Mapping[str, Any], data: str, marks: Sequence[str] | None = None) -> str:
    """An event as it travels: the head's members, then `data`, an object's JSON, with `marks` as its `change`."""
    if marks is not None:
        data = f'{{"change":{json.dumps(list(marks))}{"," if data != "{}" else ""}{data[1:]}'
    given = {key: one for key, one in head.items() if one is not None}
    return f'{dumped(given)[:-1]},"data":{data}}}'


@dataclass(slots=True)
class Touched:
    """What changes have touched and nobody was told of yet: the collections of each asset, job, and the project."""

    assets: dict[AssetId, set[str]] = field(default_factory=dict)
    jobs: dict[JobId, set[str]] = field(default_factory=dict)
    project: set[str] = field(default_factory=set)
    versions: dict[AssetId, list[VersionId]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.assets) + len(self.jobs) + bool(self.project)

    def add(self, change: Change) -> None:
        """Take in one more change."""
        for document, collection, key in change.facts:
            name, _, rest = document.partition("/")
            if family(document) == "asset":
                asset = AssetId(rest)
                self.assets.setdefault(asset, set()).add(collection)
                if collection == "versions":
                    self.versions.setdefault(asset, []).append(VersionId(key))
            elif name == "queue":
                self.jobs.setdefault(JobId(key.partition("/")[0]), set()).add(collection)
            else:
                self.project.add(collection)

    def clear(self) -> None:
        """Forget all of it."""
        for one in (self.assets, self.jobs, self.project, self.versions):
            one.clear()


def migrations(facts: AssetFacts, fresh: Sequence[VersionId]) -> list[tuple[Version, str, str]]:
    """Of the fresh versions those with another model than a parent has: the version, the model before and after."""
    known = history.known(facts.versions)
    found = []
    for version in (known[one] for one in dict.fromkeys(fresh) if one in known):
        after = str(version.parameters.get("model") or "")
        before = [
            str(known[parent].parameters.get("model") or "") for parent in version.parents if parent in known
        ]
        old = next((one for one in before if one and after and one != after), None)
        if old is not None and after not in before:
            found.append((version, old, after))
    return found
