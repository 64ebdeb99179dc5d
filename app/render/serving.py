"""Where a take's picture is: the bytes that show it now, and what stands in the film's folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app import film
from engine.faults import Conflict, Damaged, NotFound
from engine.recipe import FileDigest, Recipe
from sync.records import AssetFacts, Take, Version
from sync.rules import history

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.blobs.folder import FolderStore


def digests(take: Take, facts: AssetFacts) -> list[FileDigest]:
    """The bytes that may show a take: its own, then those of bring-backs with the very same pixels, newest first.

    A bring-back with other pixels never shows the take.
    """
    struck = sorted(facts.struck, key=lambda one: (one.time, one.id), reverse=True)
    back = [
        one.sha256
        for one in struck
        if one.take == take.id and one.purpose == "fetch" and one.pixels == take.pixels
    ]
    return list(dict.fromkeys([take.sha256, *back]))


def present(blobs: FolderStore, take: Take, facts: AssetFacts) -> FileDigest | None:
    """The bytes here that show the take; None when its picture has to be rendered again first."""
    return next((one for one in digests(take, facts) if blobs.has(one)), None)


def sound(blobs: FolderStore, take: Take, facts: AssetFacts) -> FileDigest | None:
    """Like `present`, with the bytes read and compared; those found damaged are set aside by that."""
    for one in digests(take, facts):
        try:
            blobs.path(one)
        except (NotFound, Damaged):
            continue
        return one
    return None


def version_of(take: Take, facts: AssetFacts) -> Version:
    """The version a take was made of; raises `Damaged` when it is not known here."""
    found = history.known(facts.versions).get(take.version)
    if found is None:
        raise Damaged(
            f"the version of take {take.id} is not here", "its document is not complete; merge again"
        )
    return found


def recipe_of(take: Take, facts: AssetFacts) -> Recipe:
    """The recipe a take was rendered by; raises `Damaged` when the version's text is not that recipe."""
    recipe = Recipe.from_json(json.loads(version_of(take, facts).recipe)).item(take.item)
    if recipe.key != take.recipe_key:
        raise Damaged(
            f"the recipe of take {take.id} is not the one it was made by", "restrike verify says more"
        )
    return recipe


def name_of(take: Take, facts: AssetFacts) -> str:
    """What sentences call a take: `MARA v03 take02`."""
    from sync.rules.takes import take_label

    label = history.label(version_of(take, facts), facts.versions)
    return f"{history.name(facts)} {label} {take_label(take, facts.takes)}"


def show_file(studio: Studio, take: Take, digest: FileDigest) -> str | None:
    """Put a take's picture under its name in the film's folder; what stood in the way as a sentence, None when nothing.

    The picture is safe in the store before this, so a file that is in the way is no reason to fail.
    """
    if not take.file:
        return None
    try:
        target = film.inside(studio.project.folder, take.file)
        studio.blobs.link(digest, target, inside=studio.project.folder)
    except (Conflict, Damaged) as fault:
        return f"{fault.message}: {fault.hint}"
    return None
