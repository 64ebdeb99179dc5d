"""Questions to the index: every list that anybody sees is one of these queries.

Answers are frozen rows. All values are bound parameters. A file that turns out to be damaged is built anew from the log
on the spot, and the question asked again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from engine.faults import Damaged
from engine.recipe import FileDigest, RecipeKey, normal_text
from sync import database, query, schema
from sync.codec import decode
from sync.indexfile import IndexFile
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
    VersionId,
)
from sync.tables import AssetRow, JobRow, SpeedRow, TakeRow, VersionRow

T = TypeVar("T")

PAGE: Final = 100
_ASSET: Final = (
    "SELECT a.id, a.name, a.kind, a.scene, a.gone, a.version, a.number, a.label, a.tier, a.recipe_key, a.forked, "
    "a.stale, a.versions, a.takes, a.approved, a.time, p.text FROM assets a LEFT JOIN parameters p ON p.asset = a.n "
)
_TAKE: Final = (
    "SELECT t.asset, t.id, t.label, t.version_label, f.text FROM takes t "
    "JOIN facts f ON f.subject = t.asset AND f.collection = 'takes' AND f.key = t.id "
)
_JOB: Final = (
    "SELECT id, asset, version, item, tier, state, owner, votes, generation, priority, time, recipe_key, take "
    "FROM jobs "
)


class Index:
    """Read-only questions; one thread at a time."""

    def __init__(self, file: Callable[[], IndexFile], repair: Callable[[], None]) -> None:
        self._file = file
        self._repair = repair

    # --- assets ---

    def assets(
        self,
        *,
        kind: Kind | None = None,
        scene: str | None = None,
        where: str | None = None,
        gone: bool | None = False,
        names: Sequence[str] | None = None,
        text: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[AssetRow]:
        """Assets by name; `gone` None means removed ones too, `names` are names or ids, `text` as in `search`.

        Raises `BadField` when `where` is no condition.
        """
        condition, values = _chosen(kind, scene, where, gone, names, text)
        order = "a.name_key, a.id" if gone is not None else "a.gone, a.name_key, a.id"
        page = f"SELECT a.n FROM assets a{_way(where, names, text)} WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?"
        sql = f"{_ASSET}WHERE a.n IN ({page}) ORDER BY {order}"
        return self._made(_asset, sql, *values, -1 if limit is None else limit, offset)

    def asset_count(
        self,
        *,
        kind: Kind | None = None,
        scene: str | None = None,
        where: str | None = None,
        gone: bool | None = False,
        names: Sequence[str] | None = None,
        text: str | None = None,
    ) -> int:
        """How many assets `assets` would list without a limit."""
        condition, values = _chosen(kind, scene, where, gone, names, text)
        return int(
            self._rows(f"SELECT count(*) FROM assets a{_way(where, names, text)} WHERE {condition}", *values)[
                0
            ][0]
        )

    def find_asset(self, name: str) -> AssetRow | None:
        """The asset of that id or name, upper and lower case alike; one that is not removed comes first."""
        sql = (
            f"{_ASSET}WHERE a.id = ? OR a.name_key = ? ORDER BY a.id <> ?, a.gone, a.time DESC, a.id LIMIT 1"
        )
        rows = self._made(_asset, sql, name, normal_text(name).casefold(), name)
        return rows[0] if rows else None

    def search(self, text: str, *, limit: int = PAGE, offset: int = 0) -> list[AssetRow]:
        """Assets whose name, scene or prompt contains every word of `text`, upper and lower case alike."""
        return self.assets(text=text, limit=limit, offset=offset)

    def users_of(self, asset: AssetId) -> list[AssetRow]:
        """The assets whose current version has this one as an input, by name."""
        sql = f"{_ASSET}WHERE a.id IN (SELECT user FROM links WHERE asset = ?) ORDER BY a.name_key, a.id"
        return self._made(_asset, sql, asset)

    def links(self) -> dict[AssetId, list[AssetId]]:
        """Every asset that has inputs, with what its current version is made from."""
        found: dict[AssetId, list[AssetId]] = {}
        for user, asset in self._rows("SELECT DISTINCT user, asset FROM links ORDER BY user, asset"):
            found.setdefault(AssetId(user), []).append(AssetId(asset))
        return found

    def versions_with(self, recipe_key: RecipeKey) -> list[VersionRow]:
        """The versions of that recipe, oldest first."""
        sql = "SELECT id, asset, number, label, recipe_key, time FROM versions WHERE recipe_key = ? ORDER BY time, id"
        return self._made(_version, sql, recipe_key)

    def find_version(self, version: VersionId) -> VersionRow | None:
        """The version of that id."""
        rows = self._made(
            _version, "SELECT id, asset, number, label, recipe_key, time FROM versions WHERE id = ?", version
        )
        return rows[0] if rows else None

    # --- takes ---

    def takes(
        self,
        *,
        asset: AssetId | None = None,
        version: VersionId | None = None,
        recipe_key: RecipeKey | None = None,
        sha256: FileDigest | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[TakeRow]:
        """Takes by time, the oldest first, narrowed to what is given."""
        asked = {"asset": asset, "version": version, "recipe_key": recipe_key, "sha256": sha256}
        given = {name: value for name, value in asked.items() if value is not None}
        condition = " AND ".join(f"t.{name} = ?" for name in given) or "1"
        page = f"SELECT t.n FROM takes t WHERE {condition} ORDER BY t.time, t.id LIMIT ? OFFSET ?"
        sql = f"{_TAKE}WHERE t.n IN ({page}) ORDER BY t.time, t.id"
        return self._made(_take, sql, *given.values(), -1 if limit is None else limit, offset)

    def find_take(self, take: TakeId) -> TakeRow | None:
        """The take of that id."""
        rows = self._made(_take, f"{_TAKE}WHERE t.id = ?", take)
        return rows[0] if rows else None

    def by_recipe(self, recipe_key: RecipeKey) -> list[tuple[AssetId, Take]]:
        """The takes of that very recipe, oldest first, with the assets they belong to."""
        return [(row.asset, row.take) for row in self.takes(recipe_key=recipe_key)]

    def speeds(self, *, limit: int = 500) -> list[SpeedRow]:
        """How long the newest takes took to render, newest first; imported pictures are left out."""
        sql = (
            "SELECT model, pixels, steps, tier, device, profile, seconds, time FROM takes "
            "WHERE imported = 0 AND model IS NOT NULL AND steps IS NOT NULL ORDER BY time DESC, id LIMIT ?"
        )
        return self._made(_speed, sql, limit)

    def served(self) -> float:
        """The seconds that all takes together took to render."""
        return float(self._rows("SELECT coalesce(sum(seconds), 0) FROM takes WHERE imported = 0")[0][0])

    # --- jobs ---

    def jobs(
        self,
        *,
        states: Sequence[str] | None = None,
        asset: AssetId | None = None,
        recipe_key: RecipeKey | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[JobRow]:
        """Jobs that somebody wished for, those to be done first at the top, narrowed to what is given."""
        conditions, values = ["+state <> 'unknown'"], list[Any]()
        if states is not None:
            conditions.append(f"state IN ({', '.join('?' * len(states))})")
            values += [str(one) for one in states]
        if asset is not None:
            conditions.append("asset = ?")
            values.append(asset)
        if recipe_key is not None:
            conditions.append("id >= ? AND id < ?")
            values += [f"{recipe_key}.", f"{recipe_key}/"]
        sql = f"{_JOB}WHERE {' AND '.join(conditions)} ORDER BY priority, id LIMIT ? OFFSET ?"
        return self._made(_job, sql, *values, -1 if limit is None else limit, offset)

    def find_job(self, job: JobId) -> JobRow | None:
        """The job of that id, if anybody wished for it."""
        rows = self._made(_job, f"{_JOB}WHERE id = ? AND state <> 'unknown'", job)
        return rows[0] if rows else None

    def find_jobs(self, start: str, *, limit: int = 2) -> list[JobRow]:
        """The jobs whose id begins with `start`: short ids as people type them."""
        sql = f"{_JOB}WHERE id >= ? AND id < ? AND state <> 'unknown' ORDER BY id LIMIT ?"
        return self._made(_job, sql, start, start + "\U0010ffff", limit)

    def newest_segment(self) -> tuple[int, int]:
        """The number of the newest segment of the queue, and how many jobs it holds."""
        rows = self._rows("SELECT document FROM documents WHERE document >= 'queue/' AND document < 'queue0'")
        newest = max((int(document.partition("/")[2]) for (document,) in rows), default=1)
        count = self._rows("SELECT count(*) FROM jobs WHERE document = ?", schema.queue_document(newest))
        return newest, int(count[0][0])

    def segment_of(self, job: JobId) -> DocumentId | None:
        """The segment that holds a job."""
        rows = self._rows("SELECT document FROM jobs WHERE id = ?", job)
        return DocumentId(rows[0][0]) if rows else None

    # --- the whole ---

    def counts(self) -> dict[str, Any]:
        """How many documents, assets (removed ones apart), versions, takes, and jobs by state there are."""
        tables = {
            "documents": "documents",
            "assets": "assets WHERE gone = 0",
            "versions": "versions",
            "takes": "takes",
        }
        found: dict[str, Any] = {
            name: int(self._rows(f"SELECT count(*) FROM {table}")[0][0]) for name, table in tables.items()
        }
        states = self._rows("SELECT state, count(*) FROM jobs WHERE state <> 'unknown' GROUP BY state")
        return {**found, "jobs": {str(state): int(count) for state, count in states}}

    def heads(self) -> str:
        """One digest over all documents' heads: equal on two devices exactly when they hold the same documents."""
        try:
            return self._file().all_heads
        except database.Broken:
            self._repair()
            return self._file().all_heads

    def documents(self) -> list[DocumentId]:
        """Every document, by name."""
        return self._made(_document, "SELECT document FROM documents ORDER BY document")

    def _rows(self, sql: str, *values: object) -> list[Any]:
        return self._made(tuple, sql, *values)

    def _made(self, make: Callable[[Any], T], sql: str, *values: object) -> list[T]:
        """What `make` makes of each row."""
        try:
            return self._ask(make, sql, values)
        except database.Broken:
            self._repair()
            return self._ask(make, sql, values)

    @property
    def path(self) -> Path:
        """The file that is asked."""
        return self._file().path

    @database.believed
    def _ask(self, make: Callable[[Any], T], sql: str, values: Sequence[object]) -> list[T]:
        file = self._file()
        try:
            with database.faults(file.path):
                return [make(row) for row in file.connection.execute(sql, values).fetchall()]
        except Damaged as error:
            raise database.Broken(error.message, error.hint, file.path) from error


def _way(where: str | None, names: Sequence[str] | None, text: str | None) -> str:
    """Conditions on contents look at every row: in the order they lie, which is faster than in the order of names."""
    return " NOT INDEXED" if (where or text) and names is None else ""


def _chosen(
    kind: Kind | None,
    scene: str | None,
    where: str | None,
    gone: bool | None,
    names: Sequence[str] | None,
    text: str | None,
) -> tuple[str, list[Any]]:
    parts = list(_conditions(kind, scene, where, gone, names, text))
    return " AND ".join(sql for sql, _ in parts) or "1", [value for _, values in parts for value in values]


def _conditions(
    kind: Kind | None,
    scene: str | None,
    where: str | None,
    gone: bool | None,
    names: Sequence[str] | None,
    text: str | None,
) -> Iterator[tuple[str, Sequence[Any]]]:
    if gone is not None:
        yield "a.gone = ?", [int(gone)]
    if kind is not None:
        yield "a.kind = ?", [str(kind)]
    if scene is not None:
        yield "a.scene = ?", [scene]
    if names is not None:
        marks = ", ".join("?" * len(names))
        yield f"(a.id IN ({marks}) OR a.name_key IN ({marks}))", [*names, *(one.casefold() for one in names)]
    for word in (text or "").split():
        yield "instr(a.words, ?) > 0", [word.casefold()]
    if where:
        condition = query.parse(where)
        yield condition.sql, condition.values


def _asset(row: Sequence[Any]) -> AssetRow:
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


def _document(row: Sequence[Any]) -> DocumentId:
    schema.family(row[0])
    return DocumentId(row[0])


def _version(row: Sequence[Any]) -> VersionRow:
    return VersionRow(
        id=VersionId(row[0]),
        asset=AssetId(row[1]),
        number=row[2],
        label=row[3],
        recipe_key=RecipeKey(row[4]),
        time=Time(row[5]),
    )


def _take(row: Sequence[Any]) -> TakeRow:
    asset, take, label, version_label, text = row
    keyed = schema.OF_RECORD[Take].keyed
    return TakeRow(
        asset=AssetId(asset), take=decode(Take, keyed, take, text), label=label, version_label=version_label
    )


def _speed(row: Sequence[Any]) -> SpeedRow:
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


def _job(row: Sequence[Any]) -> JobRow:
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
