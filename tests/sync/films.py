"""Synthetic films: records as a working project has them, in any number, the same for one seed."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.recipe import FileDigest, ModelDigest, PixelDigest, Recipe, RecipeKey, Scheduler
from sync.project import PROJECT_DOCUMENT, Edit, asset_document
from sync.records import (
    Approved,
    Asset,
    AssetId,
    Claim,
    FactId,
    Finished,
    Grade,
    JobId,
    Kind,
    Profile,
    Struck,
    Take,
    TakeId,
    Tier,
    Version,
    VersionId,
    Wish,
)

MODEL = ModelDigest(hashlib.sha256(b"starter").hexdigest())
PLACES = (
    "a red tower on a hill",
    "a blue boat on the sea",
    "a green house by a lake",
    "a white car in the desert",
)
LIGHTS = ("at dawn", "at noon", "at dusk", "at night", "in fog")
CONFIG = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": False,
    "steps_offset": 1,
    "timestep_spacing": "leading",
}


@dataclass
class Film:
    """Draws records from one seeded stream."""

    draw: random.Random

    @classmethod
    def seeded(cls, seed: int = 1) -> Film:
        """A film whose ids and digests follow from `seed`."""
        return cls(random.Random(seed))

    def id(self) -> str:
        """An id like `new_id` makes."""
        return base64.b32encode(self.draw.randbytes(16)).decode().rstrip("=").lower()

    def digest(self) -> str:
        """A SHA-256 of nothing in particular."""
        return self.draw.randbytes(32).hex()

    def asset(self, edit: Edit, name: str, kind: Kind = Kind.SHOT) -> AssetId:
        """Add an asset."""
        asset = AssetId(self.id())
        scene = f"SC-{self.draw.randrange(40):02d}" if kind is Kind.SHOT else None
        edit.add(
            asset_document(asset),
            Asset(id=asset, kind=kind, name=name, scene=scene, author=edit.member, time=edit.now),
        )
        return asset

    def version(self, edit: Edit, asset: AssetId, number: int, parents: Sequence[VersionId] = ()) -> Version:
        """Add a version with a real recipe."""
        prompt = (
            f"{self.draw.choice(PLACES)} {self.draw.choice(LIGHTS)}, wide shot, {self.draw.randrange(10**6)}"
        )
        seed = self.draw.randrange(2**32)
        parameters: dict[str, Any] = {
            "model": MODEL,
            "prompt": prompt,
            "seed": str(seed),
            "steps": 20,
            "guidance": 5.0,
            "width": 256,
            "height": 144,
            "scheduler": "DDIMScheduler",
            "dtype": "float32",
            "chosen": ["prompt", "seed"],
        }
        recipe = Recipe(
            pipeline="StableDiffusionPipeline",
            operation="text-to-image",
            model=MODEL,
            prompt=prompt,
            seed=seed,
            steps=20,
            guidance=5.0,
            width=256,
            height=144,
            scheduler=Scheduler("DDIMScheduler", CONFIG),
        )
        version = Version(
            id=VersionId(self.id()),
            number=number,
            parents=tuple(parents),
            author=edit.member,
            time=edit.now,
            note="",
            tier=Tier.STANDARD,
            parameters=parameters,
            links=(),
            recipe=recipe.canonical().decode(),
            recipe_key=recipe.key,
        )
        edit.add(asset_document(asset), version)
        return version

    def take(self, edit: Edit, asset: AssetId, version: Version, number: int, name: str = "A") -> Take:
        """Add a take of a version's recipe."""
        key = version.recipe_key if number == 1 else RecipeKey(self.digest())
        take = Take(
            id=TakeId(self.id()),
            version=version.id,
            number=number,
            item=number - 1,
            recipe_key=key,
            sha256=FileDigest(self.digest()),
            pixels=PixelDigest(self.digest()),
            bytes=self.draw.randrange(7_000, 90_000),
            media_type="image/png",
            width=256,
            height=144,
            frames=1,
            profile=PROFILE,
            seconds=self.draw.uniform(1, 3),
            worker=edit.session,
            member=edit.member,
            device=edit.device.id,
            time=edit.now,
            provisional=False,
            own_noise=True,
            file=f"03_Renders/SC-01/{name}/{name}_v{version.number:02d}_take{number:02d}.png",
            thumb=FileDigest(self.digest()),
            proxy=None,
        )
        edit.add(asset_document(asset), take)
        return take

    def wish(self, edit: Edit, asset: AssetId, version: Version, take: Take) -> JobId:
        """Add the wish that a take answers."""
        job = JobId(f"{take.recipe_key}.0")
        edit.add(
            edit.queue_document(job),
            Wish(
                job=job,
                session=edit.session,
                asset=asset,
                version=version.id,
                item=take.item,
                tier=Tier.STANDARD,
                vt=self.draw.uniform(0, 1000),
                member=edit.member,
                time=edit.now,
            ),
        )
        return job

    def claim(self, edit: Edit, job: JobId) -> None:
        """Add a claim."""
        edit.add(
            edit.queue_document(job),
            Claim(job=job, session=edit.session, epoch=1, member=edit.member, time=edit.now),
        )

    def finish(self, edit: Edit, job: JobId, take: Take) -> None:
        """Add a result."""
        edit.add(
            edit.queue_document(job),
            Finished(
                job=job,
                session=edit.session,
                take=take.id,
                sha256=take.sha256,
                seconds=take.seconds,
                time=edit.now,
            ),
        )

    def prove(self, edit: Edit, asset: AssetId, take: Take) -> None:
        """Add a proof of R0."""
        edit.add(
            asset_document(asset),
            Struck(
                id=FactId(self.id()),
                take=take.id,
                purpose="prove",
                grade=Grade.R0,
                sha256=take.sha256,
                pixels=take.pixels,
                bytes=take.bytes,
                psnr_db=None,
                ssim=1.0,
                profile=PROFILE,
                seconds=take.seconds,
                member=edit.member,
                device=edit.device.id,
                time=edit.now,
            ),
        )

    def approve(self, edit: Edit, asset: AssetId, take: Take) -> None:
        """Approve a take."""
        edit.add(
            asset_document(asset),
            Approved(id=FactId(self.id()), take=take.id, withdrawn=False, author=edit.member, time=edit.now),
        )


PROFILE = hashlib.sha256(b"profile").hexdigest()[:32]


def profile(edit: Edit) -> None:
    """Add the fingerprint that the takes of a film name."""
    edit.add(
        PROJECT_DOCUMENT, Profile(id=PROFILE, fingerprint={"app": "0.1.0", "device": "cpu", "threads": 1})
    )


def populate(
    edit: Edit, film: Film, names: Sequence[str], versions: int = 3, takes: int = 2, jobs: bool = True
) -> int:
    """Add assets with versions and takes, and the jobs that made them; returns the number of facts."""
    for name in names:
        asset = film.asset(edit, name)
        before: tuple[VersionId, ...] = ()
        for number in range(1, versions + 1):
            version = film.version(edit, asset, number, before)
            before = (version.id,)
            for k in range(1, takes + 1):
                take = film.take(edit, asset, version, k, name)
                if jobs:
                    job = film.wish(edit, asset, version, take)
                    film.claim(edit, job)
                    film.finish(edit, job, take)
    return len(edit.facts)


def portions(count: int, size: int) -> Iterator[list[str]]:
    """Names of assets in portions."""
    names = [f"SHOT_{k:05d}" for k in range(count)]
    for at in range(0, count, size):
        yield names[at : at + size]


def plain(value: object) -> str:
    """Anything as sorted JSON, for comparison."""
    return json.dumps(value, sort_keys=True, default=str)
