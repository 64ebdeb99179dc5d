"""Records as the JSON that every front end answers with: contract section 6, and a few keys more.

In all shapes `version` is the integer number, `version_id` the id behind it, `version_label` what people see
(`v03`, `v03-k7qd`); `asset` is an id and `asset_name` its name. Pure functions: what must be looked up is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync import identity
from sync.records import Approved, AssetFacts, AssetId, Kind, Struck, Superseded, Take, Version
from sync.shown import Shown

if TYPE_CHECKING:
    from sync.spoken import Offer
    from sync.team import Knock

Shape = dict[str, Any]


def asset(
    facts: AssetFacts,
    current: Version,
    *,
    name: str,
    label: str,
    forked: bool,
    stale: bool,
    gone: bool = False,
    approved: str | None = None,
) -> Shape:
    """An asset at its current version."""
    made, takes = facts.asset, sorted(facts.takes, key=lambda take: (take.time, take.id))
    return asset_at(
        Shown.of(current),
        asset=made.id,
        kind=made.kind,
        scene=made.scene,
        name=name,
        label=label,
        forked=forked,
        stale=stale,
        gone=gone,
        approved=approved,
        takes=[one.id for one in takes],
    )


def asset_at(
    current: Shown,
    *,
    asset: AssetId,
    kind: Kind,
    scene: str | None,
    name: str,
    label: str,
    forked: bool,
    stale: bool,
    gone: bool,
    approved: str | None,
    takes: Sequence[str],
) -> Shape:
    """An asset at its current version, from what the index knows; `takes` are the oldest first."""
    return {
        "id": asset,
        "name": name,
        "kind": str(kind),
        "scene": scene,
        "version": current.number,
        "version_id": current.id,
        "version_label": label,
        "tier": str(current.tier),
        "note": current.note,
        "parameters": dict(current.parameters),
        "recipe": dict(current.recipe),
        "recipe_key": current.recipe_key,
        "forked": forked,
        "stale": stale,
        "removed": gone,
        "approved": approved,
        "inputs": [{"asset": one, "role": role} for one, role in current.links],
        "takes": list(takes),
        "editing": [],
    }


def inputs(version: Version) -> list[Shape]:
    """What feeds a version, as `{asset, role}`."""
    return [{"asset": one.asset, "role": one.role} for one in version.links]


def version(one: Version, label: str, *, saved: bool = True) -> Shape:
    """A version, shown under its label; one that is not `saved` is a merge that nobody rendered or edited yet."""
    return {
        "id": one.id,
        "number": one.number,
        "label": label,
        "parents": list(one.parents),
        "author": one.author,
        "time": one.time,
        "note": one.note,
        "tier": str(one.tier),
        "recipe_key": one.recipe_key,
        "parameters": dict(one.parameters),
        "inputs": inputs(one),
        "saved": saved,
    }


def changed(field: str, before: Any, after: Any) -> Shape:
    """One difference between two versions."""
    return {"field": field, "from": before, "to": after}


def take(
    one: Take,
    facts: AssetFacts,
    *,
    asset_name: str,
    label: str,
    version: int,
    version_label: str,
    grade: str,
    reason: str,
    approved: bool,
    present: Sequence[str],
    folder: Path,
    fingerprint: Mapping[str, Any] | None,
) -> Shape:
    """A take with its proofs; `file` is where its picture is, or would be again after `storage fetch`."""
    return {
        "id": one.id,
        "asset": facts.asset.id,
        "asset_name": asset_name,
        "kind": str(facts.asset.kind),
        "scene": facts.asset.scene,
        "version": version,
        "version_id": one.version,
        "version_label": version_label,
        "number": one.number,
        "label": label,
        "item": one.item,
        "recipe_key": one.recipe_key,
        "sha256": one.sha256,
        "pixels_sha256": one.pixels,
        "bytes": one.bytes,
        "media_type": one.media_type,
        "width": one.width,
        "height": one.height,
        "frames": one.frames,
        "class": grade,
        "class_reason": reason,
        "proofs": proofs(one.id, facts.struck),
        "fingerprint": dict(fingerprint or {}),
        "profile": one.profile,
        "seconds": one.seconds,
        "worker": one.worker,
        "member": one.member,
        "time": one.time,
        "approved": approved,
        "provisional": one.provisional,
        "own_noise": one.own_noise,
        "imported": one.imported,
        "consumed": [{"role": each.role, "sha256": each.sha256} for each in one.consumed],
        "present": list(present),
        "filename": one.file.rpartition("/")[2] or None,
        "file": folder / one.file if one.file else None,
    }


def proofs(take_id: str, struck: Iterable[Struck]) -> list[Shape]:
    """Each time a take was rendered again and compared, oldest first."""
    return [
        {
            "id": one.id,
            "purpose": one.purpose,
            "class": str(one.grade),
            "psnr_db": one.psnr_db,
            "ssim": one.ssim,
            "profile": one.profile,
            "seconds": one.seconds,
            "member": one.member,
            "device": one.device,
            "time": one.time,
        }
        for one in sorted(struck, key=lambda one: (one.time, one.id))
        if one.take == take_id
    ]


def is_approved(take_id: str, approved: Iterable[Approved]) -> bool:
    """Whether the newest word about this take is that it is approved."""
    words = sorted((one for one in approved if one.take == take_id), key=lambda one: (one.time, one.id))
    return bool(words) and not words[-1].withdrawn


def job(
    job_id: str,
    *,
    asset: AssetId,
    asset_name: str,
    version: int,
    version_id: str,
    version_label: str,
    item: int,
    tier: str,
    state: str,
    owner: str | None,
    votes: int,
    generation: int,
    attempts: Sequence[Mapping[str, Any]],
    take: str | None,
    progress: float | None = None,
    stage: str | None = None,
    eta_s: float | None = None,
    reason: str | None = None,
) -> Shape:
    """A job of the queue; `progress` runs from 0 to 1, attempts are `{worker, code, message}`."""
    return {
        "id": job_id,
        "asset": asset,
        "asset_name": asset_name,
        "version": version,
        "version_id": version_id,
        "version_label": version_label,
        "item": item,
        "tier": tier,
        "state": state,
        "owner": owner,
        "votes": votes,
        "generation": generation,
        "progress": progress,
        "stage": stage,
        "eta_s": eta_s,
        "reason": reason,
        "attempts": [dict(one) for one in attempts],
        "take": take,
    }


def model(
    *,
    name: str,
    digest: str,
    size: int,
    pipeline: str,
    source: str,
    licence: str,
    present: Sequence[str],
    superseded: Iterable[Superseded],
    assets: int,
    default: bool = False,
    draws: str = "",
) -> Shape:
    """A model by its digest; `assets` counts the assets whose current version uses it."""
    return {
        "name": name,
        "digest": digest,
        "bytes": size,
        "pipeline": pipeline,
        "source": source,
        "licence": licence,
        "present": list(present),
        "supersedes": [one.old for one in superseded if one.new == digest],
        "superseded_by": [one.new for one in superseded if one.old == digest],
        "assets": assets,
        "default": default,
        "draws": draws,
    }


def fault(what: str, id: str, detail: str, fix: str) -> Shape:
    """Something that `verify` found wrong."""
    return {"what": what, "id": id, "detail": detail, "fix": fix}


def check(name: str, ok: bool, detail: str, fix: str = "") -> Shape:
    """Something that `doctor` looked at; without a fault there is nothing to fix."""
    return {"name": name, "ok": ok, "detail": detail, "fix": "" if ok else fix}


def knock(one: Knock) -> Shape:
    """A device that asks to be let in."""
    device = identity.shown(identity.device_id(one.public))
    return {"key": one.public.hex(), "device": device, "name": one.name, "time": one.time}


def spoken(one: Offer) -> Shape:
    """A spoken code, without its words, and what became of it."""
    return {"number": one.number, "state": one.state}
