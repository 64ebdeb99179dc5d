"""What this machine keeps: counting it, deciding what may go, and letting it go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app import film, finding
from app.commands.projects import blobs as stored
from app.listing import Listing
from app.place import PRIVATE
from app.render import serving
from engine.faults import Conflict
from engine.models import ModelFault
from engine.recipe import FileDigest, ModelDigest, RecipeKey
from sync.project import Edit, asset_document
from sync.records import AssetFacts, AssetId, Dropped, FactId, Grade, Take
from sync.rules import history, safety, takes
from sync.rules.safety import Ground, Holding, Picture

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]
PROVED = (Grade.R0, Grade.R1)
AGES = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Drop:
    """One take that goes: the blobs of its picture that are here, and what is derived from it, with their sizes."""

    asset: AssetId
    take: Take
    grade: Grade
    sizes: Mapping[FileDigest, int]

    @property
    def bytes(self) -> int:
        """How much that is."""
        return sum(self.sizes.values())


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deletion does: what goes, and what stays for which reasons. The dry run shows exactly this."""

    drops: tuple[Drop, ...]
    kept: tuple[tuple[AssetId, Take, tuple[str, ...]], ...]

    @property
    def bytes(self) -> int:
        """The bytes that become free; takes on the same bytes count once."""
        return sum({digest: size for one in self.drops for digest, size in one.sizes.items()}.values())

    def shape(self, studio: Studio) -> Shape:
        """The plan as the command answers it."""
        listing = Listing(studio)
        dropped = [
            {**_named(listing, one.asset, one.take), "bytes": one.bytes, "class": str(one.grade)}
            for one in self.drops
        ]
        kept = [
            {**_named(listing, asset, take), "reasons": list(reasons)} for asset, take, reasons in self.kept
        ]
        return {"dropped": dropped, "kept": kept, "freed_bytes": self.bytes}

    def words(self, verb: str) -> str:
        """What became free, in a sentence."""
        stays = f"; {len(self.kept)} stay" if self.kept else ""
        count = len(self.drops)
        return f"{self.bytes:,} bytes {verb} by {count} picture{'' if count == 1 else 's'}{stays}."

    def refusal(self, studio: Studio) -> tuple[str, str]:
        """Why nothing may go: the first reason, and where the others are said."""
        asset, take, reasons = self.kept[0]
        name = serving.name_of(take, studio.project.asset(asset))
        more = f"; and {len(self.kept) - 1} more" if len(self.kept) > 1 else ""
        return f"{name} stays: {reasons[0]}{more}", "--prove proves first; --dry-run lists every reason"


def choose(studio: Studio, wanted: Sequence[str]) -> list[tuple[AssetId, Take]]:
    """The takes that were named, by take or by asset; all of the project when none was."""
    if not wanted:
        return [(one.asset, one.take) for one in studio.project.index.takes()]
    found = {take.id: (asset, take) for name in wanted for asset, take in finding.all_of(studio, name)}
    return list(found.values())


def plan(studio: Studio, chosen: Iterable[tuple[AssetId, Take]]) -> Plan:
    """What may go of the chosen takes that are here; takes with the same bytes go together or not at all."""
    listing = Listing(studio)
    everything = {one.take.id: (one.asset, one.take) for one in studio.project.index.takes()}
    pictures = _pictures(studio, listing, everything.values())
    here = {one.take for one in pictures if one.present}
    batch = [take.id for _, take in chosen if take.id in here]
    answers = safety.may_drop(batch, pictures, _ground(studio, pictures))
    drops: list[Drop] = []
    kept: list[tuple[AssetId, Take, tuple[str, ...]]] = []
    for take_id, reasons in answers.items():
        asset, take = everything[take_id]
        if reasons:
            kept.append((asset, take, tuple(reasons)))
        else:
            drops.append(_drop(studio, listing, asset, take))
    return Plan(tuple(drops), tuple(kept))


def drop(studio: Studio, plan: Plan) -> int:
    """Carry a plan out: the tombstones first, durably, then the bytes and their names; returns the bytes freed.

    Raises `Conflict` when a worker has started something that needs one of the pictures meanwhile.
    """

    def build(edit: Edit) -> None:
        if _needed_now(studio) & {one.take.recipe_key for one in plan.drops}:
            raise Conflict(
                "a worker has just started a job that needs one of them", "wait for it, then ask again"
            )
        for one in plan.drops:
            fact = Dropped(
                id=FactId(edit.new_id()),
                take=one.take.id,
                sha256=next(iter(one.sizes)),
                bytes=one.bytes,
                grade=one.grade,
                member=edit.member,
                device=edit.device.id,
                time=edit.now,
            )
            edit.add(asset_document(one.asset), fact)

    studio.project.commit(build)
    freed = 0
    for one in plan.drops:
        for digest in one.sizes:
            if one.take.file:
                target = film.inside(studio.project.folder, one.take.file)
                studio.blobs.unlink(digest, target, inside=studio.project.folder)
            freed += studio.blobs.delete(digest)
    return freed


def _drop(studio: Studio, listing: Listing, asset: AssetId, take: Take) -> Drop:
    facts = listing.facts(asset)
    own = [one for one in serving.digests(take, facts) if studio.blobs.has(one)]
    derived = [one for one in (take.proxy, take.latents) if one is not None and studio.blobs.has(one)]
    sizes = {one: studio.blobs.size(one) for one in [*own, *derived]}
    return Drop(asset, take, takes.grade(take, facts).grade, sizes)


def _pictures(studio: Studio, listing: Listing, known: Iterable[tuple[AssetId, Take]]) -> list[Picture]:
    busy = _needed_now(studio)
    found = []
    for asset, take in known:
        facts = listing.facts(asset)
        here = serving.present(studio.blobs, take, facts) is not None
        picture = safety.read(take, facts, name=serving.name_of(take, facts), fresh=True, present=here)
        found.append(replace(picture, claimed=take.recipe_key in busy))
    return found


def _needed_now(studio: Studio) -> set[RecipeKey]:
    """The recipes whose pictures feed a job that somebody is working on."""
    from app.render.prepare import recipe_of

    found: set[RecipeKey] = set()
    for row in studio.project.index.jobs(states=("owned",)):
        if not studio.project.sessions().get(row.owner or studio.project.session, True):
            continue
        version = history.known(studio.project.asset(row.asset).versions).get(row.version)
        if version is not None:
            found |= {one.recipe for one in recipe_of(version, row.item).inputs if one.recipe is not None}
    return found


def _ground(studio: Studio, pictures: Iterable[Picture]) -> Ground:
    """Who has the models that bringing back needs; verified here means: as they were when last looked at."""
    bundled = {one.digest for one in studio.models.bundled()}
    known = {one.digest: one.name for one in studio.project.models()}
    holdings: dict[ModelDigest, Holding] = {}
    for model in {model for one in pictures for model in one.models}:
        try:
            studio.models.locate(model)
            here = True
        except ModelFault:
            here = False
        name = known.get(model, model[:12])
        holdings[model] = Holding(name=name, members=int(here), here=here, bundled=here and model in bundled)
    return Ground(members=len(set(studio.project.members.devices.values())), models=holdings)


def _named(listing: Listing, asset: AssetId, take: Take) -> Shape:
    facts = listing.facts(asset)
    return {
        "take": take.id,
        "asset": asset,
        "asset_name": history.name(facts),
        "version_label": history.label(serving.version_of(take, facts), facts.versions),
        "label": takes.take_label(take, facts.takes),
        "sha256": take.sha256,
    }


# --- the report ---


def report(studio: Studio) -> Shape:
    """The bytes on this machine by what they are for; every blob counts once, for the take that had it first."""
    listing = Listing(studio)
    sums: dict[str, dict[str, int]] = {
        name: defaultdict(int)
        for name in ("asset", "kind", "model", "tier", "class", "media_type", "member", "age")
    }
    counted: set[FileDigest] = set()
    again = 0
    now = studio.clock()
    models = {one.digest: one.name for one in studio.project.models()}
    for row in studio.project.index.takes():
        facts = listing.facts(row.asset)
        size = _size(studio, row.take, facts, counted)
        graded = listing.grade(row.take, facts).grade
        again += size if graded in PROVED else 0
        version = serving.version_of(row.take, facts)
        model = str(version.parameters.get("model", ""))
        of = {
            "asset": history.name(facts),
            "kind": str(facts.asset.kind),
            "model": models.get(ModelDigest(model), "imported"),
            "tier": str(version.tier),
            "class": str(graded),
            "media_type": row.take.media_type,
            "member": row.take.member,
            "age": _age(datetime.fromisoformat(row.take.time), now),
        }
        for name, key in of.items():
            sums[name][key] += size
    recipes = _recipes(studio)
    whole = stored(studio.project.folder / PRIVATE / "blobs")["bytes"] + recipes
    listed = {f"by_{name}": _listed(name, found) for name, found in sums.items()}
    return {
        "bytes": whole,
        **listed,
        "regeneratable_bytes": again,
        "permanent_bytes": whole - again,
        "recipes_bytes": recipes,
        "takes": studio.project.index.counts()["takes"],
    }


def _size(studio: Studio, take: Take, facts: AssetFacts, counted: set[FileDigest]) -> int:
    """The bytes here of a take's picture and what is derived from it, as far as they are not counted yet."""
    parts = [*serving.digests(take, facts), take.thumb, take.proxy, take.latents]
    fresh = [one for one in parts if one is not None and one not in counted and studio.blobs.has(one)]
    counted.update(fresh)
    return sum(studio.blobs.size(one) for one in fresh)


def _age(made: datetime, now: datetime) -> str:
    """The age of a picture by the days after which the tiers' pictures may go: 7, 30 and 90."""
    days = (now - made).days
    limit = next((one for one in AGES if days < one), None)
    return f"{AGES[-1]} days and more" if limit is None else f"less than {limit} days"


def _recipes(studio: Studio) -> int:
    """The bytes of everything that is no picture: the signed log and what it is looked up by."""
    private = studio.project.folder / PRIVATE
    return sum(one.stat().st_size for one in private.glob("log.db*"))


def _listed(name: str, found: dict[str, int]) -> list[Shape]:
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return [{name: key, "bytes": size} for key, size in ranked]
