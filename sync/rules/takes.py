"""Takes of an asset: labels, which one is chosen, what the asset feeds to others, and how well a take regenerates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.recipe import RecipeKey
from sync.records import Approved, AssetFacts, Grade, Struck, Take, TakeId, Version
from sync.rules import history
from sync.rules.union import unique

R1_PSNR_DB: Final = 45.0
R1_SSIM: Final = 0.999
BEST_FIRST: Final = (Grade.R0, Grade.R1, Grade.R2)


@dataclass(frozen=True, slots=True)
class Graded:
    """A take's class with the sentence that says why."""

    grade: Grade
    reason: str


def known(takes: Iterable[Take]) -> dict[TakeId, Take]:
    """The takes by id, each once."""
    return unique(takes, lambda one: one.id)


def take_label(take: Take, takes: Iterable[Take]) -> str:
    """How people call a take of its version, as `take02`; of several with one number as versions do, `take02-k7qd`."""
    same = [one.id for one in takes if one.version == take.version and one.number == take.number]
    return f"take{take.number:02d}{history.suffix(take.id, same)}"


def next_take(version: Version, takes: Iterable[Take]) -> int:
    """The number that the version's next take gets: one more than its highest, 1 for the first."""
    return max((one.number for one in takes if one.version == version.id), default=0) + 1


def newest(takes: Iterable[Take]) -> Take | None:
    """The take that was made last; of several at one time the one with the largest id."""
    return max(known(takes).values(), key=lambda one: (one.time, one.id), default=None)


def standing(facts: AssetFacts) -> dict[TakeId, Approved]:
    """The approvals that hold, by take: its newest fact counts, and it was no withdrawal."""
    last: dict[TakeId, Approved] = {}
    for fact in unique(facts.approved, lambda one: one.id).values():
        other = last.setdefault(fact.take, fact)
        if (fact.time, fact.id) > (other.time, other.id):
            last[fact.take] = fact
    return {take: fact for take, fact in last.items() if not fact.withdrawn}


def chosen(facts: AssetFacts) -> Take | None:
    """The asset's approved take: of those whose approval holds, the one approved last; none when there is none."""
    takes = known(facts.takes)
    held = [one for one in standing(facts).values() if one.take in takes]
    last = max(held, key=lambda one: (one.time, one.id), default=None)
    return takes[last.take] if last is not None else None


def fed(facts: AssetFacts) -> tuple[Version, Take | None, bool] | None:
    """What the asset feeds to others: a version, its take, and whether that is provisional; none without a version.

    The approved take with its version; with none approved the current version and the newest take of its very recipe
    (items k > 0 of a count have another seed and do not count), which may still be missing.
    """
    take = chosen(facts)
    versions = history.known(facts.versions)
    if take is not None and take.version in versions:
        return versions[take.version], take, False
    shown = history.current(versions.values())
    if shown is None:
        return None
    return shown, newest(one for one in facts.takes if one.recipe_key == shown.recipe_key), True


def fed_key(facts: AssetFacts) -> RecipeKey | None:
    """The recipe key under which others are made from this asset now.

    That of the approved take itself, which for item k > 0 of a count is not its version's; else the current version's.
    """
    found = fed(facts)
    if found is None:
        return None
    version, take, provisional = found
    return version.recipe_key if take is None or provisional else take.recipe_key


def outcome(proof: Struck, take: Take) -> Grade:
    """What a proof proves: the weaker of what it states and what its digests and distances bear out."""
    if proof.grade not in BEST_FIRST:
        return Grade.UNPROVED
    if proof.pixels == take.pixels:
        borne = Grade.R0
    elif _near(proof.psnr_db, R1_PSNR_DB) and _near(proof.ssim, R1_SSIM):
        borne = Grade.R1
    else:
        borne = Grade.R2
    return max(proof.grade, borne, key=BEST_FIRST.index)


def _near(value: float | None, least: float) -> bool:
    return value is not None and not math.isnan(value) and value >= least


def proofs(take: Take, facts: AssetFacts) -> list[tuple[Grade, Struck]]:
    """What proves the take, with what each proves: best first, then oldest first.

    A proof of another take of the same recipe with the same pixels proves this one as well.
    """
    alike = {one.id for one in facts.takes if (one.recipe_key, one.pixels) == (take.recipe_key, take.pixels)}
    alike.add(take.id)
    found = [
        (outcome(one, take), one)
        for one in unique(facts.struck, lambda one: one.id).values()
        if one.take in alike and one.grade in BEST_FIRST
    ]
    return sorted(found, key=lambda one: (BEST_FIRST.index(one[0]), one[1].time, one[1].id))


def grade(take: Take, facts: AssetFacts, *, missing: Sequence[str] = ()) -> Graded:
    """The take's class: R3 when it is imported or `missing` names what regenerating lacks here, else its best proof."""
    if take.imported:
        return Graded(Grade.R3, "the picture came from outside, so no recipe brings it back")
    if missing:
        return Graded(Grade.R3, "it cannot be regenerated here now: " + ", ".join(missing) + " missing")
    found = proofs(take, facts)
    if not found:
        return Graded(Grade.UNPROVED, "no proof render has run yet")
    best, proof = found[0]
    where = "on an equal machine" if proof.profile == take.profile else "on a different machine or set-up"
    if best is Grade.R0:
        return Graded(best, f"rendered again {where}: identical pixels")
    likeness = "visually equal" if best is Grade.R1 else "other pixels"
    return Graded(best, f"rendered again {where}: {likeness}, {_distance(proof)}")


def _distance(proof: Struck) -> str:
    if proof.psnr_db is None or proof.ssim is None:
        return "and no original to measure the distance from"
    return f"{proof.psnr_db:.1f} dB, SSIM {proof.ssim:.4f}"
