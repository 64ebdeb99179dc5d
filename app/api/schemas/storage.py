"""Storage: what is kept, what may go, and what came back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.assets import ASSET, MEMBER
from app.api.schemas.takes import TAKE, TakesStruck
from app.api.schemas.values import Bytes, Count, Digest, Id, Shape, always, maybe, shown
from sync.records import Grade, Kind, Tier

_NAMED: dict[str, Any] = {
    "take": TAKE["id"],
    "asset": ASSET["id"],
    "asset_name": "MARA",
    "version_label": "v03",
    "label": "take02",
    "sha256": TAKE["sha256"],
}


class BytesOfAsset(Shape):
    """The bytes of one asset."""

    asset: str = always("The asset's name.")
    bytes: Bytes = always("How many bytes.")


class BytesOfKind(Shape):
    """The bytes of one kind of assets."""

    kind: Kind = always("The kind.")
    bytes: Bytes = always("How many bytes.")


class BytesOfModel(Shape):
    """The bytes of what one model drew."""

    model: str = always("The model's name; imported for what came from outside.")
    bytes: Bytes = always("How many bytes.")


class BytesOfTier(Shape):
    """The bytes of one tier."""

    tier: Tier = always("The tier.")
    bytes: Bytes = always("How many bytes.")


class BytesOfClass(Shape):
    """The bytes of one class."""

    grade: Grade = Field(alias="class", description="The class.")
    bytes: Bytes = always("How many bytes.")


class BytesOfMediaType(Shape):
    """The bytes of one media type."""

    media_type: str = always("The media type.")
    bytes: Bytes = always("How many bytes.")


class BytesOfMember(Shape):
    """The bytes of what one member's machines rendered."""

    member: Id = always("The member.")
    bytes: Bytes = always("How many bytes.")


class BytesOfAge(Shape):
    """The bytes of one age."""

    age: str = always("The age, in words.", examples=["less than 7 days"])
    bytes: Bytes = always("How many bytes.")


class StorageReport(Shape):
    """The bytes on this machine by what they are for; every file counts once."""

    model_config = shown(
        {
            "bytes": 276769,
            "by_asset": [{"asset": "MARA", "bytes": 5369}],
            "by_kind": [{"kind": "character", "bytes": 5369}],
            "by_model": [{"model": "starter-v2", "bytes": 5369}],
            "by_tier": [{"tier": "standard", "bytes": 5369}],
            "by_class": [{"class": "R0", "bytes": 5369}],
            "by_media_type": [{"media_type": "image/png", "bytes": 5369}],
            "by_member": [{"member": MEMBER, "bytes": 5369}],
            "by_age": [{"age": "less than 7 days", "bytes": 5369}],
            "regeneratable_bytes": 5369,
            "permanent_bytes": 271400,
            "recipes_bytes": 271400,
            "takes": 2,
        }
    )

    bytes: Bytes = always("All bytes that are kept.")
    by_asset: list[BytesOfAsset] = always("By asset, the largest first.")
    by_kind: list[BytesOfKind] = always("By kind, the largest first.")
    by_model: list[BytesOfModel] = always("By model, the largest first.")
    by_tier: list[BytesOfTier] = always("By tier, the largest first.")
    by_class: list[BytesOfClass] = always("By class, the largest first.")
    by_media_type: list[BytesOfMediaType] = always("By media type, the largest first.")
    by_member: list[BytesOfMember] = always("By member, the largest first.")
    by_age: list[BytesOfAge] = always("By age, the largest first.")
    regeneratable_bytes: Bytes = always("What a proof has shown to come back (R0, R1), with what is derived.")
    permanent_bytes: Bytes = always("All other bytes.")
    recipes_bytes: Bytes = always("The recipes and the history.")
    takes: Count = always("How many takes there are, here or not.")


class NamedTake(Shape):
    """A take by its names."""

    take: Id = always("The take's id.")
    asset: Id = always("The asset's id.")
    asset_name: str = always("The asset's name.")
    version_label: str = always("The version as people see it.")
    label: str = always("The take as people see it.")
    sha256: Digest = always("The SHA-256 of the picture's file.")


class TakeDropped(NamedTake):
    """A picture that goes."""

    bytes: Bytes = always("What goes with it, in bytes.")
    grade: Grade = Field(alias="class", description="What a proof of it has shown.")


class TakeKept(NamedTake):
    """A picture that stays."""

    reasons: list[str] = always("Why it stays.", min_length=1)


class StorageDropped(Shape):
    """What was deleted here, or would be, and what stays."""

    model_config = shown(
        {
            "dropped": [{**_NAMED, "bytes": 12350, "class": "R0"}],
            "kept": [],
            "freed_bytes": 12350,
            "message": "12,350 bytes freed by 1 picture.",
        }
    )

    dropped: list[TakeDropped] = always("What goes.")
    kept: list[TakeKept] = always("What stays.")
    freed_bytes: Bytes = always("The bytes that became free, or would.")
    dry_run: Literal[True] = maybe("That nothing was deleted.")
    message: str = always("What was done, in a sentence.")


class StorageFetched(TakesStruck):
    """What became of deleted pictures that were rendered again."""
