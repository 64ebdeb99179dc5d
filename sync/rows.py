"""What SQLite answers with, as the rows that `sync.tables` names; the columns are those of `sync.index`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.recipe import RecipeKey
from sync import schema
from sync.codec import decode
from sync.records import (
    AssetId,
    DeviceId,
    DocumentId,
    JobId,
    Kind,
    SessionId,
    Take,
    TakeId,
    Tier,
    Time,
    Version,
    VersionId,
)
from sync.shown import Shown
from sync.tables import AssetRow, JobRow, SpeedRow, TakeRow, VersionRow


def asset(row: Sequence[Any]) -> AssetRow:
    """An asset as lists show it."""
    return AssetRow(
        id=AssetId(row[0]),
        name=row[1],
        kind=Kind(row[2]),
        scene=row[3],
        gone=bool(row[4]),
        version=row[5],
        number=row[6],
        label=row[7],
        tier=Tier(row[8]) if row[8] else None,
        recipe_key=row[9],
        forked=bool(row[10]),
        stale=bool(row[11]),
        versions=row[12],
        takes=row[13],
        approved=row[14],
        time=Time(row[15]),
        parameters=json.loads(row[16] or "{}"),
    )


def document(row: Sequence[Any]) -> DocumentId:
    """A document's name; raises `Damaged` for one that no document has."""
    schema.family(row[0])
    return DocumentId(row[0])


def decoded(version: str, text: str) -> Version:
    """The version under a key."""
    found: Version = decode(Version, schema.OF_RECORD[Version].keyed, version, text)
    return found


def whole_version(row: Sequence[Any]) -> tuple[AssetId, Version]:
    """An asset with its version."""
    return AssetId(row[0]), decoded(row[1], row[2])


def shown_version(row: Sequence[Any]) -> tuple[AssetId, Shown]:
    """An asset with what lists show of its version."""
    return AssetId(row[0]), Shown.read(row[1], row[2])


def version(row: Sequence[Any]) -> VersionRow:
    """A version as it is found by its recipe."""
    return VersionRow(
        id=VersionId(row[0]),
        asset=AssetId(row[1]),
        number=row[2],
        label=row[3],
        recipe_key=RecipeKey(row[4]),
        time=Time(row[5]),
    )


def take(row: Sequence[Any]) -> TakeRow:
    """A take with what it and its version are called."""
    asset, take, label, version_label, text = row
    keyed = schema.OF_RECORD[Take].keyed
    return TakeRow(
        asset=AssetId(asset), take=decode(Take, keyed, take, text), label=label, version_label=version_label
    )


def speed(row: Sequence[Any]) -> SpeedRow:
    """How long one take took."""
    return SpeedRow(
        model=str(row[0]),
        pixels=int(row[1]),
        steps=int(row[2]),
        tier=Tier(row[3]),
        device=DeviceId(row[4]),
        profile=str(row[5]),
        seconds=float(row[6]),
        time=Time(row[7]),
    )


def job(row: Sequence[Any]) -> JobRow:
    """A job as lists show it."""
    return JobRow(
        id=JobId(row[0]),
        asset=AssetId(row[1]),
        version=VersionId(row[2]),
        item=row[3],
        tier=Tier(row[4]),
        state=row[5],
        owner=SessionId(row[6]) if row[6] else None,
        votes=row[7],
        generation=row[8],
        key=float(row[9]),
        time=Time(row[10]),
        recipe_key=RecipeKey(row[11]),
        take=TakeId(row[12]) if row[12] else None,
    )
