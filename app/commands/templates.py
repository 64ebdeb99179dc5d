"""Templates: assets with their parameters in a file, to start another project from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from app.commands.table import Arg, Opt, command
from engine.faults import BadField, Conflict, NotFound, WrongUse

if TYPE_CHECKING:
    from app.studio import Studio
    from app.versions import Draft
    from sync.project import Edit
    from sync.records import AssetId, Kind, Link, Tier, Version

FORMAT: Final = "restrike-template/1"
_KEYS: Final = {"name", "kind", "scene", "tier", "note", "fields", "model", "inputs"}
_LARGEST: Final = 16 * 1024 * 1024


class NoTemplate(WrongUse):
    """The file is not one that template save writes."""

    code = "no_template"


@dataclass(frozen=True, slots=True)
class Row:
    """One asset of a template, as it was checked."""

    name: str
    kind: Kind
    scene: str | None
    tier: Tier
    note: str
    fields: dict[str, Any]
    model: Mapping[str, str]
    inputs: tuple[tuple[str, str], ...]


@command("template save", examples=["restrike template save SH010 harbour.json"])
async def template_save(
    studio: Studio,
    *,
    name: Annotated[str, Arg("The asset; the assets that feed it come along.", complete="asset")],
    file: Annotated[Path, Arg("The file to write.", shown="FILE", writes="application/json")],
) -> dict[str, Any]:
    """Write an asset's parameters, and those of everything that feeds it, to a JSON file.

    Assets are named, models given by digest and name; there are no ids and no pictures in it.
    """
    from app import versions
    from engine import graph

    start = versions.find(studio.project.index, name).id
    edges: dict[AssetId, list[AssetId]] = {}
    todo = [start]
    while todo:
        one = todo.pop()
        edges[one] = [link.asset for link in _current(studio, one).links]
        todo += [link for link in edges[one] if link not in edges]
    rows = [_saved_row(studio, one) for one in graph.order(edges)]
    text = json.dumps({"format": FORMAT, "assets": rows}, indent=2, ensure_ascii=False) + "\n"
    fresh = file.with_name(file.name + ".tmp")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
    names = ", ".join(row["name"] for row in rows)
    return {"file": file, "assets": [row["name"] for row in rows], "message": f"{file} holds {names}."}


@command(
    "template apply",
    examples=["restrike template apply harbour.json --dry-run", "restrike template apply harbour.json"],
)
async def template_apply(
    studio: Studio,
    *,
    file: Annotated[Path, Arg("A file that template save wrote.", shown="FILE", reads="application/json")],
    dry_run: Annotated[bool, Opt("--dry-run", help="Say what would happen, and change nothing.")] = False,
) -> dict[str, Any]:
    """Make the template's assets that are missing, and save new versions of those that differ. All or nothing."""
    from app import versions
    from app.trial import tried
    from app.versions import Draft

    rows = _read(file)

    def build(edit: Edit) -> list[tuple[AssetId, Version, str]]:
        draft = Draft(studio, edit)
        return [_apply(draft, row) for row in rows]

    done = tried(studio.project, build) if dry_run else studio.project.commit(build)
    if not dry_run:
        for asset, version, did in done:
            if did != "unchanged":
                versions.show_recipe(studio.project.folder, studio.project.asset(asset), version)
    shown = [{"name": row.name, "did": did} for row, (_, _, did) in zip(rows, done, strict=True)]
    count = sum(one["did"] != "unchanged" for one in shown)
    would = "would change" if dry_run else "changed"
    return {"assets": shown, "dry_run": dry_run, "message": f"{count} of {len(rows)} assets {would}."}


def _current(studio: Studio, asset: AssetId) -> Version:
    from app.choices import current_of

    return current_of(studio.project.asset(asset))


def _saved_row(studio: Studio, asset: AssetId) -> dict[str, Any]:
    from app import versions, views
    from app.catalogue import Shelf
    from app.choices import choice_of
    from sync.rules import history

    facts = studio.project.asset(asset)
    version = _current(studio, asset)
    name = history.name(facts)
    if versions.imported_pixels(version):
        raise WrongUse(
            f"{name} is an imported picture, and a template carries none", "import it in the other project"
        )
    choice = choice_of(version)
    digest = str(version.parameters["model"])
    model = next((one for one in Shelf.of(studio).known if one.digest == digest), None)
    return {
        "name": name,
        "kind": str(facts.asset.kind),
        "scene": facts.asset.scene,
        "tier": str(version.tier),
        "note": version.note,
        "fields": {key: _text(key, value) for key, value in choice.fields.items() if key != "model"},
        "model": {"digest": digest, "name": model.name if model is not None else ""},
        "inputs": [{"asset": views.name_of(studio, link.asset), "role": link.role} for link in version.links],
    }


def _text(key: str, value: Any) -> Any:
    """Seeds as decimal strings: they do not fit into the numbers of every JSON reader."""
    return str(value) if key == "seed" else value


def _apply(draft: Draft, row: Row) -> tuple[AssetId, Version, str]:
    """Make or update one asset; what it says is done holds for a dry run too."""
    from app import versions
    from app.choices import current_of, differs
    from app.versions import Choice
    from sync.rules import history

    known = draft.find(row.name)
    fields = {**row.fields, "model": _model(draft, row)}
    links = tuple(
        sorted((_link(draft, row, one) for one in row.inputs), key=lambda link: (link.role, link.asset))
    )
    choice = Choice(fields, links, row.tier)
    if known is None:
        asset = draft.add_asset(row.kind, row.name, row.scene).asset.id
        return asset, draft.add_version(asset, choice, note=row.note), "added"
    facts = draft.asset(known)
    if facts.asset.kind is not row.kind:
        raise Conflict(
            f"{row.name} is a {facts.asset.kind} here, and a {row.kind} in the template", "rename one of them"
        )
    current = current_of(facts)
    if not versions.imported_pixels(current) and not differs(draft, current, choice):
        return known, current, "unchanged"
    version = draft.add_version(known, choice, note=row.note)
    return known, version, f"new version {history.label(version, draft.asset(known).versions)}"


def _model(draft: Draft, row: Row) -> str:
    """The digest of the template's model; one of the same name is no substitute."""
    digest = row.model["digest"]
    if any(one.digest == digest for one in draft.shelf.known):
        return digest
    names = ", ".join(f"{one.name} ({one.digest[:12]})" for one in draft.shelf.known) or "none"
    raise BadField(
        "model",
        f"{row.model.get('name', '')} {digest[:12]}".strip(),
        f"{names}; others after restrike model add FOLDER",
    )


def _link(draft: Draft, row: Row, one: tuple[str, str]) -> Link:
    from sync.records import Link

    asset = draft.find(one[0])
    if asset is None:
        raise NotFound(
            f"{row.name} is made from {one[0]}, which is neither here nor in the template",
            f"add {one[0]} first",
        )
    return Link(asset=asset, role=one[1])


def _read(file: Path) -> list[Row]:
    """The template's rows, inputs first as they were written; raises `NoTemplate` for what is none."""
    if not file.is_file():
        raise NotFound(f"there is no template {file}", "restrike template save NAME FILE writes one")
    if file.stat().st_size > _LARGEST:
        raise _no_template(file, "it is larger than 16 MB")
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _no_template(file, str(error)) from error
    if (
        not isinstance(value, dict)
        or value.get("format") != FORMAT
        or not isinstance(value.get("assets"), list)
    ):
        raise _no_template(file, f"its format is not {FORMAT}")
    return [_row(file, one) for one in value["assets"]]


def _row(file: Path, value: Any) -> Row:
    from app.choices import ROLES
    from engine import parameters
    from sync.records import Kind, Tier
    from sync.rules.history import CHOSEN

    if not isinstance(value, dict) or not {"name", "kind", "fields", "model"} <= set(value) <= _KEYS:
        raise _no_template(file, "an asset lacks name, kind, fields or model, or has a key that is unknown")
    try:
        inputs = tuple((str(one["asset"]), str(one["role"])) for one in value.get("inputs", ()))
        kind, tier = Kind(value["kind"]), Tier(value.get("tier", Tier.STANDARD))
        fields = dict(value["fields"])
        model = {"digest": str(value["model"]["digest"]), "name": str(value["model"].get("name", ""))}
        if "seed" in fields:
            fields["seed"] = int(fields["seed"])
    except (KeyError, TypeError, ValueError) as error:
        raise _no_template(file, f"{value.get('name')}: {error}") from error
    roles = sorted(set(ROLES.values()))
    for name, role in inputs:
        if role not in roles:
            raise BadField("role", role, ", ".join(roles) + f" for {name}")
    checked = parameters.check({key: one for key, one in fields.items() if key != CHOSEN})
    scene = value.get("scene")
    return Row(
        str(value["name"]),
        kind,
        None if scene is None else str(scene),
        tier,
        str(value.get("note", "")),
        checked,
        model,
        inputs,
    )


def _no_template(file: Path, why: str) -> NoTemplate:
    return NoTemplate(f"{file} is no template: {why}", "write one with restrike template save NAME FILE")
