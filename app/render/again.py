"""Rendering a take once more: as a proof beside the original, or to bring a deleted picture back.

Inputs are the very bytes that were consumed; where they are gone they are brought back first. What was struck is
recorded as it came out, and other pixels never take the place of the original's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.render import elsewhere, prepare, publish, serving
from engine.faults import NotFound, Refused
from engine.recipe import FileDigest, Recipe
from engine.renderer import Progress, Rendered, Renderer, Strike
from sync.project import Edit, asset_document
from sync.records import AssetFacts, AssetId, FactId, Grade, Struck, Take
from sync.rules import takes

if TYPE_CHECKING:
    from app.studio import Studio

Report = Callable[[str, Progress], None]
"""Told the name of the take in work and how far it is."""


@dataclass(frozen=True, slots=True)
class Again:
    """One take rendered again: what was recorded, and whether the picture is here now under the take's name."""

    asset: AssetId
    take: Take
    struck: Struck
    restored: bool
    trouble: str | None = None

    @property
    def how(self) -> str:
        """What came out, in words."""
        one = self.struck
        if one.grade is Grade.R0:
            same = (
                "identical file"
                if one.sha256 == self.take.sha256
                else "identical pixels, in a file of its own"
            )
            return f"{same}, rendered in {one.seconds:.1f} s"
        if one.psnr_db is None or one.ssim is None:
            return "other pixels than the original's, kept apart from it"
        return f"other pixels, {one.psnr_db:.1f} dB and SSIM {one.ssim:.4f} from the original"


async def prove(
    studio: Studio, renderer: Renderer, asset: AssetId, take: Take, report: Report | None = None
) -> Again:
    """Render a take beside its original and compare; `renderer` must not be the one that rendered the original."""
    facts = studio.project.asset(asset)
    rendered = await _strike(studio, renderer, facts, take, report)
    digest = serving.sound(studio.blobs, take, facts)
    original = None if digest is None else studio.blobs.get(digest)
    struck = _record(studio, asset, take, rendered, "prove", original)
    return Again(asset, take, struck, digest is not None)


async def bring_back(
    studio: Studio, renderer: Renderer, asset: AssetId, take: Take, report: Report | None = None
) -> Again:
    """Render a deleted picture again, inputs first, check it, and put it back in its folder if the pixels are equal."""
    facts = studio.project.asset(asset)
    rendered = await _strike(studio, renderer, facts, take, report)
    publish.keep(studio, rendered)
    struck = _record(studio, asset, take, rendered, "fetch", None)
    if struck.pixels != take.pixels:
        return Again(asset, take, struck, False)
    return Again(asset, take, struck, True, serving.show_file(studio, take, struck.sha256))


async def _strike(
    studio: Studio, renderer: Renderer, facts: AssetFacts, take: Take, report: Report | None
) -> Rendered:
    if take.imported:
        name = serving.name_of(take, facts)
        raise Refused(f"{name} came from outside, so no recipe brings it back", "import the picture again")
    recipe = serving.recipe_of(take, facts)
    version = serving.version_of(take, facts)
    models = prepare.models(studio, recipe)
    inputs = await _inputs(studio, renderer, facts, take, recipe, report)
    name = serving.name_of(take, facts)
    strike = Strike(
        recipe=recipe, models=models, inputs=inputs, timeout=prepare.TIMEOUTS[version.tier], preview=False
    )
    return await renderer.render(strike, lambda progress: None if report is None else report(name, progress))


async def _inputs(
    studio: Studio,
    renderer: Renderer,
    facts: AssetFacts,
    take: Take,
    recipe: Recipe,
    report: Report | None,
) -> dict[str, Path]:
    """The picture for each role that the pipeline reads: the bytes that were consumed, else their equal."""
    consumed = {one.role: one.sha256 for one in take.consumed}
    found: dict[str, Path] = {}
    for one in recipe.inputs:
        if one.argument is None:
            continue
        digest = consumed.get(one.role)
        if digest is None or not studio.blobs.verify(digest):
            digest = await elsewhere.fetched(studio, [] if digest is None else [digest]) or await _source(
                studio, renderer, facts, take, recipe, one.role, consumed, report
            )
        found[one.role] = studio.blobs.path(digest)
    return found


async def _source(
    studio: Studio,
    renderer: Renderer,
    facts: AssetFacts,
    take: Take,
    recipe: Recipe,
    role: str,
    consumed: Mapping[str, FileDigest],
    report: Report | None,
) -> FileDigest:
    """The bytes of an input that is not here under its digest: the take that had them, rendered again if need be."""
    rows = studio.project.index.takes(sha256=consumed[role], limit=1) if role in consumed else []
    if rows:
        asset, source = rows[0].asset, rows[0].take
    else:
        version = serving.version_of(take, facts)
        [again] = [one for one in prepare.sources(studio, version, recipe) if one.role == role]
        asset = again.asset
        source = takes.known(studio.project.asset(asset).takes)[again.take]
    digest = serving.sound(studio.blobs, source, studio.project.asset(asset))
    digest = digest or await elsewhere.shown(studio, source, studio.project.asset(asset))
    if digest is not None:
        return digest
    back = await bring_back(studio, renderer, asset, source, report)
    if not back.restored:
        name = serving.name_of(source, studio.project.asset(asset))
        raise NotFound(
            f"{name}, which feeds {serving.name_of(take, facts)}, came back with other pixels",
            f"render {serving.name_of(take, facts).split()[0]} anew, or use the machine it was made on",
        )
    return back.struck.sha256


def _record(
    studio: Studio, asset: AssetId, take: Take, rendered: Rendered, purpose: str, original: bytes | None
) -> Struck:
    """Write down what came out; the distance is measured where the original is here."""
    grade, psnr, ssim = _distance(take, rendered, original)

    def build(edit: Edit) -> Struck:
        publish.keep_profile(studio, edit, rendered.fingerprint)
        struck = Struck(
            id=FactId(edit.new_id()),
            take=take.id,
            purpose=purpose,
            grade=grade,
            sha256=rendered.sha256,
            pixels=rendered.pixels,
            bytes=len(rendered.picture),
            psnr_db=psnr,
            ssim=ssim,
            profile=rendered.fingerprint.digest,
            seconds=round(rendered.seconds, 3),
            member=edit.member,
            device=edit.device.id,
            time=edit.now,
        )
        edit.add(asset_document(asset), struck)
        return struck

    return studio.project.commit(build)


def _distance(
    take: Take, rendered: Rendered, original: bytes | None
) -> tuple[Grade, float | None, float | None]:
    if rendered.pixels == take.pixels:
        return Grade.R0, None, 1.0 if original is not None else None
    if original is None:
        return Grade.R2, None, None
    from engine.compare import compare
    from engine.image import decode

    found = compare(decode(original), decode(rendered.picture))
    psnr = None if found.psnr_db is None else round(found.psnr_db, 3)
    return Grade(found.grade), psnr, round(found.ssim, 6)
