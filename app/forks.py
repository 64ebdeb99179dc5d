"""What was made apart from one asset: the tips that are shown together, a fork's sides, edits of something removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app import shapes, views
from sync.records import AssetFacts, AssetId, Version
from sync.rules import history, names
from sync.rules.fields import INPUT

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]


def versions(facts: AssetFacts) -> list[Shape]:
    """Every version, the oldest first; last the merge that is shown and that nobody saved yet."""
    saved = history.known(facts.versions)
    known = history.with_merge(facts.versions)
    return [shapes.version(one, history.label(one, known), saved=one.id in saved) for one in known]


def fork(studio: Studio, asset: AssetId) -> Shape | None:
    """The sides of a forked asset, where they differ and what somebody has to decide; None of one that is not."""
    facts = studio.project.asset(asset)
    top, named = history.top(facts.versions), names.standing(facts)
    if top is None or not (top.apart or len(named) > 1):
        return None
    other = top.apart[0] if top.apart else top.version
    changed = changes(studio, top.version, other)
    conflicts = [field_name(studio, one) for one in history.merge(top.tips, facts.versions).conflicts]
    if len(named) > 1:
        changed = [shapes.changed("name", named[0].name, named[1].name), *changed]
        conflicts = ["name", *conflicts]
    return {
        "asset": asset,
        "name": history.name(facts),
        "tips": [
            {**shapes.version(one, history.label(one, facts.versions)), **_author(studio, one)}
            for one in top.tips
        ],
        "changed": changed,
        "conflicts": conflicts,
    }


def _author(studio: Studio, version: Version) -> Shape:
    person = studio.project.members.people.get(version.author)
    return {"author_name": person.name} if person is not None else {}


def apart(studio: Studio, asset: AssetId) -> Shape:
    """What `asset show` says of versions that were made apart.

    `merged` are the tips that are shown as one version which nobody saved yet, `unseen` the versions of a removed asset
    that whoever removed it did not know.
    """
    facts = studio.project.asset(asset)
    top = history.top(facts.versions)
    joined = top.joined if top is not None and not top.saved else ()
    return {
        "merged": [history.label(one, facts.versions) for one in joined],
        "fork": fork(studio, asset),
        "unseen": [history.label(one, facts.versions) for one in history.unseen(facts)],
    }


def changes(studio: Studio, before: Version, after: Version) -> list[Shape]:
    """What differs between two versions; inputs are called `input:NAME` and have roles as values."""
    return [
        shapes.changed(field_name(studio, one.field), one.before, one.after)
        for one in history.changed(before, after)
    ]


def field_name(studio: Studio, field: str) -> str:
    """A field as people see it: an input by the name of its asset."""
    if not field.startswith(INPUT):
        return field
    return INPUT + views.name_of(studio, AssetId(field.removeprefix(INPUT)))
