"""What an asset shows when versions were made apart: their merge where they agree, and a fork where they do not.

Tips that changed different fields, or one field alike, are shown as one version that nobody has saved: its id follows
from what it says, so that all devices show the same, and devices that save it apart save one and the same version. A
tip that sets a field otherwise than the first one stays apart, as the other side of a fork, until a person decides.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.faults import BadField
from sync import codec
from sync.records import Link, Tier, Version, VersionId
from sync.rules import fields, fusion
from sync.rules.fields import ABSENT, CHOSEN, Past
from sync.rules.union import unique

NOTE: Final = "merged"
MOST_TIPS: Final = 64
"""Tips of one asset that are looked at together; what was made further apart stays a fork."""


@dataclass(frozen=True, slots=True)
class Merge:
    """What resolves a fork: everything on which the tips do not disagree.

    `conflicts` names the fields that two tips changed differently, each as in `Changed.field`; there the value of the
    tip that is shown stands in until a person chooses.
    """

    parameters: Mapping[str, Any]
    links: tuple[Link, ...]
    tier: Tier
    picture: str | None
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Top:
    """What an asset shows: a version, the tips that are in it, and the tips of the fork that are not.

    `saved` is false of a merge that is no fact yet.
    """

    version: Version
    joined: tuple[Version, ...]
    apart: tuple[Version, ...] = ()
    saved: bool = True

    @property
    def tips(self) -> tuple[Version, ...]:
        """All tips, those that are shown first."""
        return (*self.joined, *self.apart)


def shown_first(version: Version) -> tuple[int, str]:
    """Sorts the tip that is shown to the front: the highest number, then the smallest id."""
    return -version.number, version.id


def merge(ends: Iterable[Version], versions: Iterable[Version]) -> Merge:
    """The tips of a fork as one, field by field; raises `ValueError` without tips.

    A field that only some changed, or all changed alike, is settled; so is one that no artist set (it was derived and
    will be again). One that two changed differently is a conflict.
    """
    sides = sorted(unique(ends, lambda one: one.id).values(), key=shown_first)
    if not sides:
        raise ValueError("a merge needs at least one version")
    return _merged(sides, Past(unique((*versions, *sides), lambda one: one.id)))


def top(tips: Sequence[Version], versions: Mapping[VersionId, Version]) -> Top | None:
    """What is shown of an asset with these tips, the first one first; None without any."""
    if len(tips) < 2:
        return Top(tips[0], tuple(tips)) if tips else None
    past = Past(versions)
    joined, found = [tips[0]], Top(tips[0], (tips[0],))
    for tip in tips[1:MOST_TIPS]:
        together = _together([*joined, tip], past)
        if together is not None:
            joined.append(tip)
            found = together
    inside = {one.id for one in joined}
    return replace(found, apart=tuple(one for one in tips if one.id not in inside))


def _together(sides: Sequence[Version], past: Past) -> Top | None:
    """Tips as one version; None where they are a fork."""
    merged = _merged(sides, past)
    if merged.conflicts:
        return None
    for side in sides:
        if _says(side, merged):
            return Top(side, tuple(sides))
    recipe = fusion.recipe(merged.parameters, merged.links, sides)
    if merged.picture is not None or recipe is None:
        return None
    newest = max(sides, key=lambda one: (one.time, one.id))
    made = Version(
        id=VersionId(""),
        number=max(one.number for one in past.versions) + 1,
        parents=tuple(one.id for one in sides),
        author=newest.author,
        time=newest.time,
        note=NOTE,
        tier=merged.tier,
        parameters=merged.parameters,
        links=merged.links,
        recipe=recipe[0],
        recipe_key=recipe[1],
    )
    try:
        return Top(replace(made, id=_id(made)), tuple(sides), saved=False)
    except BadField:  # together they say more than a version holds
        return None


def _id(version: Version) -> VersionId:
    """An id that stands for all that the version says; raises `BadField` of one that cannot be saved."""
    digest = hashlib.sha256(b"restrike merge/1\0" + codec.encode(version, ("id",)).encode()).digest()
    return VersionId(base64.b32encode(digest[:16]).decode().rstrip("=").lower())


def _says(version: Version, merged: Merge) -> bool:
    """Whether a version says just what a merge does."""
    if set(version.links) != set(merged.links) or version.tier != merged.tier:
        return False
    if fields.picture(version) != merged.picture or fields.chosen(version) != _chosen(merged):
        return False
    names = {*version.parameters, *merged.parameters} - {CHOSEN}
    return all(
        fields.same(version.parameters.get(one, ABSENT), merged.parameters.get(one, ABSENT)) for one in names
    )


def _chosen(merged: Merge) -> frozenset[str] | None:
    names = merged.parameters.get(CHOSEN)
    return None if names is None else frozenset(names)


def _merged(sides: Sequence[Version], past: Past) -> Merge:
    said: dict[str, Any] = {}
    picked: list[str] = []
    conflicts: list[str] = []
    for name, writers in sorted(
        past.writes([one.id for one in sides]).items(), key=lambda one: fields.order(one[0])
    ):
        value, chosen, settled = _settled(name, writers, sides, past)
        if not settled:
            conflicts.append(name)
        if value is not ABSENT:
            said[name] = value
            if chosen:
                picked.append(name)
    parameters = {name: value for name, value in said.items() if fields.parameter(name)}
    if any(fields.chosen(one) is not None for one in sides):
        parameters[CHOSEN] = sorted(picked)
    tier = Tier(said[fields.TIER])
    return Merge(parameters, _links(said, sides), tier, said.get(fields.PICTURE), tuple(conflicts))


def _settled(
    name: str, writers: Sequence[int], sides: Sequence[Version], past: Past
) -> tuple[Any, bool, bool]:
    """The value of one field, whether an artist set it, and whether it is beyond doubt."""
    meant = [one for one in writers if past.meant(one, name)]
    counting = meant or writers
    values = [past.wrote(one, name) for one in counting]
    if all(fields.same(one.value, values[0].value) for one in values):
        return values[0].value, any(one.chosen for one in values), True
    first = next(one for side in sides for one in counting if past.knows(side.id, one, name))
    shown = past.wrote(first, name)
    return shown.value, bool(shown.chosen), not meant


def _links(said: Mapping[str, Any], sides: Sequence[Version]) -> tuple[Link, ...]:
    """The merged inputs, in the order of the tips that have them."""
    wanted = {name.removeprefix(fields.INPUT): roles for name, roles in said.items()}
    found: dict[Link, None] = {}
    for side in sides:
        for link in side.links:
            if link.role in str(wanted.get(link.asset, "")).split(", "):
                found[link] = None
    return tuple(found)
