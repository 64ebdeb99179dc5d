"""A synthetic film of any size, written through the project's own door, with its jobs, claims and proofs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from engine.models.facts import ModelFacts
from engine.parameters import Fed, freeze, resolve
from engine.recipe import FileDigest, PixelDigest, Recipe
from sync.edit import Edit
from sync.identity import new_id, now, utc_now
from sync.project import Project
from sync.records import (
    Asset,
    AssetId,
    Claim,
    FactId,
    Finished,
    Grade,
    JobId,
    Kind,
    Link,
    Struck,
    Take,
    TakeId,
    Tier,
    Version,
    VersionId,
    Wish,
)
from sync.rules.view import job_id
from sync.schema import asset_document
from tests.benchmarks import struck

Step = Callable[[Edit], None]
VERSIONS = 3
TAKES = 2
BATCH = 100
SCENES = 200
PICTURE = 1_070_000
"""Bytes of a 1024 × 576 PNG of a photographic picture; measured on photographs, 0.9 to 1.3 MB."""


class Film:
    """Writes assets in batches; every fifth is an environment, the others are shots that use the last one."""

    def __init__(self, project: Project, facts: ModelFacts, source: random.Random) -> None:
        self._project = project
        self._facts = facts
        self._source = source
        self._place: tuple[AssetId, Recipe] | None = None
        self.names: list[str] = []

    def write(self, assets: int) -> None:
        """Add so many assets with their versions and takes, many in one commit."""
        for first in range(0, assets, BATCH):
            self._project.commit(self._batch(range(first, min(first + BATCH, assets))))

    def write_singly(self, assets: int) -> None:
        """The same, with a commit for each thing that a person or a worker does."""
        for number in range(assets):
            for step in self._steps(number):
                self._project.commit(step)

    def _batch(self, numbers: range) -> Step:
        def build(edit: Edit) -> None:
            for number in numbers:
                for step in self._steps(number):
                    step(edit)

        return build

    def _steps(self, number: int) -> Iterator[Step]:
        """What happens to one asset: added with its first version, changed, and each version rendered and proved."""
        kind = Kind.ENVIRONMENT if number % 5 == 0 else Kind.SHOT
        name = f"{'ENV' if kind is Kind.ENVIRONMENT else 'SHOT'}-{number:05d}"
        scene = None if kind is Kind.ENVIRONMENT else f"SC-{number // (10_000 // SCENES):03d}"
        folder = f"03_Renders/{scene}/{name}/{name}"
        asset, links = (
            AssetId(new_id()),
            () if kind is Kind.ENVIRONMENT or self._place is None else (self._place,),
        )
        self.names.append(name)
        parents: tuple[VersionId, ...] = ()
        for at in range(1, VERSIONS + 1):
            words = f"{struck.prompt(number)}, draft {at}"
            version, recipe = version_of(self._project, self._facts, parents, at, links, words, number)
            yield partial(_save, asset, Asset(
                id=asset, kind=kind, name=name, scene=scene, author=version.author, time=version.time
            ) if at == 1 else None, version)  # fmt: skip
            parents = (version.id,)
            for item in range(TAKES):
                yield from self._render(asset, version, recipe.item(item), item, folder)
        if kind is Kind.ENVIRONMENT:
            self._place = (asset, recipe)

    def _render(
        self, asset: AssetId, version: Version, recipe: Recipe, item: int, folder: str
    ) -> Iterator[Step]:
        digest = FileDigest(f"{self._source.getrandbits(256):064x}")
        pixels = PixelDigest(f"{self._source.getrandbits(256):064x}")
        yield partial(_wish, asset, version, job_id(recipe.key), item)
        yield partial(_claim, job_id(recipe.key))
        take = take_of(self._project, version, recipe, item, digest, pixels, folder)
        yield partial(_finish, asset, take)
        yield partial(_prove, asset, take)


def _save(asset: AssetId, made: Asset | None, version: Version, edit: Edit) -> None:
    if made is not None:
        edit.add(asset_document(asset), made)
    edit.add(asset_document(asset), version)


def _wish(asset: AssetId, version: Version, job: JobId, item: int, edit: Edit) -> None:
    common: dict[str, Any] = {"job": job, "session": edit.session, "member": edit.member, "time": edit.now}
    wish = Wish(asset=asset, version=version.id, item=item, tier=Tier.STANDARD, vt=0.0, **common)
    edit.add(edit.queue_document(job), wish)


def _claim(job: JobId, edit: Edit) -> None:
    claim = Claim(job=job, session=edit.session, epoch=1, member=edit.member, time=edit.now)
    edit.add(edit.queue_document(job), claim)


def _finish(asset: AssetId, take: Take, edit: Edit) -> None:
    job = job_id(take.recipe_key)
    done = Finished(
        job=job, session=edit.session, take=take.id, sha256=take.sha256, seconds=take.seconds, time=edit.now
    )
    edit.add(asset_document(asset), take)
    edit.add(edit.queue_document(job), done)


def _prove(asset: AssetId, take: Take, edit: Edit) -> None:
    edit.add(asset_document(asset), proof_of(take))


def version_of(
    project: Project,
    facts: ModelFacts,
    parents: tuple[VersionId, ...],
    number: int,
    inputs: tuple[tuple[AssetId, Recipe], ...],
    prompt: str,
    seed: int,
) -> tuple[Version, Recipe]:
    """A version as the program would save it, with its frozen recipe."""
    parameters: dict[str, Any] = resolve({"prompt": prompt, "seed": seed}, "standard", facts)
    fed = [
        Fed(role="environment", recipe=recipe.key, pixels=None, fragment="the sea") for _, recipe in inputs
    ]
    recipe = freeze(parameters, facts, fed)
    version = Version(
        id=VersionId(new_id()),
        number=number,
        parents=parents,
        author=project.member,
        time=now(utc_now),
        note="",
        tier=Tier.STANDARD,
        parameters={**parameters, "chosen": ["prompt", "seed"]},
        links=tuple(Link(asset=asset, role="environment") for asset, _ in inputs),
        recipe=recipe.canonical().decode(),
        recipe_key=recipe.key,
    )
    return version, recipe


def take_of(
    project: Project,
    version: Version,
    recipe: Recipe,
    item: int,
    digest: FileDigest,
    pixels: PixelDigest,
    folder: str,
) -> Take:
    """A take of a picture that nobody made."""
    return Take(
        id=TakeId(new_id()),
        version=version.id,
        number=item + 1,
        item=item,
        recipe_key=recipe.key,
        sha256=digest,
        pixels=pixels,
        bytes=PICTURE,
        media_type="image/png",
        width=1024,
        height=576,
        frames=1,
        profile="0" * 32,
        seconds=11.25,
        worker=project.session,
        member=project.member,
        device=project.device.id,
        time=now(utc_now),
        provisional=False,
        own_noise=True,
        file=f"{folder}/v{version.number:02d}_take{item + 1:02d}.png",
        thumb=digest,
        proxy=digest,
    )


def proof_of(take: Take) -> Struck:
    """A proof that the take is R0."""
    return Struck(
        id=FactId(new_id()),
        take=take.id,
        purpose="prove",
        grade=Grade.R0,
        sha256=take.sha256,
        pixels=take.pixels,
        bytes=take.bytes,
        psnr_db=None,
        ssim=1.0,
        profile=take.profile,
        seconds=take.seconds,
        member=take.member,
        device=take.device,
        time=take.time,
    )


def bytes_of(folder: Path) -> int:
    """The bytes of every file below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
