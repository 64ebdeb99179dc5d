"""When something is wrong: integrity, the machine's set-up, help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from app import shapes
from app.commands.table import Arg, Opt, Outcome, Report, Said, command
from app.errors import did_you_mean
from app.place import Place
from engine.faults import NotFound

if TYPE_CHECKING:
    from app.studio import Studio


@command("verify", examples=["restrike verify", "restrike verify --repair"])
async def verify(
    studio: Studio,
    report: Report,
    *,
    repair: Annotated[
        bool, Opt("--repair", help="Build the index again, put missing files back into their folders.")
    ] = False,
) -> dict[str, Any]:
    """Check everything stored: documents, signed logs, index, blobs by digest, the film's files, models.

    Exit 1 if something is wrong. What is damaged is set aside and named, never used and never deleted.
    """
    from app import integrity

    report(Said("checking documents and logs …"))
    faults = [
        shapes.fault(one.what, one.id, one.detail, one.fix) for one in studio.project.verify(rebuild=repair)
    ]
    report(Said("checking stored pictures …"))
    blobs, found = integrity.check_blobs(studio)
    faults += found
    takes, found, mended = integrity.check_pictures(studio, repair=repair)
    faults += found
    recipes, found, written = integrity.check_recipe_files(studio, repair=repair)
    faults += found
    report(Said("checking models …"))
    models, found = integrity.check_models(studio)
    faults += found
    counts = studio.project.index.counts()
    checked = {
        "documents": counts["documents"],
        "versions": counts["versions"],
        "takes": takes,
        "blobs": blobs,
        "recipe files": recipes,
        "models": models,
    }
    value = {"checked": checked, "faults": faults, "repaired": [*mended, *written]}
    return Outcome(value, 1 if faults else 0)


@command("doctor", examples=["restrike doctor"])
async def doctor(place: Place) -> dict[str, Any]:
    """Check what the program stands on: Python, torch, disk, memory, device, models, keys, the way to others.

    Exit 1 if something is wrong. Works without a project; inside one its folder is checked too.
    """
    from app import connection, machine, outposts

    near = [*machine.checks(place), *await connection.checks(place)]
    found = [*near, *await outposts.checks(place)]
    return Outcome({"checks": found}, 0 if all(one["ok"] for one in found) else 1)


@command("help", examples=["restrike help", "restrike help queries"])
async def help(
    place: Place,
    *,
    topic: Annotated[str | None, Arg("The page; without it all pages are listed.", complete="topic")] = None,
) -> dict[str, Any]:
    """Read a help page."""
    from resources import RESOURCES

    pages = {path.stem: path for path in sorted((RESOURCES / "help").glob("*.md"))}
    if topic is None:
        return {
            "topics": [
                {"topic": name, "title": _title(path.read_text("utf-8"))} for name, path in pages.items()
            ]
        }
    if topic not in pages:
        hint = " ".join(filter(None, (did_you_mean(topic, pages), f"pages: {', '.join(pages)}")))
        raise NotFound(f"there is no help page {topic!r}", hint)
    text = pages[topic].read_text("utf-8")
    return {"topic": topic, "title": _title(text), "text": text}


def _title(text: str) -> str:
    return text.splitlines()[0].removeprefix("# ")
