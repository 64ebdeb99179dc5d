"""Rendering takes again as commands do it: proofs, bring-backs, and a picture wherever it has to come from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands.table import Report, Working
from app.listing import Listing
from app.render import again, elsewhere, serving
from app.render.again import Again
from engine.faults import Damaged, Fault, NoSpace, NotFound, Refused
from engine.models import ModelFault
from engine.renderer import Progress, RenderFault
from sync.records import AssetId, Grade, Take, TakeId

if TYPE_CHECKING:
    from app.studio import Studio

Chosen = Sequence[tuple[AssetId, Take]]
EXPECTED = (ModelFault, NotFound, Damaged, Refused, RenderFault)
"""Faults of one take that are no reason to leave out the others."""


@dataclass(slots=True)
class Renewed:
    """What became of several takes that were rendered again; those `fetched` came from somebody, and how."""

    done: list[Again] = field(default_factory=list)
    fetched: dict[TakeId, str] = field(default_factory=dict)
    failed: list[tuple[AssetId, Take, Fault]] = field(default_factory=list)

    def shapes(self, studio: Studio) -> list[dict[str, Any]]:
        """The takes that were rendered, with what came out."""
        listing = Listing(studio)
        return [
            {
                **listing.take(one.asset, one.take),
                "how": one.how,
                "identical": one.struck.grade is Grade.R0,
                "psnr_db": one.struck.psnr_db,
                "ssim": one.struck.ssim,
                "came_back": str(one.struck.grade),
                "restored": one.restored,
                "trouble": one.trouble,
            }
            for one in self.done
        ]

    def failures(self, studio: Studio) -> list[dict[str, Any]]:
        """The takes that could not be rendered, each with the reason."""
        listing = Listing(studio)
        return [
            {**listing.take(asset, take), "code": fault.code, "reason": f"{fault.message} ({fault.hint})"}
            for asset, take, fault in self.failed
        ]

    def words(self) -> str:
        """How many came out how."""
        count = len(self.done)
        same = sum(one.struck.grade is Grade.R0 for one in self.done)
        if not count and not self.failed:
            return "Nothing to do: every take is proved."
        words = f"{count} rendered again, {same} with identical pixels"
        return words + (f", {len(self.failed)} could not be rendered." if self.failed else ".")


def unproved(studio: Studio) -> list[tuple[AssetId, Take]]:
    """The takes that are not proved identical yet and could be, the oldest first; one of those with equal pixels."""
    listing = Listing(studio)
    found: dict[tuple[str, str], tuple[AssetId, Take]] = {}
    for row in studio.project.index.takes():
        facts = listing.facts(row.asset)
        if row.take.imported or listing.grade(row.take, facts).grade in (Grade.R0, Grade.R3):
            continue
        found.setdefault((row.asset, f"{row.take.recipe_key} {row.take.pixels}"), (row.asset, row.take))
    return list(found.values())


def shown(studio: Studio, asset: AssetId, take: Take) -> bool:
    """Whether a take's picture is here and whole; its file is then put into the film's folder again if it is gone."""
    digest = serving.sound(studio.blobs, take, studio.project.asset(asset))
    if digest is not None:
        serving.show_file(studio, take, digest)
    return digest is not None


async def prove(studio: Studio, chosen: Chosen, report: Report) -> Renewed:
    """Prove takes in one fresh process, one after the other; what cannot be proved is named with the reason."""
    return await _each(studio, chosen, report, proving=True)


async def fetch(studio: Studio, chosen: Chosen, report: Report) -> Renewed:
    """Bring pictures back: from whoever has them, else in one fresh process, inputs that are missing too first."""
    return await _each(studio, chosen, report, proving=False)


async def picture(studio: Studio, asset: AssetId, take: Take, report: Report) -> bytes:
    """The bytes of a take's picture, brought back when they are gone; raises `Refused` for other pixels."""
    facts = studio.project.asset(asset)
    for digest in serving.digests(take, facts):
        try:
            return studio.blobs.get(digest)
        except (NotFound, Damaged):
            continue
    found = await elsewhere.shown(studio, take, facts)
    if found is not None:
        return studio.blobs.get(found)
    renewed = await fetch(studio, [(asset, take)], report)
    if renewed.failed:
        raise renewed.failed[0][2]
    [back] = renewed.done
    if not back.restored:
        name = serving.name_of(take, facts)
        raise Refused(f"{name} came back with {back.how}", "render its asset anew for a take of its own")
    return studio.blobs.get(back.struck.sha256)


def write(target: Path, data: bytes) -> None:
    """Write a file whole or not at all; raises `NotFound` for a folder that is not there."""
    if not target.parent.is_dir():
        raise NotFound(f"there is no folder {target.parent}", "make it first")
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


async def _each(studio: Studio, chosen: Chosen, report: Report, *, proving: bool) -> Renewed:
    renewed = Renewed()
    strike = again.prove if proving else again.bring_back
    async with studio.renderer() as renderer:
        for number, (asset, take) in enumerate(chosen):
            if not proving and shown(studio, asset, take):
                continue  # it came back meanwhile: as an input of another, or with a take on the same bytes
            name = serving.name_of(take, studio.project.asset(asset))
            steps = _Steps(report, number, len(chosen))
            came = None if proving else await elsewhere.shown(studio, take, studio.project.asset(asset))
            if came is not None:
                renewed.fetched[take.id] = elsewhere.words(studio, came)
                steps.over(name, renewed.fetched[take.id])
                continue
            try:
                done = await strike(studio, renderer, asset, take, steps)
            except NoSpace:
                raise
            except EXPECTED as fault:
                renewed.failed.append((asset, take, fault))
                steps.over(name, f"{fault.message}")
            else:
                renewed.done.append(done)
                steps.over(name, done.how)
    return renewed


class _Steps:
    """One take's progress as bars."""

    def __init__(self, report: Report, done: int, total: int) -> None:
        self._report = report
        self._done = done
        self._total = total

    def __call__(self, name: str, progress: Progress) -> None:
        self._tell(name, progress.stage, progress.step, progress.steps, over=False)

    def over(self, name: str, words: str) -> None:
        """Say how it ended."""
        self._tell(name, words, 0, 0, over=True)

    def _tell(self, name: str, stage: str, step: int, steps: int, *, over: bool) -> None:
        news = Working(
            key=name,
            what=name,
            stage=stage,
            step=step,
            steps=steps,
            done=self._done,
            total=self._total,
            over=over,
        )
        self._report(news)


def returned(studio: Studio, gone: Chosen, renewed: Renewed) -> list[dict[str, Any]]:
    """The takes that were missing and were rendered, those included that came back as inputs of others."""
    shapes = {one["id"]: one for one in renewed.shapes(studio)}
    listing = Listing(studio)
    failed = {take.id for _, take, _ in renewed.failed}
    found = []
    for asset, take in gone:
        if take.id in failed:
            continue
        how = {"how": "identical pixels, came back to feed another", "came_back": "R0", "restored": True}
        if take.id in renewed.fetched:
            how = {"how": renewed.fetched[take.id], "came_back": str(Grade.UNPROVED), "restored": True}
        found.append(shapes.get(take.id) or {**listing.take(asset, take), **how, "identical": True})
    return found
