"""Storage: what is kept, what may go, and bringing it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from app.commands.table import Arg, Opt, Outcome, Report, command
from engine.faults import Refused, WrongUse

if TYPE_CHECKING:
    from app.studio import Studio

_WHAT = "Takes, or assets for all their takes; as in take show."


@command("storage report", examples=["restrike storage report", "restrike storage report --json"])
async def storage_report(studio: Studio) -> dict[str, Any]:
    """Show how many bytes are kept on this machine, for what, and how much could be rendered again.

    Regeneratable is what a proof has shown to come back identical or visually equal (R0, R1), with what is derived
    from it; all else is permanent.
    """
    from app import storage

    return storage.report(studio)


@command(
    "storage drop",
    examples=["restrike storage drop SH010 --dry-run", "restrike storage drop --all --prove"],
)
async def storage_drop(
    studio: Studio,
    report: Report,
    *,
    takes: Annotated[list[str], Arg(_WHAT, complete="take", shown="TAKE")] = [],  # noqa: B006
    all: Annotated[bool, Opt("--all", help="Every take that is here.")] = False,
    prove: Annotated[bool, Opt("--prove", help="Prove what is not proved yet first.")] = False,
    dry_run: Annotated[bool, Opt("--dry-run", help="Only say what would be deleted.")] = False,
) -> dict[str, Any]:
    """Delete your own copies of pictures that are safe to delete: proved to come back identical.

    What is not safe stays, with the reason. Recipes, history and thumbnails are always kept, and storage fetch brings
    every picture back. Exit 5 when nothing that was asked for could be deleted.
    """
    from app import renewal, storage

    if bool(takes) == all:
        raise WrongUse("name takes, or --all", "restrike take list shows them")
    chosen = storage.choose(studio, takes)
    if prove:
        known = {take.id for _, take in chosen}
        unproved = [one for one in renewal.unproved(studio) if one[1].id in known]
        if unproved and not dry_run:
            await renewal.prove(studio, unproved, report)
    plan = storage.plan(studio, chosen)
    if dry_run:
        value = {**plan.shape(studio), "dry_run": True, "message": plan.words("would be freed")}
        return Outcome(value, 5 if plan.kept and not plan.drops else 0)
    if plan.kept and not plan.drops:
        raise Refused(*plan.refusal(studio))
    value = plan.shape(studio)
    freed = storage.drop(studio, plan)
    return {**value, "freed_bytes": freed, "message": plan.words("freed")}


@command("storage fetch", examples=["restrike storage fetch SH010", "restrike storage fetch --all"])
async def storage_fetch(
    studio: Studio,
    report: Report,
    *,
    names: Annotated[list[str], Arg(_WHAT, complete="take", shown="NAME")] = [],  # noqa: B006
    all: Annotated[bool, Opt("--all", help="Everything that is missing.")] = False,
) -> dict[str, Any]:
    """Bring deleted pictures back: from a team-mate's device that has them, else by rendering them again, inputs first.

    A picture with other pixels never takes the original's place: it is recorded, and the answer says so. Exit 1 when
    something did not come back as it was.
    """
    from app import renewal, storage

    if bool(names) == all:
        raise WrongUse("name takes or assets, or --all", "restrike take list --missing shows what is gone")
    chosen = storage.choose(studio, names)
    gone = [one for one in chosen if not renewal.shown(studio, *one)]
    if not gone:
        return {"takes": [], "failed": [], "message": "Nothing is missing."}
    renewed = await renewal.fetch(studio, gone, report)
    if renewed.failed and not (renewed.done or renewed.fetched):
        raise renewed.failed[0][2]
    back = renewal.returned(studio, gone, renewed)
    same = sum(one["restored"] for one in back)
    value = {
        "takes": back,
        "failed": renewed.failures(studio),
        "message": f"{same} of {len(gone)} back with the pixels they had.",
    }
    return Outcome(value, 0 if same == len(gone) else 1)
