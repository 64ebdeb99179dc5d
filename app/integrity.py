"""Whether what lies on this disk is what was stored: blobs, the film's files, models; and putting back what can be.

The documents and the index check themselves (`Project.verify`). Each check returns the faults it found, and `repair`
says what it mended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app import film, shapes, versions
from app.catalogue import Shelf
from engine.faults import Damaged
from engine.models import ModelFault
from engine.recipe import FileDigest
from sync.records import AssetFacts, Take
from sync.rules import history

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """A take as the disk is expected to hold it: here, or dropped by this device."""

    facts: AssetFacts
    take: Take
    dropped: bool


def pictures(studio: Studio) -> Iterator[Picture]:
    """Every take of the project, with whether this device dropped its picture on purpose."""
    for row in studio.project.index.assets(gone=None):
        facts = studio.project.asset(row.id)
        for take in facts.takes:
            yield Picture(facts, take, _dropped(facts, take, studio.project.device.id))


def _dropped(facts: AssetFacts, take: Take, device: str) -> bool:
    """Whether the last that this device did with the picture was to drop it."""
    drops = [one.time for one in facts.dropped if one.take == take.id and one.device == device]
    back = [
        one.time
        for one in facts.struck
        if one.take == take.id and one.device == device and one.purpose == "fetch"
    ]
    return bool(drops) and max(drops) > max(back, default="")


def check_blobs(studio: Studio) -> tuple[int, list[Shape]]:
    """How many blobs are stored, and those whose bytes are not what their name says."""
    count = 0
    faults = []
    for digest in list(studio.blobs.digests()):
        count += 1
        if not studio.blobs.verify(digest):
            fix = "it was set aside; restrike storage fetch renders the picture again"
            faults.append(shapes.fault("blob", digest, "its bytes are not what was stored", fix))
    return count, faults


def check_pictures(studio: Studio, *, repair: bool) -> tuple[int, list[Shape], list[str]]:
    """Takes whose picture is missing, and files of the film that are missing or were changed."""
    count = 0
    faults: list[Shape] = []
    repaired: list[str] = []
    for one in pictures(studio):
        count += 1
        label = f"{history.name(one.facts)} {Path(one.take.file).name}"
        if one.dropped or one.take.device != studio.project.device.id:
            continue
        if repair and _put_back(studio, one):
            repaired.append(f"{label} is stored again, from its file")
        if not studio.blobs.has(one.take.sha256):
            fix = (
                "a copy of the file, if you have one, or import it again"
                if one.take.imported
                else "restrike storage fetch renders it again"
            )
            faults.append(shapes.fault("picture", one.take.id, f"the picture of {label} is gone", fix))
            continue
        fault = _check_file(studio, one, label)
        if fault is not None and repair and fault["what"] == "file":
            _link(studio, one)
            repaired.append(f"{label} is back in its folder")
        elif fault is not None:
            faults.append(fault)
    return count, faults, repaired


def _check_file(studio: Studio, one: Picture, label: str) -> Shape | None:
    try:
        path = film.inside(studio.project.folder, one.take.file)
    except Damaged as damaged:
        return shapes.fault("record", one.take.id, damaged.message, damaged.hint)
    if not path.exists():
        fix = "restrike verify --repair puts it back"
        return shapes.fault("file", one.take.id, f"{label} is not in its folder", fix)
    if path.samefile(studio.blobs.path(one.take.sha256)) or _sha256(path) == one.take.sha256:
        return None
    fix = f"move {path} away, then restrike verify --repair"
    return shapes.fault("changed file", one.take.id, f"{path} is not what was rendered", fix)


def _link(studio: Studio, one: Picture) -> None:
    path = film.inside(studio.project.folder, one.take.file)
    studio.blobs.link(one.take.sha256, path, inside=studio.project.folder)


def _put_back(studio: Studio, one: Picture) -> bool:
    """Store a picture again whose file in the film's folders still holds the right bytes."""
    try:
        path = film.inside(studio.project.folder, one.take.file)
    except Damaged:
        return False
    if studio.blobs.has(one.take.sha256) or not path.is_file() or _sha256(path) != one.take.sha256:
        return False
    studio.blobs.put(path.read_bytes())
    return True


def _sha256(path: Path) -> FileDigest:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return FileDigest(found.hexdigest())


def check_recipe_files(studio: Studio, *, repair: bool) -> tuple[int, list[Shape], list[str]]:
    """Recipe files of current versions that are missing; `repair` writes them again."""
    count = 0
    faults: list[Shape] = []
    repaired: list[str] = []
    for row in studio.project.index.assets():
        facts = studio.project.asset(row.id)
        top = history.top(facts.versions)
        if top is None or not top.saved:
            continue
        current = top.version
        count += 1
        label = history.label(current, facts.versions)
        relative = film.recipe_path(facts.asset.kind, facts.asset.scene, history.name(facts), label)
        if film.inside(studio.project.folder, relative).exists():
            continue
        if repair:
            versions.show_recipe(studio.project.folder, facts, current)
            repaired.append(f"{relative.name} is written again")
        else:
            fix = "restrike verify --repair writes it again"
            faults.append(shapes.fault("recipe file", current.id, f"{relative} is missing", fix))
    return count, faults, repaired


def check_models(studio: Studio) -> tuple[int, list[Shape]]:
    """Models of this machine that changed, and models that assets need and that are not here."""
    here = {one.digest for one in studio.models.facts()}
    used = {row.parameters.get("model") for row in studio.project.index.assets()} - {None}
    faults = []
    for one in Shelf.of(studio).known:
        if one.digest not in here:
            if one.digest in used:
                fix = "get its folder and add it: restrike model add FOLDER"
                faults.append(shapes.fault("model", one.digest, f"{one.name} is not on this machine", fix))
            continue
        try:
            studio.models.verify(one.digest)
        except ModelFault as fault:
            faults.append(shapes.fault("model", one.digest, fault.message, fault.hint))
    return len(here), faults
