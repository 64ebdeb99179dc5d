"""Assets: adding, changing, listing, renaming, removing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from app.commands.table import Arg, Opt, command
from engine.faults import BadField, Conflict, Refused
from sync.kinds import Kind

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.project import Edit
    from sync.records import AssetId, Version
    from sync.tables import AssetRow

_FIELDS = (
    "Fields of the recipe as key=value: prompt, negative_prompt, seed, steps, guidance, width, height, strength, "
    "scheduler, model, dtype, salt; and tier=low|standard|high. An empty value goes back to the default."
)
_INPUT = "An asset that feeds this one, as NAME:ROLE; roles are image, environment, character, prop, style."


@command(
    "asset add",
    examples=[
        'restrike asset add character MARA prompt="a red traveller" seed=7',
        "restrike asset add shot SH010 --scene SC-01 --input MARA:character --input HARBOUR:environment tier=low",
        "restrike asset add prop LANTERN --from-image lantern.png",
    ],
)
async def asset_add(
    studio: Studio,
    *,
    kind: Annotated[Kind, Arg("What it is: character, style, environment, prop or shot.")],
    name: Annotated[str, Arg("Its name: 1 to 64 letters, digits, - _ and ., one of a kind in the project.")],
    assignments: Annotated[list[str], Arg(_FIELDS, complete="field", shown="key=value")] = [],  # noqa: B006
    scene: Annotated[
        str | None, Opt("--scene", help="The scene that a shot belongs to.", complete="scene")
    ] = None,
    from_image: Annotated[
        Path | None,
        Opt(
            "--from-image",
            help="A picture: of restrike's own the recipe is recalled, any other is imported as it is.",
            shown="PNG",
            reads="image/*",
        ),
    ] = None,
    input: Annotated[list[str], Opt("--input", help=_INPUT, complete="input", shown="NAME:ROLE")] = [],  # noqa: B006
    note: Annotated[str, Opt("--note", help="A remark kept with the version.")] = "",
) -> dict[str, Any]:
    """Make a new asset with its first version.

    What is not said gets the model's default for the tier, and a seed of its own. A shot that names environment,
    character or style assets is drawn from their pictures and words; those are rendered first.
    """
    from app import choices, pictures
    from app.versions import Draft

    wanted = choices.read(assignments, input)
    if from_image is not None:
        picture = pictures.read(from_image)
        return pictures.add(
            studio, picture, kind, name, scene, wanted.fields, wanted.tier, wanted.inputs, note
        )

    def build(edit: Edit) -> tuple[AssetId, Version]:
        draft = Draft(studio, edit)
        facts = draft.add_asset(kind, name, scene)
        choice = choices.first_choice(studio, draft, wanted)
        return facts.asset.id, draft.add_version(facts.asset.id, choice, note=note)

    asset, version = studio.project.commit(build)
    return choices.saved(studio, asset, version)


@command(
    "asset set",
    examples=[
        'restrike asset set MARA prompt="a green traveller" --note "green after all"',
        "restrike asset set SH010 --input STORM:environment --drop-input HARBOUR",
        "restrike asset set SH010 steps=30 strength= --expect-version 4",
    ],
)
async def asset_set(
    studio: Studio,
    *,
    name: Annotated[str, Arg("The asset.", complete="asset")],
    assignments: Annotated[list[str], Arg(_FIELDS, complete="field", shown="key=value")] = [],  # noqa: B006
    input: Annotated[list[str], Opt("--input", help=_INPUT, complete="input", shown="NAME:ROLE")] = [],  # noqa: B006
    drop_input: Annotated[
        list[str],
        Opt(
            "--drop-input",
            help="An asset that shall feed this one no longer.",
            complete="asset",
            shown="NAME",
        ),
    ] = [],  # noqa: B006
    note: Annotated[str, Opt("--note", help="A remark kept with the version.")] = "",
    expect_version: Annotated[
        int | None,
        Opt(
            "--expect-version", help="Only if this is still the current number; otherwise exit 4.", shown="N"
        ),
    ] = None,
) -> dict[str, Any]:
    """Save a new version of an asset. Earlier versions and their takes stay as they are.

    When nothing would change, nothing is saved and the answer says so.
    """
    from app import attention, choices, pictures, versions, views
    from app.versions import Draft

    wanted = choices.read(assignments, input)
    asset = versions.find(studio.project.index, name).id

    def build(edit: Edit) -> Version | None:
        draft = Draft(studio, edit)
        facts = draft.asset(asset)
        current = choices.current_of(facts)
        choices.check_expected(facts, current, expect_version)
        choice = choices.next_choice(draft, facts, current, wanted, drop_input)
        if not choices.differs(draft, current, choice):
            return None
        return draft.add_version(asset, choice, note=note, recipe=pictures.kept_recipe(current, choice))

    version = studio.project.commit(build)
    if version is None:
        shape = views.asset(studio, asset)
        return {**shape, "message": f"Nothing changed: {shape['name']} stays at {shape['version_label']}."}
    value = choices.saved(studio, asset, version)
    changed = {*wanted.fields, *(["inputs"] if input or drop_input else [])}
    return {**value, "message": value["message"] + attention.warning(studio, asset, changed)}


@command(
    "asset list",
    examples=[
        "restrike asset list --kind shot --scene SC-01",
        'restrike asset list --where "kind = shot and not stale and prompt ~ storm"',
        "restrike asset list --stale --json",
    ],
)
async def asset_list(
    studio: Studio,
    *,
    kind: Annotated[Kind | None, Opt("--kind", help="Only assets of this kind.")] = None,
    scene: Annotated[str | None, Opt("--scene", help="Only shots of this scene.", complete="scene")] = None,
    where: Annotated[
        str | None,
        Opt("--where", help="Only what a query selects; restrike help queries explains it.", shown="QUERY"),
    ] = None,
    stale: Annotated[bool, Opt("--stale", help="Only assets whose takes are out of date.")] = False,
    removed: Annotated[bool, Opt("--removed", help="Only assets that were removed.")] = False,
    limit: Annotated[int | None, Opt("--limit", help="At most so many.", shown="N")] = None,
    offset: Annotated[int, Opt("--offset", help="Leave out so many from the top.", shown="N")] = 0,
) -> dict[str, Any]:
    """List assets by name."""
    from app import views

    chosen: dict[str, Any] = {"kind": kind, "scene": scene, "where": where, "stale": stale, "gone": removed}
    rows, total = views.page(studio, **chosen, limit=limit, offset=offset)
    found: dict[str, Any] = {"assets": views.assets(studio, rows), "total": total}
    more = total - len(rows) - max(offset, 0)
    return {**found, "more": more} if more > 0 else found


@command("asset show", examples=["restrike asset show MARA", "restrike asset show SH010 --json"])
async def asset_show(
    studio: Studio, *, name: Annotated[str, Arg("The asset, by name or id.", complete="asset")]
) -> dict[str, Any]:
    """Show an asset at its current version: fields, inputs, recipe key, takes."""
    from app import versions, views

    row = versions.find(studio.project.index, name, gone=True)
    return views.asset_in_full(studio, row.id)


@command("asset rename", examples=["restrike asset rename MARA MARA_OLD"])
async def asset_rename(
    studio: Studio,
    *,
    name: Annotated[str, Arg("The asset.", complete="asset")],
    new: Annotated[str, Arg("Its new name.")],
) -> dict[str, Any]:
    """Give an asset another name. Files already written keep theirs; new ones get the new name."""
    from app import film, versions, views
    from engine.recipe import normal_text
    from sync.project import asset_document
    from sync.records import FactId, Renamed
    from sync.rules import names

    row = versions.find(studio.project.index, name)
    fresh = film.check_name(normal_text(new))

    def build(edit: Edit) -> None:
        taken = edit.index.find_asset(fresh)
        if taken is not None and taken.id != row.id and not taken.gone:
            raise BadField("name", fresh, "a name that is not taken")
        over = names.over(edit.asset(row.id))
        fact = Renamed(id=FactId(edit.new_id()), name=fresh, author=edit.member, time=edit.now, over=over)
        edit.add(asset_document(row.id), fact)

    if fresh != row.name or len(names.standing(studio.project.asset(row.id))) > 1:
        studio.project.commit(build)
    return {**views.asset(studio, row.id), "message": f"{row.name} is called {fresh}."}


@command("asset remove", examples=["restrike asset remove MARA", "restrike asset remove MARA --undo"])
async def asset_remove(
    studio: Studio,
    *,
    name: Annotated[str, Arg("The asset.", complete="asset")],
    undo: Annotated[bool, Opt("--undo", help="Bring a removed asset back.")] = False,
    dry_run: Annotated[bool, Opt("--dry-run", help="Say what would happen, and change nothing.")] = False,
) -> dict[str, Any]:
    """Take an asset out of lists and renders. Its versions and takes are kept, and --undo brings it back.

    Refused while another asset uses it as an input.
    """
    from app import versions, views
    from sync.project import asset_document
    from sync.records import FactId, Removed
    from sync.rules import history

    row = views.removed(studio, name) if undo else versions.find(studio.project.index, name)
    asset = row.id

    def build(edit: Edit) -> None:
        _check_removal(edit, row, undo)
        if not dry_run:
            seen = tuple(one.id for one in history.tips(edit.asset(asset).versions))
            fact = Removed(
                id=FactId(edit.new_id()), gone=not undo, author=edit.member, time=edit.now, seen=seen
            )
            edit.add(asset_document(asset), fact)

    studio.project.commit(build)
    back = f"restrike asset remove {row.name} --undo brings it back"
    done = f"{row.name} is back." if undo else f"{row.name} is removed ({back})."
    would = f"{row.name} would come back." if undo else f"{row.name} would be removed; {back}."
    return {**views.asset(studio, asset), "dry_run": dry_run, "message": would if dry_run else done}


def _check_removal(edit: Edit, row: AssetRow, undo: bool) -> None:
    if undo:
        taken = edit.index.find_asset(row.name)
        if taken is not None and taken.id != row.id and not taken.gone:
            hint = f"rename that one first: restrike asset rename {row.name} NEW"
            raise Conflict(f"another asset is called {row.name} now", hint)
        return
    users = [one.name for one in edit.index.users_of(row.id) if not one.gone]
    if users:
        hint = f"drop the input first: restrike asset set {users[0]} --drop-input {row.name}"
        raise Refused(f"{row.name} feeds {', '.join(users)}", hint)
