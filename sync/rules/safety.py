"""What may be deleted: only a picture of which it is proved that it comes back, whatever else goes with it.

The rules are those of "Safe to delete". They are judged for a whole batch: a picture that others were made from
goes only when it comes back identical, and what it was itself made from must still be there, or come back, after the
whole batch is gone. Pictures with the same bytes go together or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from engine.recipe import FileDigest, ModelDigest
from sync.records import Grade, TakeId, Tier
from sync.rules.closure import (
    Ground,
    Holding,
    Picture,
    by_bytes,
    comes_back,
    held,
    identical,
    pooled,
    read,
    remains,
    together,
)

__all__ = ["Ground", "Holding", "Picture", "comes_back", "may_drop", "read", "together"]

UNKNOWN: Final = "nothing is known of this take here (synchronise first, then ask again)"
PROVED_EQUAL: Final = (Grade.R0, Grade.R1)


def may_drop(
    batch: Collection[TakeId], pictures: Iterable[Picture], ground: Ground
) -> dict[TakeId, list[str]]:
    """For each take of the batch the reasons why it may not be deleted, each with what to do; an empty list is a yes.

    Takes with the same bytes as one of the batch are part of it and of the answer. `pictures` holds all takes that
    share bytes with the batch, were made from it, or that it was made from, directly or not, deleted ones too.
    A larger batch never allows what a smaller one refuses.
    """
    known = pooled(pictures)
    twins = by_bytes(known.values())
    users = _users(known.values())
    asked = together(batch, known.values())
    found: dict[TakeId, list[str]] = {}
    for take in asked:
        picture = known.get(take)
        found[take] = [UNKNOWN] if picture is None else _alone(picture, twins, users, ground)
    gone = {take for take, reasons in found.items() if not reasons}
    left = remains(known.values(), gone, ground)
    for take in gone:
        found[take] += _sourceless(known[take], left)
    for take in sorted(gone):  # bytes go together: one that has to stay keeps its twins
        if not found[take] and any(found[one.take] for one in twins[known[take].sha256]):
            found[take].append("other takes with the same bytes have to stay (see their reasons)")
    return found


def _users(pictures: Iterable[Picture]) -> dict[FileDigest, list[Picture]]:
    found: dict[FileDigest, list[Picture]] = {}
    for one in sorted(pictures, key=lambda one: one.take):
        for source in dict.fromkeys(one.consumed):
            found.setdefault(source, []).append(one)
    return found


def _alone(
    picture: Picture,
    twins: Mapping[FileDigest, list[Picture]],
    users: Mapping[FileDigest, list[Picture]],
    ground: Ground,
) -> list[str]:
    """The reasons that hold whatever else is in the batch, those of takes with the same bytes included."""
    found = [f"{doubt} (wait until that is settled)" for doubt in ground.doubts]
    if not ground.agreed:
        found.append(
            "the votes are not for this very cleanup (`restrike storage vote` on the plan as it is now)"
        )
    for twin in twins[picture.sha256]:
        own = _held_back(twin) + _not_renderable(twin, ground) + _unproved(twin, ground)
        found += own if twin is picture else [f"{twin.name} has the same bytes: {one}" for one in own]
    if not identical(picture, ground):
        made = [one.name for one in users.get(picture.sha256, []) if one.take != picture.take]
        if made:
            shown = ", ".join(made[:3]) + (f" and {len(made) - 3} more" if len(made) > 3 else "")
            fix = f"`restrike take prove {picture.take}`: identical pixels free it"
            found.append(f"{shown} was made from it and it is not proved identical ({fix})")
    return found


def _held_back(picture: Picture) -> list[str]:
    found = []
    if picture.pinned:
        found.append("it is pinned (unpin it first)")
    if picture.locked:
        found.append("it is approved and locked (unlock it first)")
    if picture.claimed:
        found.append("a job that needs it is being worked on (wait for that job, or cancel it)")
    if picture.review:
        found.append("a review of it is open (close the review first)")
    return found


def _not_renderable(picture: Picture, ground: Ground) -> list[str]:
    """Why the recipe could not be rendered again at all."""
    if picture.imported:
        return [
            "it came from outside, so nothing could bring it back (keep it, or export it elsewhere first)"
        ]
    found = []
    if not picture.complete:
        found.append(
            "its recipe does not name everything it was made with (render it anew, then drop this one)"
        )
    if not picture.models:
        found.append("its recipe names no model (keep it)")
    return found + [_unheld(model, ground) for model in picture.models if not held(model, ground)]


def _unheld(model: ModelDigest, ground: Ground) -> str:
    known = ground.models.get(model)
    name = known.name if known is not None else f"{model[:12]}…"
    if ground.members <= 1:
        return f"its model {name} is not verified on this machine (`restrike model verify`, or `model add FOLDER`)"
    return f"its model {name} is held by too few (`restrike model fetch {name}` on another machine, or to the bucket)"


def _unproved(picture: Picture, ground: Ground) -> list[str]:
    """Why its proofs do not suffice for its tier."""
    fix = f"`restrike take prove {picture.take}`"
    if ground.members <= 1:
        if picture.grade is Grade.R0 and picture.fresh:
            return []
        return [f"it is {_words(picture.grade)}, and nobody else has it: it must be proved identical ({fix})"]
    if picture.tier is Tier.LOW:
        return []
    if picture.tier is Tier.STANDARD:
        if picture.elsewhere in PROVED_EQUAL or picture.latents >= 2:
            return []
        return [
            f"on another machine it is {_words(picture.elsewhere)} ({fix} there, or keep latents in two places)"
        ]
    if picture.grade is Grade.R0:
        return []
    if picture.grade is not Grade.R1 or picture.latents < 1:
        return [
            f"it is {_words(picture.grade)}, and of tier high ({fix}: identical, or equal with its latents kept)"
        ]
    if picture.against:
        return [f"{picture.against} of the team are against, and it is not identical (agree first, or {fix})"]
    return []


def _words(grade: Grade) -> str:
    return {
        Grade.R0: "identical in a process that was not fresh",
        Grade.R1: "proved equal, not identical",
        Grade.R2: "proved to come back different",
        Grade.R3: "not to be regenerated now",
        Grade.UNPROVED: "not proved",
    }[grade]


def _sourceless(picture: Picture, remains: Collection[FileDigest]) -> list[str]:
    lost = [source for source in dict.fromkeys(picture.consumed) if source not in remains]
    return [
        f"what it was made from ({source[:12]}…) would be gone too and could not be rendered again"
        " (keep it, or fetch its source first)"
        for source in lost
    ]
