"""Takes: looking at the results, choosing one, measuring and proving them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from app.commands.table import Arg, Opt, Outcome, Report, command
from engine.faults import BadField, Conflict, Refused, WrongUse

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.tables import TakeRow

_TAKE = "The take: its id, the beginning of it, a file name such as MARA_v03_take02, or an asset's name."


@command("take list", examples=["restrike take list", "restrike take list MARA --json"])
async def take_list(
    studio: Studio,
    *,
    name: Annotated[str | None, Arg("Only the takes of this asset.", complete="asset")] = None,
    missing: Annotated[bool, Opt("--missing", help="Only those whose picture is not here.")] = False,
    limit: Annotated[int | None, Opt("--limit", help="At most so many.", shown="N")] = None,
    offset: Annotated[int, Opt("--offset", help="Leave out so many from the top.", shown="N")] = 0,
) -> dict[str, Any]:
    """List takes, the oldest first, with their class: how well each is proved to come back when it is deleted."""
    from app import finding
    from app.listing import Listing
    from app.views import window

    asset = None if name is None else finding.asset(studio, name, gone=True).id
    index, listing = studio.project.index, Listing(studio)
    most, after = window(limit, offset)
    if missing:  # whether a picture is here no index knows
        rows = listing.missing(index.takes(asset=asset))
        total = len(rows)
        rows = rows[after:] if most is None else rows[after : after + most]
    else:
        rows = index.takes(asset=asset, limit=most, offset=after)
        total = index.take_count(asset=asset)
    return {"takes": listing.takes(rows), "total": total}


@command("take show", examples=["restrike take show MARA_v03_take02"])
async def take_show(
    studio: Studio, *, take: Annotated[str, Arg(_TAKE, complete="take", shown="TAKE")]
) -> dict[str, Any]:
    """Show one take: its file, where it came from, its class and every proof of it."""
    from app import finding
    from app.listing import Listing

    row = finding.take(studio, take)
    return Listing(studio).take(row.asset, row.take)


@command("take export", examples=["restrike take export MARA mara.png"])
async def take_export(
    studio: Studio,
    report: Report,
    *,
    take: Annotated[str, Arg(_TAKE, complete="take", shown="TAKE")],
    file: Annotated[Path, Arg("The file to write.", shown="FILE", writes="image/png")],
    force: Annotated[bool, Opt("--force", help="Replace a file that is there.")] = False,
) -> dict[str, Any]:
    """Write a take's picture to a file, with its recipe inside.

    A picture that is not here comes from another device, else it is rendered again first. Refused when it comes back
    with other pixels: then it is not that take.
    """
    from app import finding, renewal
    from app.listing import Listing

    row = finding.take(studio, take)
    target = file / Path(row.take.file).name if file.is_dir() else file
    if target.exists() and not force:
        raise Conflict(f"{target} is there already", "choose another name, or --force")
    data = await renewal.picture(studio, row.asset, row.take, report)
    renewal.write(target, data)
    shape = Listing(studio).take(row.asset, row.take)
    return {**shape, "exported": target, "message": f"Written to {target}."}


@command(
    "take approve",
    examples=["restrike take approve MARA_v03_take02", "restrike take approve MARA --withdraw"],
)
async def take_approve(
    studio: Studio,
    *,
    take: Annotated[str, Arg(_TAKE, complete="take", shown="TAKE")],
    withdraw: Annotated[bool, Opt("--withdraw", help="It is not chosen any more.")] = False,
) -> dict[str, Any]:
    """Choose a take as the one that stands for its asset, and feeds what is made from it; the newest choice counts."""
    from app import finding
    from app.listing import Listing
    from sync.project import Edit, asset_document
    from sync.records import Approved, FactId
    from sync.rules import takes

    row = finding.take(studio, take)

    def build(edit: Edit) -> None:
        standing = takes.standing(edit.asset(row.asset))
        chosen = takes.chosen(edit.asset(row.asset))
        done = row.take.id not in standing if withdraw else chosen is not None and chosen.id == row.take.id
        if done:
            return
        fact = Approved(
            id=FactId(edit.new_id()), take=row.take.id, withdrawn=withdraw, author=edit.member, time=edit.now
        )
        edit.add(asset_document(row.asset), fact)

    studio.project.commit(build)
    shape = Listing(studio).take(row.asset, row.take)
    words = "is no longer approved" if withdraw else "is approved"
    return {**shape, "message": f"{_called(shape)} {words}."}


@command("take compare", examples=["restrike take compare MARA_v01_take01 MARA_v02_take01 --out both.png"])
async def take_compare(
    studio: Studio,
    report: Report,
    *,
    first: Annotated[str, Arg(_TAKE, complete="take", shown="A")],
    second: Annotated[str, Arg("The take to compare it with.", complete="take", shown="B")],
    out: Annotated[
        Path | None,
        Opt("--out", help="Write both pictures and where they differ.", shown="PNG", writes="image/png"),
    ] = None,
) -> dict[str, Any]:
    """Measure how far one take is from another: PSNR, SSIM, and which choices differ. Deleted ones come back first."""
    from app import finding, renewal
    from engine.compare import compare
    from engine.image import decode

    a, b = finding.take(studio, first), finding.take(studio, second)
    pixels = [decode(await renewal.picture(studio, one.asset, one.take, report)) for one in (a, b)]
    found = compare(pixels[0], pixels[1])
    value: dict[str, Any] = {
        "psnr_db": found.psnr_db,
        "ssim": found.ssim,
        "identical": found.identical,
        "class": found.grade,
        "changed": _changed(studio, a, b),
        "takes": [a.take.id, b.take.id],
    }
    if out is not None:
        from app import contact_sheet

        if pixels[0].shape != pixels[1].shape:
            raise BadField("out", str(out), "nothing for pictures of two sizes: leave --out away")
        names = [Path(one.take.file).stem for one in (a, b)]
        renewal.write(out, contact_sheet.side_by_side(pixels[0], pixels[1], names))
        value |= {"file": out, "message": f"Written to {out}."}
    return value


@command("take prove", examples=["restrike take prove MARA_v03_take02", "restrike take prove --all"])
async def take_prove(
    studio: Studio,
    report: Report,
    *,
    take: Annotated[str | None, Arg(_TAKE, complete="take", shown="TAKE")] = None,
    all: Annotated[bool, Opt("--all", help="Every take that is not proved identical yet.")] = False,
) -> dict[str, Any]:
    """Render a take again in a fresh process, beside the original, and compare: identical pixels earn R0.

    Otherwise R1 (nobody sees a difference) or R2. The original is never touched.
    """
    from app import finding, renewal

    if (take is None) == (not all):
        raise WrongUse("name one take, or --all", "restrike take list shows them")
    if take is not None:
        row = finding.take(studio, take)
        if row.take.imported:
            raise Refused(
                f"{Path(row.take.file).name} came from outside", "only rendered takes can be proved"
            )
        chosen = [(row.asset, row.take)]
    else:
        chosen = renewal.unproved(studio)
    proved = await renewal.prove(studio, chosen, report)
    if take is not None and proved.failed:
        raise proved.failed[0][2]
    value = {"takes": proved.shapes(studio), "failed": proved.failures(studio), "message": proved.words()}
    return Outcome(value, 1 if proved.failed else 0)


def _changed(studio: Studio, a: TakeRow, b: TakeRow) -> list[dict[str, Any]]:
    """Which fields of the two recipes differ."""
    from app.render.serving import recipe_of

    one, other = (recipe_of(row.take, studio.project.asset(row.asset)).to_json() for row in (a, b))
    names = sorted({*one, *other})
    return [
        {"field": name, "from": one.get(name), "to": other.get(name)}
        for name in names
        if one.get(name) != other.get(name)
    ]


def _called(shape: dict[str, Any]) -> str:
    return f"{shape['asset_name']} {shape['version_label']} {shape['label']}"
