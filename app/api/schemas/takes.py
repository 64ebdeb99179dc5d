"""Takes: the rendered results, proofs of them, and comparisons."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from app.api.schemas.assets import ASSET, CHANGED, KEY, MEMBER, Changed
from app.api.schemas.values import (
    Bytes,
    Count,
    Digest,
    Id,
    Open,
    Seconds,
    Shape,
    Struck,
    Time,
    Written,
    always,
    maybe,
    shown,
)
from sync.records import Grade, Kind

FINGERPRINT: dict[str, Any] = {
    "app": "0.1.0",
    "attention": "sdpa",
    "batch": 1,
    "compiled": False,
    "device": "cpu",
    "device_name": "x86_64",
    "diffusers": "0.42.0",
    "driver": "",
    "instruction_set": "AVX512",
    "numpy": "2.4.6",
    "offload": "none",
    "onednn": True,
    "tf32": False,
    "threads": 1,
    "torch": "2.13.0",
    "transformers": "5.2.0",
}
_PROFILE = "314985944d820c89bbf27d13c1a0ec67"
PROOF: dict[str, Any] = {
    "id": "343d5sqibr7y3eyxydnujall64",
    "purpose": "prove",
    "class": "R0",
    "psnr_db": None,
    "ssim": 1.0,
    "profile": _PROFILE,
    "seconds": 2.9,
    "member": MEMBER,
    "device": "a9ba97f95220ce8508ffd17d971776aca8935b8e3705ef60f90c2aa4f7eff946",
    "time": "2026-11-22T18:12:50.693Z",
}
TAKE: dict[str, Any] = {
    "id": "p7fui3jlnv6vbyhlkfcb42fkfu",
    "asset": ASSET["id"],
    "asset_name": "MARA",
    "kind": "character",
    "scene": None,
    "version": 3,
    "version_id": ASSET["version_id"],
    "version_label": "v03",
    "number": 2,
    "label": "take02",
    "item": 0,
    "recipe_key": KEY,
    "sha256": "6f993ac065236d92aa1d5ad800ea9f462126f4219e84311a835825cfd79d2f4f",
    "pixels_sha256": "a9d1a9b6436daf397253e13ef3773f23f1dd400bbf1610610352acda46048deb",
    "bytes": 12350,
    "media_type": "image/png",
    "width": 96,
    "height": 56,
    "frames": 1,
    "class": "R0",
    "class_reason": "rendered again on an equal machine: identical pixels",
    "proofs": [PROOF],
    "fingerprint": FINGERPRINT,
    "profile": _PROFILE,
    "seconds": 2.9,
    "worker": "mmr7rsg2wbcozhzeycxz22avzu",
    "member": MEMBER,
    "time": "2026-11-22T18:12:50.645Z",
    "approved": True,
    "provisional": False,
    "own_noise": True,
    "imported": False,
    "consumed": [],
    "present": ["here"],
    "filename": "MARA_v03_take02.png",
}
STRUCK: dict[str, Any] = {
    **TAKE,
    "how": "identical file, rendered in 2.9 s",
    "identical": True,
    "psnr_db": None,
    "ssim": 1.0,
    "came_back": "R0",
    "restored": True,
    "trouble": None,
}
PICTURE = {"filename": "MARA_v03_take02.png", "media_type": "image/png", "base64": "iVBORw0KGgo="}


class Fingerprint(Open):
    """What the machine contributed to the pixels; empty for an imported picture. Later releases may add keys."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [FINGERPRINT]})

    app: str = maybe("The release of this program.")
    torch: str = maybe("The release of torch.")
    diffusers: str = maybe("The release of diffusers.")
    device: str = maybe("Where it was rendered: cpu, cuda, mps.")
    device_name: str = maybe("The device by its name.")
    threads: int = maybe("How many threads computed.", ge=1)


class Proof(Shape):
    """One time that a take was rendered again and compared."""

    model_config = shown(PROOF)

    id: Id = always("The proof's id.")
    purpose: Literal["prove", "fetch"] = always("Why: to prove it, or to bring the picture back.")
    grade: Grade = Field(alias="class", description="What it showed.")
    psnr_db: float | None = always(
        "Distance from the original in decibels, larger is nearer; null for identical pixels and where the original "
        "was gone.",
    )
    ssim: float | None = always("Structural similarity, at most 1; null where the original was gone.", le=1)
    profile: str = always("The digest of the machine's fingerprint.")
    seconds: Seconds = always("How long rendering took, in seconds.")
    member: Id = always("The member whose machine did it.")
    device: Id = always("The device that did it.")
    time: Time = always("When, RFC 3339 in UTC.")


class Consumed(Shape):
    """The bytes that an input really had."""

    role: str = always("What the input was to the picture.")
    sha256: Digest = always("The SHA-256 of its file.")


class Take(Shape):
    """One rendered result of a version."""

    model_config = shown(TAKE)

    id: Id = always("The take's id; its picture is at /assets/{id}/content.")
    asset: Id = always("The asset's id.")
    asset_name: str = always("The asset's name now.")
    kind: Kind = always("What the asset is.")
    scene: str | None = always("The scene that a shot belongs to.")
    version: int = always("The version's number.", ge=1)
    version_id: Id = always("The version's id.")
    version_label: str = always("The version as people see it.")
    number: int = always("Its number within the version.", ge=1)
    label: str = always("The take as people see it.")
    item: int = always("Which picture of a count.", ge=0)
    recipe_key: Digest = always("The identity of the recipe it was rendered from.")
    sha256: Digest = always("The SHA-256 of the picture's file.")
    pixels_sha256: Digest = always("The SHA-256 of the decoded pixels.")
    bytes: Bytes = always("The size of the picture's file.")
    media_type: str = always("What the file holds.")
    width: int = always("Width in pixels.", ge=1)
    height: int = always("Height in pixels.", ge=1)
    frames: int = always("How many pictures: 1 for a still.", ge=1)
    grade: Grade = Field(alias="class", description="How well it is proved to come back when it is deleted.")
    class_reason: str = always("Why it has that class, in words.")
    proofs: list[Proof] = always("Every time it was rendered again and compared, the oldest first.")
    fingerprint: Fingerprint = always("What the machine contributed.")
    profile: str = always("The fingerprint's digest; empty for an imported picture.")
    seconds: Seconds = always("How long rendering took, in seconds; 0 for an imported picture.")
    worker: Id = always("The session that rendered it.")
    member: Id = always("The member whose machine rendered it.")
    time: Time = always("When it was made, RFC 3339 in UTC.")
    approved: bool = always("Whether it is the one that stands for its asset.")
    provisional: bool = always("Whether an input was not yet approved when it was made.")
    own_noise: bool = always("Whether its noise is the program's own, equal on every machine.")
    imported: bool = always("Whether it came from outside.")
    consumed: list[Consumed] = always("The pictures that it was made from.")
    present: list[str] = always("Where the picture's bytes are: here, or nowhere now.")
    filename: str | None = always("What its file is called; it never changes.")


class TakeChanged(Take):
    """A take after something was done to it."""

    model_config = shown({**TAKE, "message": "MARA v03 take02 is approved."})

    message: str = always("What was done, in a sentence.")


class TakeList(Shape):
    """Takes, the oldest first."""

    model_config = shown({"takes": [TAKE], "total": 1})

    takes: list[Take] = always("The takes of this page.")
    total: Count = always("How many there are on all pages together.")


class TakeExported(Take):
    """A take with its picture."""

    model_config = shown({**TAKE, "file": PICTURE, "message": "Written to MARA_v03_take02.png."})

    file: Written = always("The picture, with its recipe inside.")
    message: str = always("What was done, in a sentence.")


class TakeStruck(Take):
    """A take that was rendered again, with what came out."""

    model_config = shown(STRUCK)

    how: str = always("What came out, in words.")
    identical: bool = always("Whether the pixels are equal.")
    psnr_db: float | None = maybe(
        "Distance from the original in decibels; null where it is infinite or unknown."
    )
    ssim: float | None = maybe("Structural similarity, at most 1; null where it is unknown.", le=1)
    came_back: Grade = always("The class that this very render earned.")
    restored: bool = always("Whether the picture is here now under the take's name.")
    trouble: str | None = maybe("Why its file could not be put into the film's folder; null when it was.")


class TakeFailed(Take):
    """A take that could not be rendered again."""

    model_config = shown(
        {
            **TAKE,
            "code": "model_missing",
            "reason": "the model is not on this machine (restrike model add FOLDER)",
        }
    )

    code: str = always("Why, as a code.")
    reason: str = always("Why and what to do, in words.")


class TakesStruck(Shape):
    """What became of takes that were rendered again."""

    model_config = shown(
        {"takes": [STRUCK], "failed": [], "message": "1 rendered again, 1 with identical pixels."}
    )

    takes: list[TakeStruck] = always("The takes that were rendered.")
    failed: list[TakeFailed] = always("The takes that could not be.")
    message: str = always("What was done, in a sentence.")


class TakesCompared(Shape):
    """How far one take is from another."""

    model_config = shown(
        {
            "psnr_db": 31.4,
            "ssim": 0.92,
            "identical": False,
            "class": "R2",
            "changed": [CHANGED],
            "takes": [TAKE["id"], "yg33buamylvnv6hkz2l6xat52a"],
        }
    )

    psnr_db: float | None = always("Distance in decibels, larger is nearer; null for identical pixels.")
    ssim: float = always("Structural similarity, at most 1.", le=1)
    identical: bool = always("Whether the pixels are equal.")
    grade: Struck = Field(alias="class", description="What a proof with this outcome would earn.")
    changed: list[Changed] = always("The recipe's fields that differ.")
    takes: list[Id] = always("The two takes.", min_length=2, max_length=2)
    out: Written = maybe("Both pictures and where they differ, when it was asked for.")
    message: str = maybe("What was done, in a sentence.")
