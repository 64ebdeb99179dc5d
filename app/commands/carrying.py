"""Carrying a project from device to device as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from app.commands.table import Arg, Opt, Outcome, command
from engine.faults import Damaged, WrongUse

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.exchange import Merged

MEDIA = "application/octet-stream"


@command(
    "export",
    examples=["restrike export harbour.rsx", "restrike export reply.rsx --since-peer theirs.rsx"],
)
async def export(
    studio: Studio,
    *,
    file: Annotated[Path, Arg("The file to write.", shown="FILE", writes=MEDIA)],
    since_peer: Annotated[
        Path | None,
        Opt(
            "--since-peer",
            help="A file that the other device exported: what it has is left out.",
            shown="FILE",
            reads=MEDIA,
        ),
    ] = None,
) -> dict[str, Any]:
    """Write everything that is known of the project to a file, for restrike import or restrike join elsewhere.

    Recipes, versions, jobs and who belongs to the team; no pictures and no models. Every part is signed by the device
    that made it. The file is not sealed: whoever has it can read it.
    """
    from sync import exchange

    since = exchange.held_in(since_peer) if since_peer is not None else None
    count = studio.project.export(file, since)
    size = file.stat().st_size
    return {
        "bundles": count,
        "bytes": size,
        "file": file,
        "message": f"{file} holds {count} bundles in {size} bytes.",
    }


@command("import", examples=["restrike import harbour.rsx"])
async def import_(
    studio: Studio,
    *,
    file: Annotated[Path, Arg("A file that restrike export wrote.", shown="FILE", reads=MEDIA)],
) -> dict[str, Any]:
    """Take in what another device of this project exported. What is known already is nothing new.

    Each part is checked: signature, order, right. What is bad is set aside and named, and the exit status is 1; the
    rest is taken in. What lacks something that came before waits for it.
    """
    from sync import exchange

    try:
        entries = exchange.entries_in(file)
    except Damaged as fault:
        raise WrongUse(fault.message, fault.hint) from fault
    if not any(one.hash.hex() == studio.project.id for one in entries):
        raise WrongUse(
            f"{file} is an export of another project", "restrike join begins that one in a new folder"
        )
    merged = studio.project.merge(file)
    if merged.entries:
        studio.project.team.tend()
    answer = {
        "bundles": merged.bundles,
        "entries": merged.entries,
        "waiting": merged.waiting,
        "documents": len(merged.documents),
        "faults": [
            {"what": one.what, "id": one.id, "detail": one.detail, "fix": one.fix} for one in merged.faults
        ],
        "message": _sentence(merged),
    }
    return Outcome(answer, 1) if merged.faults else answer


def _sentence(merged: Merged) -> str:
    found = f"{merged.bundles} bundles are new, in {len(merged.documents)} documents"
    if merged.waiting:
        found += f"; {merged.waiting} wait for others"
    if merged.faults:
        found += f"; {len(merged.faults)} parts were set aside: {merged.faults[0].detail}"
    return found + "."
