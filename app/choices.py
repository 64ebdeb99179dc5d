"""From what an artist says to the choice that a version is made of, and what is answered once it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app import versions, views
from app.catalogue import Shelf
from app.errors import shortened
from app.versions import Choice, Draft
from engine import parameters
from engine.faults import BadField, Conflict
from sync.records import AssetFacts, AssetId, Kind, Link, Tier, Version
from sync.rules import history
from sync.rules.history import CHOSEN

if TYPE_CHECKING:
    from app.studio import Studio

ROLES: Final[Mapping[Kind, str]] = {
    Kind.CHARACTER: "character",
    Kind.STYLE: "style",
    Kind.ENVIRONMENT: "environment",
    Kind.PROP: "prop",
    Kind.SHOT: "image",
}
"""The role that an input of each kind has when none is named."""

STEADY: Final = ("model", "seed")
"""The fields that the next version keeps even when nobody chose them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was written on the command line: fields, tier, and inputs by name and role."""

    fields: dict[str, Any]
    tier: Tier | None
    inputs: tuple[tuple[str, str | None], ...]


def read(assignments: Sequence[str], inputs: Sequence[str]) -> Wanted:
    """Assignments and inputs as they were typed; `NAME:ROLE` may also follow an `--input` without repeating it."""
    links = [*inputs, *(one for one in assignments if "=" not in one and ":" in one)]
    fields, tier = split_tier([one for one in assignments if "=" in one or ":" not in one])
    return Wanted(parameters.parse(fields), tier, tuple(_input(one) for one in links))


def _input(text: str) -> tuple[str, str | None]:
    name, sign, role = text.partition(":")
    roles = sorted(set(ROLES.values()))
    if not name or (sign and role not in roles):
        raise BadField("input", text, f"NAME:ROLE with a role of {', '.join(roles)}")
    return name, role or None


def first_choice(studio: Studio, draft: Draft, wanted: Wanted) -> Choice:
    """The choice of a first version: what was said, a model, a seed."""
    fields = {name: value for name, value in wanted.fields.items() if value is not None}
    if "model" not in fields:
        newest = [one.digest for one in studio.models.bundled()][-1:]
        default = studio.project.setting("default_model", *newest)
        if default is None:
            known = ", ".join(one.name for one in draft.shelf.known)
            raise BadField("model", None, known or "one that is known here: restrike model add FOLDER")
        fields["model"] = default
    fields["model"] = draft.shelf.find(str(fields["model"])).digest
    fields.setdefault("seed", draft.seed())
    return Choice(fields, linked(draft, (), wanted.inputs), wanted.tier or Tier.STANDARD)


def next_choice(
    draft: Draft, facts: AssetFacts, current: Version, wanted: Wanted, dropped: Sequence[str]
) -> Choice:
    """The choice of a following version: the current one with what was said."""
    before = choice_of(current)
    fields = changed_fields(before.fields, wanted.fields)
    if versions.imported_pixels(current) and "model" in wanted.fields:
        fields.setdefault("seed", draft.seed())
    if fields.get("model") is not None:
        fields["model"] = draft.shelf.find(str(fields["model"])).digest
    gone = {_dropped(draft, facts, current, name) for name in dropped}
    kept = tuple(link for link in before.links if link.asset not in gone)
    return Choice(fields, linked(draft, kept, wanted.inputs), wanted.tier or before.tier)


def linked(
    draft: Draft, links: tuple[Link, ...], inputs: Sequence[tuple[str, str | None]]
) -> tuple[Link, ...]:
    """Links with further inputs by name; naming one that is there already gives it another role."""
    by_asset = {link.asset: link for link in links}
    for name, role in inputs:
        row = versions.find(draft.edit.index, name)
        link = Link(asset=row.id, role=role or ROLES[Kind(row.kind)])
        by_asset[link.asset] = link
    return tuple(sorted(by_asset.values(), key=lambda link: (link.role, link.asset)))


def _dropped(draft: Draft, facts: AssetFacts, current: Version, name: str) -> AssetId:
    row = draft.edit.index.find_asset(name)
    if row is None or all(link.asset != row.id for link in current.links):
        fed_by = ", ".join(history.name(draft.asset(link.asset)) for link in current.links) or "nothing"
        raise BadField("drop-input", name, f"what feeds {history.name(facts)}: {fed_by}")
    return row.id


def current_of(facts: AssetFacts) -> Version:
    """The version that an edit goes on from; the asset has one unless its document is not all here yet."""
    current = history.current(facts.versions)
    if current is None:
        raise Conflict(
            f"{history.name(facts)} has no version yet", "its document is not complete here; merge again"
        )
    return current


def check_expected(facts: AssetFacts, current: Version, expected: int | None) -> None:
    """Raise `Conflict` unless `expected` is the current number."""
    if expected is not None and expected != current.number:
        raise Conflict(
            f"{history.name(facts)} is at version {current.number}, not {expected}",
            f"look at it and set again with --expect-version {current.number}",
        )


def differs(draft: Draft, current: Version, choice: Choice) -> bool:
    """Whether saving the choice would say anything new."""
    before = choice_of(current)
    if dict(choice.fields) != dict(before.fields) or set(choice.links) != set(before.links):
        return True
    if choice.tier != before.tier:
        return True
    if versions.imported_pixels(current):
        return False
    return versions.freeze(draft, draft.shelf, choice)[1].key != current.recipe_key


def saved(studio: Studio, asset: AssetId, version: Version) -> dict[str, Any]:
    """The answer after a version was saved; its recipe file is written."""
    facts = studio.project.asset(asset)
    path = versions.show_recipe(studio.project.folder, facts, version)
    shape = views.asset(studio, asset)
    label = history.label(version, facts.versions)  # another process may have saved a newer one already
    model = next(
        (one for one in Shelf.of(studio).known if one.digest == shape["parameters"].get("model")),
        None,
    )
    words = shortened(str(shape["parameters"].get("prompt") or ""), 40)
    with_model = f" with {model.name}" if model is not None else ""
    message = f"{shape['name']} {label} saved{with_model}" + (f": {words}" if words else "")
    return {**shape, "file": path, "message": message}


def choice_of(version: Version) -> Choice:
    """What the artist chose in a version, as a starting point for the next."""
    names = {*version.parameters.get(CHOSEN, ()), *STEADY}
    fields = {name: value for name, value in version.parameters.items() if name in names and name != CHOSEN}
    return Choice(fields, version.links, version.tier)


def changed_fields(fields: Mapping[str, Any], assignments: Mapping[str, Any]) -> dict[str, Any]:
    """Explicit fields after assignments; a value of None goes back to the default (the seed and the model stay)."""
    result = {**fields, **assignments}
    return {
        name: result[name] if result[name] is not None else fields[name]
        for name in result
        if result[name] is not None or (name in STEADY and name in fields)
    }


def split_tier(assignments: Sequence[str]) -> tuple[list[str], Tier | None]:
    """Take `tier=…` out of assignments: it is no field of the recipe."""
    tier: Tier | None = None
    rest = []
    for one in assignments:
        name, sign, value = one.partition("=")
        if sign and name == "tier":
            if value not in list(Tier):
                raise BadField("tier", value, ", ".join(Tier))
            tier = Tier(value)
        else:
            rest.append(one)
    return rest, tier
