"""Versions of an asset: labels, tips, what changed, and how the tips of a fork merge.

Parents that are not known here count as absent, and a circle of parents (which only a forger can write) has one tip.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sync.records import AssetFacts, AssetId, Link, Tier, Version, VersionId
from sync.rules.union import unique

CHOSEN: Final = "chosen"
"""The parameter that lists which others the artist set; bookkeeping, never shown as a change of its own."""
SUFFIX: Final = 4
ABSENT: Final[Any] = object()


@dataclass(frozen=True, slots=True)
class Changed:
    """One field that differs: a parameter's name, `tier`, or `input:` and an asset's id with its roles as value."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Merge:
    """What resolves a fork: everything on which the tips do not disagree.

    `conflicts` names the fields that two tips changed differently, each as in `Changed.field`; there the value of the
    tip that is shown stands in until a person chooses.
    """

    parameters: Mapping[str, Any]
    links: tuple[Link, ...]
    tier: Tier
    conflicts: tuple[str, ...]


def known(versions: Iterable[Version]) -> dict[VersionId, Version]:
    """The versions by id, each once."""
    return unique(versions, lambda one: one.id)


def _shown_first(version: Version) -> tuple[int, str]:
    return -version.number, version.id


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
        end = min((one for one in by_id.values() if one.id not in seen), key=_shown_first)
        behind = _behind([end], by_id)
        ends = [one for one in ends if one.id not in behind] + [end]
        seen |= behind
    return tuple(sorted(ends, key=_shown_first))


def _behind(ends: Iterable[Version], by_id: Mapping[VersionId, Version]) -> set[VersionId]:
    found: set[VersionId] = set()
    waiting = [one.id for one in ends]
    while waiting:
        one = waiting.pop()
        if one in by_id and one not in found:
            found.add(one)
            waiting.extend(by_id[one].parents)
    return found


def current(versions: Iterable[Version]) -> Version | None:
    """The tip that is shown: the highest number, then the smallest id; none when there is no version."""
    return next(iter(tips(versions)), None)


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
    """What differs between two versions: the tier, the parameters by name, then the inputs by asset id."""
    old, new = _fields(before), _fields(after)
    names = sorted(old.keys() | new.keys(), key=_field_order)
    return [
        Changed(name, old.get(name), new.get(name))
        for name in names
        if not _same(old.get(name, ABSENT), new.get(name, ABSENT))
    ]


def _field_order(name: str) -> tuple[int, str]:
    return (0 if name == "tier" else 2 if name.startswith("input:") else 1), name


def _fields(version: Version) -> dict[str, Any]:
    found = {name: value for name, value in version.parameters.items() if name != CHOSEN}
    found["tier"] = version.tier
    roles: dict[AssetId, set[str]] = {}
    for link in version.links:
        roles.setdefault(link.asset, set()).add(link.role)
    return found | {f"input:{asset}": ", ".join(sorted(ones)) for asset, ones in roles.items()}


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    return bool(a == b)


def nearest_common(ends: Sequence[Version], versions: Iterable[Version]) -> Version | None:
    """The newest version that all of `ends` were made from (one of them may be it); none when they share no past."""
    by_id = known((*versions, *ends))
    shared: set[VersionId] | None = None
    for end in ends:
        past = _ancestors(end.id, by_id) | {end.id}
        shared = past if shared is None else shared & past
    return current(by_id[one] for one in shared or ())


def merge(ends: Iterable[Version], versions: Iterable[Version]) -> Merge:
    """The tips of a fork as one, field by field against the version they last shared.

    A field that only some changed, or all changed alike, is settled; so is one that no tip's artist chose (it was
    derived and will be again). One that two changed differently is a conflict. Raises `ValueError` without tips.
    """
    sides = sorted(known(ends).values(), key=_shown_first)
    if not sides:
        raise ValueError("a merge needs at least one version")
    shared = nearest_common(sides, list(versions))
    origin = _fields(shared) if shared else {}
    sets = [_fields(side) for side in sides]
    merged: dict[str, Any] = {}
    conflicts: list[str] = []
    for name in sorted({name for one in (origin, *sets) for name in one}, key=_field_order):
        value, settled = _merged(origin.get(name, ABSENT), [one.get(name, ABSENT) for one in sets])
        if not settled and not _derived(name, sides):
            conflicts.append(name)
        if value is not ABSENT:
            merged[name] = value
    return Merge(_parameters(merged, shared, sides), _links(merged, sides), merged["tier"], tuple(conflicts))


def _merged(before: Any, after: Sequence[Any]) -> tuple[Any, bool]:
    """The value of one field and whether it is beyond doubt; `after` begins with the tip that is shown."""
    news = [one for one in after if not _same(one, before)]
    if not news:
        return before, True
    if all(_same(one, news[0]) for one in news):
        return news[0], True
    return after[0], False


def _chosen(version: Version) -> frozenset[str] | None:
    names = version.parameters.get(CHOSEN)
    if isinstance(names, (list, tuple)):
        return frozenset(one for one in names if isinstance(one, str))
    return None


def _derived(name: str, sides: Iterable[Version]) -> bool:
    """Whether `name` is a parameter that no tip's artist set by hand."""
    if _field_order(name)[0] != 1:
        return False
    return all((names := _chosen(side)) is not None and name not in names for side in sides)


def _parameters(
    merged: Mapping[str, Any], shared: Version | None, sides: Sequence[Version]
) -> dict[str, Any]:
    found = {name: value for name, value in merged.items() if _field_order(name)[0] == 1}
    lists = [names for side in sides if (names := _chosen(side)) is not None]
    if lists:
        before = (_chosen(shared) if shared else None) or frozenset()
        added = frozenset[str]().union(*(names - before for names in lists))
        kept = before.intersection(*lists)
        found[CHOSEN] = sorted((kept | added) & found.keys())
    return found


def _links(merged: Mapping[str, Any], sides: Sequence[Version]) -> tuple[Link, ...]:
    """The merged inputs, in the order of the tips that have them."""
    wanted = {
        name.removeprefix("input:"): roles for name, roles in merged.items() if name.startswith("input:")
    }
    found: dict[Link, None] = {}
    for side in sides:
        for link in side.links:
            if link.role in str(wanted.get(link.asset, "")).split(", "):
                found[link] = None
    return tuple(found)


def name(facts: AssetFacts) -> str:
    """What the asset is called now: the newest renaming, else the name it was made with."""
    newest = max(facts.renamed, key=lambda one: (one.time, one.id, one.name), default=None)
    return newest.name if newest is not None else facts.asset.name


def gone(facts: AssetFacts) -> bool:
    """Whether the asset is removed: the newest `Removed` says so."""
    newest = max(facts.removed, key=lambda one: (one.time, one.id, one.gone), default=None)
    return newest is not None and newest.gone
