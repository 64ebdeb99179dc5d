"""Models: making them known, checking them, saying which replaces which."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from app.commands.table import Arg, Opt, Outcome, Report, Said, command
from engine.faults import Conflict, NotFound, WrongUse

if TYPE_CHECKING:
    from app.catalogue import Shelf
    from app.studio import Studio
    from engine.models import ModelFacts
    from sync.project import Edit
    from sync.records import Setting

_MODEL = "A model: its name, its digest or the beginning of it."


@command("model list", examples=["restrike model list", "restrike model list --json"])
async def model_list(studio: Studio) -> dict[str, Any]:
    """List the models that this project names or this machine has, with what they can draw."""
    from app.catalogue import Shelf

    return {"models": _shapes(studio, Shelf.of(studio))}


@command(
    "model add",
    examples=[
        "restrike model add ~/models/sd-turbo",
        "restrike model add ./starter-v2 --name harbour-v2 --default",
    ],
)
async def model_add(
    studio: Studio,
    *,
    folder: Annotated[
        Path,
        Arg("A diffusers pipeline folder with safetensors weights; it stays where it is.", shown="FOLDER"),
    ],
    name: Annotated[
        str | None, Opt("--name", help="What to call it; otherwise what the folder says.")
    ] = None,
    default: Annotated[bool, Opt("--default", help="Use it for new assets from now on.")] = False,
) -> dict[str, Any]:
    """Check a model folder, take its digest and make it known to this machine and this project.

    Pickles, remote code and foreign pipeline classes are refused.
    """
    from app.catalogue import Shelf, model_record
    from sync.project import PROJECT_DOCUMENT

    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", "name the folder that holds model_index.json")
    facts = studio.models.add(folder.expanduser(), name)

    def build(edit: Edit) -> None:
        if facts.digest not in {one.digest for one in studio.project.models()}:
            edit.add(PROJECT_DOCUMENT, model_record(edit, facts))
        if default:
            edit.add(PROJECT_DOCUMENT, setting(edit, "default_model", facts.digest))

    studio.project.commit(build)
    [shape] = [one for one in _shapes(studio, Shelf.of(studio)) if one["digest"] == facts.digest]
    return {**shape, "message": f"{facts.name} is known as {facts.digest[:12]}."}


@command("model verify", examples=["restrike model verify", "restrike model verify starter-v1"])
async def model_verify(
    studio: Studio,
    report: Report,
    *,
    name: Annotated[str | None, Arg(_MODEL, complete="model")] = None,
) -> dict[str, Any]:
    """Read all weights on this machine again and compare them with their digests; exit 1 if one differs."""
    from app.catalogue import Shelf

    shelf = Shelf.of(studio)
    wanted = {shelf.find(name).digest} if name else {one.digest for one in studio.models.facts()}
    found = []
    for shape in _shapes(studio, shelf):
        if shape["digest"] not in wanted:
            continue
        report(Said(f"reading {shape['name']} …"))
        found.append({**shape, **_checked(studio, shape["digest"])})
    return Outcome({"models": found}, 0 if all(one["ok"] for one in found) else 1)


@command("model supersede", examples=["restrike model supersede starter-v1 starter-v2"])
async def model_supersede(
    studio: Studio,
    *,
    old: Annotated[str, Arg(_MODEL, complete="model", shown="OLD")],
    new: Annotated[str, Arg("The model that is meant to replace it.", complete="model", shown="NEW")],
) -> dict[str, Any]:
    """Say that one model is meant to replace another. Nothing moves by itself: versions keep their model."""
    from app.catalogue import Shelf, model_record
    from sync.project import PROJECT_DOCUMENT
    from sync.records import FactId, Superseded

    shelf = Shelf.of(studio)
    before, after = shelf.find(old), shelf.find(new)
    if before.digest == after.digest:
        raise WrongUse(f"{old} and {new} are the same model", "restrike model list shows the digests")
    _check_order(shelf, before, after)

    def build(edit: Edit) -> None:
        known = {one.digest for one in studio.project.models()}
        for facts in (before, after):
            if facts.digest not in known:
                edit.add(PROJECT_DOCUMENT, model_record(edit, facts))
        fact = Superseded(
            id=FactId(edit.new_id()), old=before.digest, new=after.digest, author=edit.member, time=edit.now
        )
        edit.add(PROJECT_DOCUMENT, fact)

    if not any((one.old, one.new) == (before.digest, after.digest) for one in shelf.superseded):
        studio.project.commit(build)
    [shape] = [one for one in _shapes(studio, Shelf.of(studio)) if one["digest"] == after.digest]
    return {**shape, "message": f"{after.name} supersedes {before.name}; assets keep the model they have."}


def setting(edit: Edit, key: str, value: Any) -> Setting:
    """A project-wide choice, made now."""
    from sync.records import FactId, Setting

    return Setting(id=FactId(edit.new_id()), key=key, value=value, author=edit.member, time=edit.now)


def _check_order(shelf: Shelf, before: ModelFacts, after: ModelFacts) -> None:
    """Refuse a circle of replacements."""
    newer, todo = set(), [after.digest]
    while todo:
        one = todo.pop()
        newer.add(one)
        todo += [link.new for link in shelf.superseded if link.old == one and link.new not in newer]
    if before.digest in newer:
        raise Conflict(
            f"{before.name} is already meant to replace {after.name}",
            "restrike model list shows which replaces which",
        )


def _checked(studio: Studio, digest: str) -> dict[str, Any]:
    from engine.models import ModelFault

    facts = next((one for one in studio.models.facts() if one.digest == digest), None)
    if facts is None:
        return {"ok": False, "detail": "not on this machine", "fix": "restrike model add FOLDER"}
    try:
        studio.models.verify(facts.digest)
    except ModelFault as fault:
        return {"ok": False, "detail": fault.message, "fix": fault.hint}
    return {"ok": True, "detail": f"{len(facts.files)} files are what they were", "fix": ""}


def _shapes(studio: Studio, shelf: Shelf) -> list[dict[str, Any]]:
    from app import shapes

    here = {one.digest for one in studio.models.facts()}
    used = Counter(row.parameters.get("model") for row in studio.project.index.assets())
    default = studio.project.setting("default_model", None)
    return [
        shapes.model(
            name=one.name,
            digest=one.digest,
            size=one.bytes,
            pipeline=one.pipeline,
            source=one.source,
            licence=one.licence,
            present=["here"] if one.digest in here else [],
            superseded=shelf.superseded,
            assets=used[one.digest],
            default=one.digest == default,
            draws=one.draws,
        )
        for one in shelf.known
    ]
