"""What an asset's versions say field by field, and who wrote each value that still counts.

A version writes those fields in which it differs from what its parents leave it; a write is superseded by every later
one of that field that saw it. Writes that are not superseded and say different things were made apart. Everything
follows from the set of versions alone, so that all devices that hold the same versions find the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sync.records import AssetId, Version, VersionId

CHOSEN: Final = "chosen"
"""The parameter that lists which others the artist set; bookkeeping, never shown as a change of its own."""
TIER: Final = "tier"
PICTURE: Final = "picture"
"""The imported picture that a version consists of, by the digest of its pixels."""
INPUT: Final = "input:"
ABSENT: Final[Any] = object()

Writers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """What a field is; `chosen` is None in a version that does not say which fields its artist set."""

    value: Any
    chosen: bool | None = None


_NOTHING: Final = Value(ABSENT)
_NOT_SET: Final = Value(ABSENT, False)


def order(name: str) -> tuple[int, str]:
    """The order in which fields are shown: the tier, a picture, the parameters, the inputs."""
    places = {TIER: 0, PICTURE: 1}
    return places.get(name, 3 if name.startswith(INPUT) else 2), name


def parameter(name: str) -> bool:
    """Whether a field is a parameter."""
    return order(name)[0] == 2


def same(a: Any, b: Any) -> bool:
    """Whether two values are one; a truth is no number."""
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    return bool(a == b)


def chosen(version: Version) -> frozenset[str] | None:
    """The parameters that the version's artist set; None where it does not say."""
    names = version.parameters.get(CHOSEN)
    if isinstance(names, (list, tuple)):
        return frozenset(one for one in names if isinstance(one, str))
    return None


def picture(version: Version) -> str | None:
    """The pixels that an imported version consists of; None of one that is rendered, or that cannot be read."""
    if '"imported"' not in version.recipe:
        return None
    try:
        recipe = json.loads(version.recipe)
        found = recipe["inputs"][0]["pixels"] if recipe["operation"] == "imported" else None
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def of(version: Version) -> dict[str, Any]:
    """The fields of a version: its parameters, `tier`, `picture`, and `input:` with an asset's id and its roles."""
    found = {name: value for name, value in version.parameters.items() if name != CHOSEN}
    found[TIER] = version.tier
    if (pixels := picture(version)) is not None:
        found[PICTURE] = pixels
    roles: dict[AssetId, set[str]] = {}
    for link in version.links:
        roles.setdefault(link.asset, set()).add(link.role)
    return found | {f"{INPUT}{asset}": ", ".join(sorted(ones)) for asset, ones in roles.items()}


class Past:
    """The versions of one asset in the order in which they were made, with the writes that count at each of them."""

    def __init__(self, versions: Mapping[VersionId, Version]) -> None:
        self.versions = _in_order(versions)
        self._at = {one.id: place for place, one in enumerate(self.versions)}
        self._parents = [self._known(place) for place in range(len(self.versions))]
        self._before = self._ancestors()
        self._values: dict[int, dict[str, Value]] = {}
        self._live: dict[int, dict[str, Writers]] = {}
        start = self._meeting()
        for place in range(start, len(self.versions)):
            self._values[place] = _values(self.versions[place])
            # a parent before the meeting is behind it as well, and says nothing that the meeting does not
            parents = tuple(one for one in self._parents[place] if start <= one) if place != start else ()
            self._live[place] = self._written(place, parents)

    def values(self, version: VersionId) -> Mapping[str, Value]:
        """The fields of a version that tips are told apart by."""
        return self._values[self._at[version]]

    def writes(self, tips: Sequence[VersionId]) -> dict[str, Writers]:
        """By field the writes that count when all of `tips` are taken together."""
        return self._joined([self._at[one] for one in tips])

    def wrote(self, writer: int, name: str) -> Value:
        """What a write says."""
        return self._values[writer].get(name, _NOTHING)

    def knows(self, version: VersionId, writer: int, name: str) -> bool:
        """Whether a version has its value of a field from this write."""
        return writer in self._live[self._at[version]].get(name, ())

    def meant(self, writer: int, name: str) -> bool:
        """Whether a write was an artist's: what follows from a model or a tier by itself is not."""
        own = self.wrote(writer, name).chosen
        if own is not False or not parameter(name):
            return True
        parents = [one for one in self._parents[writer] if one in self._values]
        return any(self._values[one].get(name, _NOT_SET).chosen for one in parents)

    def _known(self, place: int) -> Writers:
        """The parents of a version; those that a circle puts after it count as unknown."""
        found = (self._at.get(one, place) for one in self.versions[place].parents)
        return tuple(dict.fromkeys(one for one in found if one < place))

    def _ancestors(self) -> list[int]:
        """For each version a number with the bits of all that it was made from."""
        found: list[int] = []
        for parents in self._parents:
            bits = 0
            for one in parents:
                bits |= found[one] | 1 << one
            found.append(bits)
        return found

    def _meeting(self) -> int:
        """The newest version that everything before leads to and everything after was made from; else the first."""
        shared = -1
        for place in range(len(self.versions) - 1, 0, -1):
            whole = (1 << place) - 1
            if self._before[place] == whole and shared >> place & 1:
                return place
            shared &= self._before[place]
        return 0

    def _written(self, place: int, parents: Writers) -> dict[str, Writers]:
        own = self._values[place]
        live = self._joined(parents)
        for name in live.keys() | own.keys():
            if not self._agrees(own.get(name), live.get(name, ()), name):
                live[name] = (place,)
        return live

    def _agrees(self, own: Value | None, writers: Writers, name: str) -> bool:
        """Whether a version says of a field what all the writes before it say."""
        said = [self.wrote(one, name) for one in writers]
        value = _NOTHING if own is None else own
        if not said:
            return value.value is ABSENT
        if not all(same(one.value, value.value) for one in said):
            return False
        return value.value is ABSENT or any(one.chosen == value.chosen for one in said)

    def _joined(self, places: Sequence[int]) -> dict[str, Writers]:
        if len(places) == 1:
            return dict(self._live[places[0]])
        found: dict[str, Writers] = {}
        for place in places:
            for name, writers in self._live[place].items():
                held = found.get(name)
                found[name] = writers if held is None or held == writers else (*held, *writers)
        return {name: self._newest(writers) for name, writers in found.items()}

    def _newest(self, writers: Writers) -> Writers:
        if len(writers) == 1:
            return writers
        seen = 0
        for one in writers:
            seen |= self._before[one]
        return tuple(sorted({one for one in writers if not seen >> one & 1}))


def _values(version: Version) -> dict[str, Value]:
    names = chosen(version)
    return {
        name: Value(value, None if names is None or not parameter(name) else name in names)
        for name, value in of(version).items()
    }


def _in_order(versions: Mapping[VersionId, Version]) -> tuple[Version, ...]:
    """Parents first, otherwise by number and id; of a circle (which only a forger can write) the smallest first."""
    waiting = {one.id: {each for each in one.parents if each in versions} for one in versions.values()}
    users: dict[VersionId, list[VersionId]] = {}
    for one, parents in waiting.items():
        for parent in parents:
            users.setdefault(parent, []).append(one)
    return tuple(versions[one] for one in _released(waiting, users, versions))


def _released(
    waiting: dict[VersionId, set[VersionId]],
    users: Mapping[VersionId, Sequence[VersionId]],
    versions: Mapping[VersionId, Version],
) -> Iterator[VersionId]:
    def place(one: VersionId) -> tuple[int, str]:
        return versions[one].number, one

    ready = _sorted((one for one, parents in waiting.items() if not parents), place)
    while waiting:
        if not ready:
            ready = [min(waiting, key=place)]
        one = ready.pop(0)
        if waiting.pop(one, None) is None:
            continue
        yield one
        freed = []
        for user in users.get(one, ()):
            if user in waiting:
                waiting[user].discard(one)
                if not waiting[user]:
                    freed.append(user)
        ready = _sorted([*ready, *freed], place) if freed else ready


def _sorted(ones: Iterable[VersionId], place: Any) -> list[VersionId]:
    return sorted(ones, key=place)
