"""A rendered picture becomes a take: its bytes first, then take and result in one commit, then the film's folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app import film
from app.render import serving
from engine.faults import NotFound
from engine.fingerprint import Fingerprint
from engine.recipe import FileDigest, RecipeKey
from engine.renderer import Rendered
from sync.project import PROJECT_DOCUMENT, Edit, asset_document
from sync.records import AssetFacts, AssetId, Consumed, Finished, Profile, Take, TakeId, Version, VersionId
from sync.rules import history, jobs, takes

if TYPE_CHECKING:
    from app.render.prepare import Work
    from app.studio import Studio


@dataclass(frozen=True, slots=True)
class Kept:
    """The bytes of a rendered picture and what is smaller, as they are stored."""

    picture: FileDigest
    thumb: FileDigest | None
    proxy: FileDigest | None
    latents: FileDigest | None


@dataclass(frozen=True, slots=True)
class Published:
    """What a finished job left: the takes by asset, and what stood in the way of showing a file, as sentences.

    No takes when the job was called off before, or when somebody else's result was there first.
    """

    takes: tuple[tuple[AssetId, Take], ...]
    trouble: tuple[str, ...] = ()


def keep(studio: Studio, rendered: Rendered) -> Kept:
    """Store the bytes, the picture first, durably; raises `NoSpace`."""
    picture = studio.blobs.put(rendered.picture)

    def put(data: bytes | None) -> FileDigest | None:
        return None if data is None else studio.blobs.put(data)

    return Kept(picture, put(rendered.thumb), put(rendered.proxy), put(rendered.latents))


def publish(studio: Studio, work: Work, rendered: Rendered) -> Published:
    """Keep what was rendered as the result of a job; raises `NoSpace`, and the job then stays as it is."""
    kept = keep(studio, rendered)
    made = studio.project.commit(lambda edit: _finish(studio, edit, work, rendered, kept))
    trouble = [serving.show_file(studio, take, take.sha256) for _, take in made]
    return Published(made, tuple(one for one in trouble if one is not None))


def _finish(
    studio: Studio, edit: Edit, work: Work, rendered: Rendered, kept: Kept
) -> tuple[tuple[AssetId, Take], ...]:
    view = jobs.view(edit.job(work.job))
    if view.state in (jobs.State.CANCELLED, jobs.State.FINISHED):
        return ()
    keep_profile(studio, edit, rendered.fingerprint)
    made: list[tuple[AssetId, Take]] = []
    for asset, version, item in _wanted(edit, work):
        facts = edit.asset(asset)
        if any((one.recipe_key, one.sha256) == (work.recipe.key, kept.picture) for one in facts.takes):
            continue
        take = _take(studio, edit, facts, history.known(facts.versions)[version], item, work, rendered, kept)
        if made:
            take = replace(take, seconds=0.0)
        edit.add(asset_document(asset), take)
        made.append((asset, take))
    result = (
        made[0][1].id
        if made
        else next(one.id for one in edit.asset(work.asset).takes if one.sha256 == kept.picture)
    )
    edit.add(
        edit.queue_document(work.job),
        Finished(
            job=work.job,
            session=edit.session,
            take=result,
            sha256=kept.picture,
            seconds=rendered.seconds,
            time=edit.now,
        ),
    )
    return tuple(made)


def _wanted(edit: Edit, work: Work) -> list[tuple[AssetId, VersionId, int]]:
    """Whose picture this is: the work's own asset first, then whoever else wished for it or has this very recipe."""
    found: dict[AssetId, tuple[VersionId, int]] = {work.asset: (work.version.id, work.item)}
    for wish in edit.job(work.job).wishes:
        found.setdefault(wish.asset, (wish.version, wish.item))
    for row in edit.index.versions_with(work.recipe.key):
        found.setdefault(row.asset, (row.id, 0))
    return [(asset, version, item) for asset, (version, item) in found.items()]


def keep_profile(studio: Studio, edit: Edit, fingerprint: Fingerprint) -> None:
    """Add a fingerprint to the project document unless it is there."""
    try:
        studio.project.profile(fingerprint.digest)
    except NotFound:
        edit.add(PROJECT_DOCUMENT, Profile(id=fingerprint.digest, fingerprint=fingerprint.to_json()))


def _take(
    studio: Studio,
    edit: Edit,
    facts: AssetFacts,
    version: Version,
    item: int,
    work: Work,
    rendered: Rendered,
    kept: Kept,
) -> Take:
    take = Take(
        id=TakeId(edit.new_id()),
        version=version.id,
        number=takes.next_take(version, facts.takes),
        item=item,
        recipe_key=work.recipe.key,
        sha256=kept.picture,
        pixels=rendered.pixels,
        bytes=len(rendered.picture),
        media_type=rendered.media_type,
        width=rendered.width,
        height=rendered.height,
        frames=rendered.frames,
        profile=rendered.fingerprint.digest,
        seconds=round(rendered.seconds, 3),
        worker=edit.session,
        member=edit.member,
        device=edit.device.id,
        time=edit.now,
        provisional=work.provisional,
        own_noise=rendered.own_noise,
        file="",
        consumed=tuple(
            Consumed(role=role, sha256=digest) for role, digest in sorted(rendered.consumed.items())
        ),
        thumb=kept.thumb,
        proxy=kept.proxy,
        latents=kept.latents,
    )
    return replace(take, file=free_file(studio, facts, version, take))


def twin(studio: Studio, edit: Edit, facts: AssetFacts, version: Version, item: int, other: Take) -> Take:
    """A take of `facts` on the bytes that another asset's take of the same recipe has; it took no time."""
    take = replace(
        other,
        id=TakeId(edit.new_id()),
        version=version.id,
        number=takes.next_take(version, facts.takes),
        item=item,
        seconds=0.0,
        worker=edit.session,
        member=edit.member,
        device=edit.device.id,
        time=edit.now,
        file="",
    )
    return replace(take, file=free_file(studio, facts, version, take))


def free_file(studio: Studio, facts: AssetFacts, version: Version, take: Take) -> str:
    """The name that a new take's file gets for ever; one that is taken by something else is told apart by its id."""
    label = history.label(version, facts.versions)
    name = takes.take_label(take, [*facts.takes, take])
    place = (facts.asset.kind, facts.asset.scene, history.name(facts), label)
    path = film.media_path(*place, name, take.media_type)
    if film.inside(studio.project.folder, path).exists():
        path = film.media_path(*place, f"{name}-{take.id[-6:]}", take.media_type)
    return str(path)


def has_take(facts: AssetFacts, key: RecipeKey) -> Take | None:
    """The newest take of that very recipe."""
    return takes.newest(one for one in facts.takes if one.recipe_key == key)
