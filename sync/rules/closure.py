"""What can still be had when some pictures are gone: here, or rendered again from what is here, and so on."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from engine.faults import BadField
from engine.recipe import FileDigest, ModelDigest, Recipe, RecipeKey
from sync.records import AssetFacts, Grade, Take, TakeId, Tier
from sync.rules import history, takes
from sync.rules.union import unique

BEST_FIRST: Final = (Grade.R0, Grade.R1, Grade.R2, Grade.UNPROVED, Grade.R3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One take as a cleanup sees it.

    `name` is what sentences call it, `grade` its best proof, `elsewhere` its best proof on another profile, `fresh`
    whether identical pixels were proved in a fresh process. `complete` says that its recipe names everything,
    `present` that the bytes are here, `latents` in how many places its latents are kept, `against` how many members
    are against. `consumed` are the bytes it was made from.
    """

    take: TakeId
    name: str
    tier: Tier
    recipe_key: RecipeKey
    sha256: FileDigest
    grade: Grade
    elsewhere: Grade = Grade.UNPROVED
    fresh: bool = False
    complete: bool = True
    imported: bool = False
    present: bool = True
    models: tuple[ModelDigest, ...] = ()
    consumed: tuple[FileDigest, ...] = ()
    latents: int = 0
    against: int = 0
    pinned: bool = False
    locked: bool = False
    claimed: bool = False
    review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Who has a model: how many members, the bucket, verified on this machine, bundled with the program."""

    name: str
    members: int = 0
    bucket: bool = False
    here: bool = False
    bundled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a deletion stands on: the team's size, who has which model, and every doubt.

    `agreed` says that the votes needed are for this very batch (one's own copies need none). `doubts` are sentences:
    an unknown view, pins not yet synced, a clock in doubt, a failed probe; any of them stops everything.
    """

    members: int = 1
    models: Mapping[ModelDigest, Holding] = field(default_factory=dict)
    agreed: bool = True
    doubts: tuple[str, ...] = ()


def read(take: Take, facts: AssetFacts, *, name: str, fresh: bool, present: bool) -> Picture:
    """A take of an asset as a cleanup sees it, from the asset's facts.

    `fresh` vouches that this project's proofs run in a fresh process. What the facts do not tell (pins, locks, claims,
    reviews, latents) has its default: set it with `dataclasses.replace`.
    """
    version = history.known(facts.versions).get(take.version)
    recipe = _recipe(version.recipe, take) if version is not None else None
    proofs = takes.proofs(take, facts)
    return Picture(
        take=take.id,
        name=name,
        tier=version.tier if version is not None else Tier.HIGH,
        recipe_key=take.recipe_key,
        sha256=take.sha256,
        grade=next((grade for grade, _ in proofs), Grade.UNPROVED),
        elsewhere=next((grade for grade, one in proofs if one.profile != take.profile), Grade.UNPROVED),
        fresh=fresh,
        complete=recipe is not None,
        imported=take.imported,
        present=present,
        models=_models(recipe) if recipe is not None else (),
        consumed=tuple(sorted({one.sha256 for one in take.consumed})),
    )


def _recipe(text: str, take: Take) -> Recipe | None:
    """The recipe a take was made by; none when the text is not that of the take's key."""
    try:
        recipe = Recipe.from_json(json.loads(text)).item(take.item)
        return recipe if recipe.key == take.recipe_key else None
    except (BadField, ValueError, RecursionError, TypeError, AttributeError):
        return None


def _models(recipe: Recipe) -> tuple[ModelDigest, ...]:
    own = (recipe.model,) if recipe.model is not None else ()
    return own + tuple(ModelDigest(one.digest) for one in recipe.adapters)


def by_bytes(pictures: Iterable[Picture]) -> dict[FileDigest, list[Picture]]:
    """The pictures by their bytes, each group by take."""
    found: dict[FileDigest, list[Picture]] = {}
    for one in sorted(pictures, key=lambda one: one.take):
        found.setdefault(one.sha256, []).append(one)
    return found


def pooled(pictures: Iterable[Picture]) -> dict[TakeId, Picture]:
    """The pictures by take; those of one recipe with the same bytes share their proofs: what proves one proves all."""
    known = unique(pictures, lambda one: one.take)
    groups: dict[tuple[RecipeKey, FileDigest], list[Picture]] = {}
    for one in known.values():
        groups.setdefault((one.recipe_key, one.sha256), []).append(one)
    for group in groups.values():
        if len(group) > 1:
            grade = min((one.grade for one in group), key=BEST_FIRST.index)
            elsewhere = min((one.elsewhere for one in group), key=BEST_FIRST.index)
            fresh = any(one.fresh for one in group if one.grade is grade)
            known |= {one.take: replace(one, grade=grade, elsewhere=elsewhere, fresh=fresh) for one in group}
    return known


def together(batch: Iterable[TakeId], pictures: Iterable[Picture]) -> list[TakeId]:
    """The batch with every take that has the same bytes as one of it, in the order of the batch."""
    known = unique(pictures, lambda one: one.take)
    twins = by_bytes(known.values())
    found: dict[TakeId, None] = {}
    for take in batch:
        found[take] = None
        if take in known:
            found.update(dict.fromkeys(one.take for one in twins[known[take].sha256]))
    return list(found)


def comes_back(pictures: Iterable[Picture], gone: Collection[TakeId], ground: Ground) -> set[TakeId]:
    """The takes whose bytes are here, or that can be rendered again from what is here, once `gone` are deleted."""
    known = pooled(pictures)
    left = remains(known.values(), gone, ground)
    return {
        one.take
        for one in known.values()
        if one.sha256 in left or (renderable(one, ground) and all(source in left for source in one.consumed))
    }


def held(model: ModelDigest, ground: Ground) -> bool:
    """Whether enough have the model: verified here in a project of one, else two members, or one and the bucket."""
    found = ground.models.get(model)
    if found is None:
        return False
    if ground.members <= 1:
        return found.here or found.bundled
    return found.bundled or found.members >= 2 or (found.members == 1 and found.bucket)


def renderable(picture: Picture, ground: Ground) -> bool:
    """Whether its recipe can be rendered again at all, its inputs given."""
    if picture.imported or not picture.complete or not picture.models:
        return False
    return all(held(model, ground) for model in picture.models)


def identical(picture: Picture, ground: Ground) -> bool:
    """Whether rendering it again gives these very pixels: proved, and in a project of one in a fresh process."""
    return picture.grade is Grade.R0 and (picture.fresh or ground.members > 1) and renderable(picture, ground)


def remains(pictures: Iterable[Picture], gone: Collection[TakeId], ground: Ground) -> set[FileDigest]:
    """The bytes that can be had when `gone` are deleted: here, or rendered again identically from what can be had."""
    found: set[FileDigest] = set()
    waiting: deque[FileDigest] = deque()
    needs: dict[TakeId, set[FileDigest]] = {}
    users: dict[FileDigest, list[Picture]] = {}
    for one in pictures:
        if one.present and one.take not in gone:
            waiting.append(one.sha256)
        elif identical(one, ground):
            needs[one.take] = set(one.consumed)
            for source in needs[one.take]:
                users.setdefault(source, []).append(one)
            if not one.consumed:
                waiting.append(one.sha256)
    while waiting:
        have = waiting.popleft()
        if have in found:
            continue
        found.add(have)
        for one in users.get(have, ()):
            needs[one.take].discard(have)
            if not needs[one.take]:
                waiting.append(one.sha256)
    return found
