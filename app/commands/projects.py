"""Projects: starting one, and what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from app import film, settings
from app.commands.table import Arg, Opt, command
from app.place import PRIVATE, Place, enclosing
from engine.faults import BadField, Conflict, Refused, WrongUse

if TYPE_CHECKING:
    from app.studio import Studio
    from engine.models import ModelFacts
    from sync.project import Edit

STATES: Final = ("pending", "owned", "running", "finished", "cancelled", "failed")


@command("init", examples=['restrike init MYFILM --name "My film"', "restrike init ."])
async def init(
    place: Place,
    *,
    folder: Annotated[Path, Arg("The project's folder; it is made if it is not there.", shown="DIR")],
    name: Annotated[
        str | None, Opt("--name", help="What the film is called; otherwise as the folder.")
    ] = None,
) -> dict[str, Any]:
    """Start a new project: its folders, Git's settings for media, and the newest bundled model.

    A folder that has files already is fine; they are left alone.
    """
    from engine.models import Installed
    from resources import bundled_models
    from sync.project import Project

    target = (place.folder / folder).resolve()
    title = _title(target.name if name is None else name)
    _check_target(target)
    bundled = Installed(place.home, bundled_models()).bundled()
    target.mkdir(parents=True, exist_ok=True)
    lay_out(target)
    keyring = settings.read(place.home).keyring
    async with Project.create(
        target, title, home=place.home, clock=place.clock, random=place.random, keyring=keyring
    ) as project:
        project.commit(lambda edit: _first_models(edit, bundled))
        message = f"{project.name} is ready in {target}."
        return {"project": project.id, "name": project.name, "folder": target, "message": message}


def _first_models(edit: Edit, bundled: Sequence[ModelFacts]) -> None:
    """Make the bundled models known to a new project; the newest is its default."""
    from app.catalogue import model_record
    from app.commands.models import setting
    from sync.project import PROJECT_DOCUMENT

    for facts in bundled:
        edit.add(PROJECT_DOCUMENT, model_record(edit, facts))
    if bundled:
        edit.add(PROJECT_DOCUMENT, setting(edit, "default_model", bundled[-1].digest))


def lay_out(folder: Path) -> None:
    """Make a film's folders and tell Git what is media and what is private; lines that exist stay."""
    for one in (*film.FOLDERS.values(), film.RENDERS):
        (folder / one).mkdir(parents=True, exist_ok=True)
    _add_lines(folder / ".gitattributes", film.GIT_ATTRIBUTES)
    _add_lines(folder / ".gitignore", film.GIT_IGNORE)


@command("status", examples=["restrike status", "restrike status --json"])
async def status(studio: Studio) -> dict[str, Any]:
    """Show what is in the project and what is going on.

    `heads` is one digest over everything: equal on two machines exactly when they know the same.
    """
    project = studio.project
    counts = project.index.counts()
    return {
        "project": project.id,
        "name": project.name,
        "folder": project.folder,
        "documents": counts["documents"],
        "heads": project.index.heads(),
        "assets": counts["assets"],
        "versions": counts["versions"],
        "takes": counts["takes"],
        "jobs": {state: counts["jobs"].get(state, 0) for state in STATES},
        "paused": bool(project.setting("paused", False)),
        "peers": studio.company.count if studio.company is not None else 0,
        "blobs": blobs(project.folder / PRIVATE / "blobs"),
    }


def blobs(folder: Path) -> dict[str, int]:
    """How many files the blob store holds and how large they are together."""
    import os

    count = size = 0
    todo = [str(folder)] if folder.is_dir() else []
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if len(entry.name) == 2:
                        todo.append(entry.path)
                elif len(entry.name) == 64:
                    count += 1
                    size += entry.stat().st_size
    return {"count": count, "bytes": size}


def _title(name: str) -> str:
    if not 1 <= len(name.strip()) <= 120 or not name.isprintable():
        raise BadField("name", name, "1 to 120 printable characters")
    return name.strip()


def _check_target(target: Path) -> None:
    from sync.salvage import begun

    if target.exists() and not target.is_dir():
        raise WrongUse(f"{target} is a file", "name a folder")
    if begun(target / PRIVATE):
        raise Conflict(f"{target} is a project already", f"restrike status --project {target} shows it")
    around = enclosing(target.parent)
    if around is not None:
        raise Refused(f"{target} lies inside the project {around}", "start it in a folder of its own")


def _add_lines(path: Path, text: str) -> None:
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [line for line in text.splitlines() if line not in known.splitlines()]
    if missing:
        start = known if not known or known.endswith("\n") else known + "\n"
        path.write_text(start + "\n".join(missing) + "\n", encoding="utf-8")
