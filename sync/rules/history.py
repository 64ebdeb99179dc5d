"""Versions of an asset: labels, tips, what is shown of them, and what changed.

Parents that are not known here count as absent, and a circle of parents (which only a forger can write) has one tip.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sync.records import AssetFacts, Version, VersionId
from sync.rules import fields, forks
from sync.rules.fields import ABSENT
from sync.rules.fields import CHOSEN as CHOSEN
from sync.rules.forks import Top, shown_first
from sync.rules.forks import merge as merge
from sync.rules.names import name as name
from sync.rules.union import unique

SUFFIX: Final = 4


@dataclass(frozen=True, slots=True)
class Changed:
    """One field that differs: a parameter's name, `tier`, `picture`, or `input:` and an asset's id.

    The value of an input are its roles.
    """

    field: str
    before: Any
    after: Any


def known(versions: Iterable[Version]) -> dict[VersionId, Version]:
    """The versions by id, each once."""
    return unique(versions, lambda one: one.id)


def _ancestors(start: VersionId, by_id: Mapping[VersionId, Version]) -> set[VersionId]:
    found: set[VersionId] = set()
    waiting = [start]
    while waiting:
        version = by_id.get(waiting.pop())
        for parent in version.parents if version else ():
            if parent in by_id and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def ancestors(version: Version, versions: Iterable[Version]) -> frozenset[VersionId]:
    """The known versions that `version` was made from, directly or not; never itself."""
    by_id = known((*versions, version))
    return frozenset(_ancestors(version.id, by_id) - {version.id})


def tips(versions: Iterable[Version]) -> tuple[Version, ...]:
    """The versions that none was made from, the one to show first; two or more are a fork."""
    by_id = known(versions)
    parents = {parent for one in by_id.values() for parent in one.parents if parent != one.id}
    ends = [one for one in by_id.values() if one.id not in parents]
    seen = _behind(ends, by_id)
    while len(seen) < len(by_id):  # what is left leads only into circles
        end = min((one for one in by_id.values() if one.id not in seen), key=shown_first)
        behind = _behind([end], by_id)
        ends = [one for one in ends if one.id not in behind] + [end]
        seen |= behind
    return tuple(sorted(ends, key=shown_first))


def _behind(ends: Iterable[Version], by_id: Mapping[VersionId, Version]) -> set[VersionId]:
    found: set[VersionId] = set()
    waiting = [one.id for one in ends]
    while waiting:
        one = waiting.pop()
        if one in by_id and one not in found:
            found.add(one)
            waiting.extend(by_id[one].parents)
    return found


def top(versions: Iterable[Version]) -> Top | None:
    """What an asset with these versions shows, and whether that is a fork; none when there is no version."""
    by_id = known(versions)
    return forks.top(tips(by_id.values()), by_id)


def current(versions: Iterable[Version]) -> Version | None:
    """The version that is shown: the one tip, or the merge of those that go together; none when there is none.

    The merge may be no fact yet (`Top.saved`).
    """
    found = top(versions)
    return found.version if found is not None else None


def with_merge(versions: Iterable[Version]) -> list[Version]:
    """The versions, with the merge that is shown and that nobody saved yet, by number."""
    by_id = known(versions)
    shown = current(by_id.values())
    if shown is not None:
        by_id[shown.id] = shown
    return sorted(by_id.values(), key=lambda one: (one.number, one.id))


def next_number(versions: Iterable[Version]) -> int:
    """The number that a version saved now gets: one more than the highest known, 1 for the first."""
    return max((one.number for one in versions), default=0) + 1


def suffix(own: str, others: Iterable[str]) -> str:
    """What tells `own` from other ids of its number: nothing for the smallest id, else `-` and 4 characters of it.

    More than 4 only where two of the ids begin alike.
    """
    rivals = {one for one in others if one != own}
    if all(own < one for one in rivals):
        return ""
    smallest = min(rivals)
    length = SUFFIX
    while length < len(own) and any(one.startswith(own[:length]) for one in rivals - {smallest}):
        length += 1
    return "-" + own[:length]


def label(version: Version, versions: Iterable[Version]) -> str:
    """How people call a version, as `v03`; of several with one number all but the smallest id as `v03-k7qd`."""
    same = [one.id for one in versions if one.number == version.number]
    return f"v{version.number:02d}{suffix(version.id, same)}"


def named(text: str, versions: Iterable[Version]) -> Version | None:
    """The version that `text` means: its id, its label, or its number with or without `v` and noughts."""
    by_id = known(versions)
    if (found := by_id.get(VersionId(text))) is not None:
        return found
    wanted, _, tail = text.strip().lower().removeprefix("v").partition("-")
    if not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 20):
        return None
    same = [one for one in by_id.values() if one.number == int(wanted)]
    ids = [one.id for one in same]
    return next((one for one in same if suffix(one.id, ids).removeprefix("-") == tail), None)


def changed(before: Version, after: Version) -> list[Changed]:
    """What differs between two versions: the tier, a picture, the parameters by name, then the inputs by asset id."""
    old, new = fields.of(before), fields.of(after)
    return [
        Changed(name, old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys(), key=fields.order)
        if not fields.same(old.get(name, ABSENT), new.get(name, ABSENT))
    ]


def gone(facts: AssetFacts) -> bool:
    """Whether the asset is removed: the newest `Removed` says so."""
    newest = max(facts.removed, key=lambda one: (one.time, one.id, one.gone), default=None)
    return newest is not None and newest.gone


def unseen(facts: AssetFacts) -> tuple[Version, ...]:
    """The versions of a removed asset that were saved elsewhere, and that whoever removed it did not know."""
    newest = max(facts.removed, key=lambda one: (one.time, one.id, one.gone), default=None)
    by_id = known(facts.versions)
    if newest is None or not newest.gone or not by_id.keys() & {*newest.seen}:
        return ()
    behind = _behind([by_id[one] for one in newest.seen if one in by_id], by_id)
    left = (one for one in by_id.values() if one.id not in behind)
    return tuple(sorted(left, key=lambda one: (one.number, one.id)))
