"""The demo: a small film, rendered, proved, deleted and brought back, for real, here and now."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from app.commands.table import Arg, Opt, Outcome, Report, Said, command
from app.place import PRIVATE, Place
from engine.faults import Conflict, Fault

if TYPE_CHECKING:
    from app.sample import Film
    from app.studio import Studio

NAME: Final = "restrike-demo"
SHEET: Final = "contact_sheet.png"
MARK: Final = "sample_film"
"""The file among a project's private ones by which a sample film is known again."""


class NothingRendered(Fault):
    """The sample film could not be rendered."""

    code = "nothing_rendered"


@command("demo", examples=["restrike demo", "restrike demo ~/films/demo --headless"])
async def demo(
    place: Place,
    report: Report,
    *,
    folder: Annotated[Path | None, Arg(f"Where to make the film; otherwise ./{NAME}.", shown="DIR")] = None,
    headless: Annotated[bool, Opt("--headless", help="Only write the contact sheet; open nothing.")] = False,
) -> dict[str, Any]:
    """Make a small sample film and render it for real with the bundled model, here and now.

    Then prove that every picture comes back, delete them all, bring them back in a fresh process, compare the pixels,
    and write a contact sheet. Run again, it goes on with the film that is there.
    """
    from app import sample
    from app.studio import Studio

    began = time.monotonic()
    film = sample.read()
    target = _target(place, folder, film)
    if not (target / PRIVATE).exists():
        report(Said(f"making “{film.name}” in {target}"))
        await _begin(place, target, film)
    async with Studio.open(target, place.home, clock=place.clock) as studio:
        value = await perform(studio, film, report, lambda: time.monotonic() - began)
    if not headless:
        value["opened"] = _open(value["contact_sheet"], report)
    return Outcome(value, 0 if value["identical"] == len(value["takes"]) else 1)


async def _begin(place: Place, target: Path, film: Film) -> None:
    """Start the project beside `target` and move it there marked, so that a kill leaves nothing unknown in `target`."""
    from app.commands.projects import init

    fresh = target.with_name(f".{target.name}.making")
    if fresh.exists():
        shutil.rmtree(fresh)  # what a demo that was killed at this very point left
    await init(place, folder=fresh, name=film.name)
    (fresh / PRIVATE / MARK).write_text(film.name + "\n", encoding="utf-8")
    if target.exists():
        target.rmdir()  # empty, or it would have been refused; Windows renames onto nothing that exists
    fresh.rename(target)


async def perform(studio: Studio, film: Film, report: Report, elapsed: Callable[[], float]) -> dict[str, Any]:
    """The whole demo on an open project; `elapsed` counts its seconds."""
    from app import renewal, sample, storage
    from app.listing import Listing

    first = await _render(studio, film, report, elapsed)
    report(Said("proving, in a fresh process, that every picture comes back"))
    await renewal.prove(studio, renewal.unproved(studio), report)
    before = sample.pixels(studio)
    plan = storage.plan(studio, storage.choose(studio, ()))
    freed = storage.drop(studio, plan)
    left = len(sample.pixels(studio))
    report(Said(f"deleted: {plan.words('freed')} Bringing them back, in a fresh process"))
    gone = [(one.asset, one.take) for one in plan.drops]
    await renewal.fetch(studio, gone, report)
    after = sample.pixels(studio)
    identical = sum(after.get(take) == digest for take, digest in before.items())
    words = f"{len(gone)} pictures deleted ({freed / 1000:,.0f} kB) and rendered again"
    words += f": {identical} of {len(before)} with equal pixels"
    sheet = studio.project.folder / SHEET
    renewal.write(sheet, sample.sheet(studio, film, f"{words}."))
    listing = Listing(studio)
    return {
        "project": studio.project.id,
        "name": film.name,
        "folder": studio.project.folder,
        "takes": [listing.take(row.asset, row.take) for row in studio.project.index.takes()],
        "contact_sheet": sheet,
        "seconds": round(elapsed(), 1),
        "first_picture_seconds": first,
        "freed_bytes": freed,
        "deleted": len(before) - left,
        "identical": identical,
        "message": f"{words}.",
    }


async def _render(studio: Studio, film: Film, report: Report, elapsed: Callable[[], float]) -> float | None:
    """Build and render the film, what feeds the shots first, and approve; the seconds until the first picture."""
    from app import requests, sample, shift

    await sample.build(studio, film)
    first: list[float] = []
    async with studio.renderer() as renderer:
        for names in (film.sources, film.shots):
            selected = requests.select(
                studio, names, scene=None, all=False, stale=False, kind=None, where=None
            )
            asked = requests.request(studio, selected, None, 1)
            wanted = {one.job for one in asked if one.take is None}
            done = await shift.work_with(
                studio, renderer, report, wanted=wanted, until_idle=True,
                told=lambda: first.append(elapsed()),
            )  # fmt: skip
            if wanted and not done.finished:
                raise _nothing(done)
            sample.approve(studio, [name for name in film.approved if name in names])
    return round(first[0], 1) if first else None


def _nothing(done: Any) -> NothingRendered:
    said = next((one["message"] for one in (*done.failed, *done.aside)), "no job could be started")
    return NothingRendered(f"no picture was rendered: {said}", "restrike doctor says what is missing")


def _target(place: Place, folder: Path | None, film: Film) -> Path:
    """Where the film is made: a new folder, or one with a sample film already; never anything else."""
    if folder is not None:
        target = (place.folder / folder).resolve()
        if _free(target) or _ours(target):
            return target
        raise Conflict(f"{target} holds something else", "name a new folder, or one with a sample film")
    for number in range(1, 1000):
        target = (place.folder / (NAME if number == 1 else f"{NAME}-{number}")).resolve()
        if _free(target) or _ours(target):
            return target
    raise Conflict(f"{place.folder} is full of other demos", "name a folder")


def _free(target: Path) -> bool:
    return not target.exists() or (target.is_dir() and not any(target.iterdir()))


def _ours(target: Path) -> bool:
    return (target / PRIVATE / MARK).is_file()


def _open(sheet: Path, report: Report) -> bool:
    """Show the contact sheet in the system's viewer where there is a display; otherwise say where it is."""
    words = _viewer()
    if words is None:
        report(Said(f"no display here; the contact sheet is {sheet}"))
        return False
    if words == ["start"]:
        os.startfile(sheet)  # type: ignore[attr-defined,unused-ignore]
    else:
        subprocess.Popen(
            [*words, str(sheet)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return True


def _viewer() -> list[str] | None:
    if sys.platform == "win32":
        return ["start"]
    if sys.platform == "darwin":
        return ["open"]
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    found = shutil.which("xdg-open")
    return [found] if shown and found else None
