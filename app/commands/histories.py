"""What happened to an asset: versions, differences, going back, settling forks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from app.commands.table import Arg, Opt, command
from engine.faults import BadField, WrongUse

if TYPE_CHECKING:
    from app.studio import Studio
    from app.versions import Choice
    from sync.project import Edit
    from sync.records import AssetFacts, Version

_VERSION = "A version: v03, v03-k7qd, 3, or its id."


@command("asset history", examples=["restrike asset history MARA"])
async def asset_history(
    studio: Studio, *, name: Annotated[str, Arg("The asset.", complete="asset")]
) -> dict[str, Any]:
    """List the versions of an asset, oldest first, with what each one was made from."""
    from app import forks

    return {"versions": forks.versions(_facts(studio, name))}


@command("asset diff", examples=["restrike asset diff MARA v01 v03"])
async def asset_diff(
    studio: Studio,
    *,
    name: Annotated[str, Arg("The asset.", complete="asset")],
    before: Annotated[str, Arg(_VERSION, shown="V1")],
    after: Annotated[str, Arg(_VERSION, shown="V2")],
) -> dict[str, Any]:
    """Show what changed between two versions: fields, inputs, tier."""
    from app import finding, forks

    facts = _facts(studio, name)
    return {"changed": forks.changes(studio, finding.version(facts, before), finding.version(facts, after))}


@command("asset restore", examples=["restrike asset restore MARA v01"])
async def asset_restore(
    studio: Studio,
    *,
    name: Annotated[str, Arg("The asset.", complete="asset")],
    version: Annotated[str, Arg(_VERSION)],
    note: Annotated[str, Opt("--note", help="A remark kept with the new version.")] = "",
    expect_version: Annotated[
        int | None,
        Opt(
            "--expect-version", help="Only if this is still the current number; otherwise exit 4.", shown="N"
        ),
    ] = None,
) -> dict[str, Any]:
    """Go back: save a new version with an earlier one's fields, inputs and tier. Nothing is lost."""
    from app import finding, pictures, versions, views
    from app.choices import check_expected, choice_of, current_of, differs, saved
    from app.versions import Draft
    from sync.rules import history

    asset = versions.find(studio.project.index, name).id

    def build(edit: Edit) -> Version | None:
        draft = Draft(studio, edit)
        facts = draft.asset(asset)
        current, wanted = current_of(facts), finding.version(facts, version)
        check_expected(facts, current, expect_version)
        choice = choice_of(wanted)
        same = versions.imported_pixels(wanted) == versions.imported_pixels(current)
        if same and not differs(draft, current, choice):
            return None
        label = history.label(wanted, facts.versions)
        kept = pictures.kept_recipe(wanted, choice)
        return draft.add_version(asset, choice, note=note or f"restored from {label}", recipe=kept)

    fresh = studio.project.commit(build)
    if fresh is None:
        shape = views.asset(studio, asset)
        message = f"Nothing to restore: {shape['name']} {shape['version_label']} is the same."
        return {**shape, "message": message}
    return saved(studio, asset, fresh)


@command("asset forks", examples=["restrike asset forks"])
async def asset_forks(studio: Studio) -> dict[str, Any]:
    """List assets of which one field was set to two values by people who did not know of each other.

    Changes of different fields are joined by themselves, and are no fork.
    """
    from app import forks, views

    rows = views.rows(studio, kind=None, scene=None, where="forked", stale=False)
    found = (forks.fork(studio, row.id) for row in rows)
    return {"forks": [one for one in found if one is not None]}


@command(
    "asset resolve",
    examples=[
        "restrike asset resolve MARA",
        "restrike asset resolve MARA --take-from v03",
        "restrike asset resolve MARA --take-from v03 --field prompt=v03-k7qd",
    ],
)
async def asset_resolve(
    studio: Studio,
    *,
    name: Annotated[str, Arg("The forked asset.", complete="asset")],
    take_from: Annotated[
        str | None,
        Opt(
            "--take-from",
            help="The tip that counts; without it the changes of both are joined, where these do not clash.",
            shown="V",
        ),
    ] = None,
    field: Annotated[
        list[str],
        Opt(
            "--field",
            help="Take this field from another version, as FIELD=V; also inputs=V and tier=V.",
            shown="FIELD=V",
        ),
    ] = [],  # noqa: B006
    note: Annotated[str, Opt("--note", help="A remark kept with the new version.")] = "",
) -> dict[str, Any]:
    """Settle a fork: save a version that has both tips as parents."""
    from app import pictures, versions
    from app.choices import saved
    from app.versions import Draft
    from sync.rules import history

    asset = versions.find(studio.project.index, name).id

    def build(edit: Edit) -> Version:
        draft = Draft(studio, edit)
        facts = draft.asset(asset)
        tips = history.tips(facts.versions)
        if len(tips) < 2:
            raise WrongUse(
                f"{history.name(facts)} is not forked", "restrike asset forks lists those that are"
            )
        base, choice = _settled(facts, tips, take_from, [one.partition("=")[0] for one in field])
        for one in field:
            choice = _with_field(facts, choice, one)
        return draft.add_version(
            asset, choice, parents=tips, note=note, recipe=pictures.kept_recipe(base, choice)
        )

    return saved(studio, asset, studio.project.commit(build))


def _facts(studio: Studio, name: str) -> AssetFacts:
    from app import versions

    row = versions.find(studio.project.index, name, gone=True)
    return studio.project.asset(row.id)


def _settled(
    facts: AssetFacts, tips: Sequence[Version], take_from: str | None, decided: Sequence[str]
) -> tuple[Version, Choice]:
    """The version to start from and its choice: one tip's, or what the rule joins of all."""
    from app import finding
    from app.choices import STEADY, choice_of, current_of
    from app.versions import Choice
    from sync.records import Tier
    from sync.rules import history
    from sync.rules.history import CHOSEN

    if take_from is not None:
        base = finding.version(facts, take_from)
        return base, choice_of(base)
    merged = history.merge(tips, facts.versions)
    open_fields = [one for one in merged.conflicts if _column(one) not in decided]
    if open_fields:
        labels = " or ".join(history.label(one, facts.versions) for one in tips)
        raise WrongUse(
            f"the tips of {history.name(facts)} both changed {', '.join(open_fields)}",
            f"say which counts: --take-from {labels}",
        )
    base = current_of(facts)
    joined = {name: value for name, value in merged.parameters.items() if name != CHOSEN}
    names = {*merged.parameters.get(CHOSEN, ()), *STEADY}
    fields = {name: value for name, value in joined.items() if name in names}
    return base, Choice(fields, tuple(merged.links), Tier(merged.tier))


def _column(field: str) -> str:
    """What `--field` calls a field of a merge: all inputs are one."""
    return "inputs" if field.startswith("input:") else field


def _with_field(facts: AssetFacts, choice: Choice, text: str) -> Choice:
    """The choice with one field as another version has it."""
    from app import finding
    from app.choices import choice_of
    from app.versions import Choice
    from sync.rules.history import CHOSEN

    name, sign, label = text.partition("=")
    if not sign or not label:
        raise BadField("field", text, "FIELD=V, such as prompt=v03")
    other = finding.version(facts, label)
    if name == "tier":
        return Choice(choice.fields, choice.links, other.tier)
    if name == "inputs":
        return Choice(choice.fields, other.links, choice.tier)
    known: Mapping[str, Any] = {key: value for key, value in other.parameters.items() if key != CHOSEN}
    if name not in known and name not in choice.fields:
        raise BadField("field", name, ", ".join(sorted({*known, *choice.fields, "inputs", "tier"})))
    theirs = choice_of(other).fields
    rest = {key: value for key, value in choice.fields.items() if key != name}
    return Choice({**rest, name: theirs[name]} if name in theirs else rest, choice.links, choice.tier)
