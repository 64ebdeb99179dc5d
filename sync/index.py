"""Questions to the index: every list that anybody sees is one of these queries.

Answers are frozen rows. All values are bound parameters. A file that turns out to be damaged is built anew from the log
on the spot, and the question asked again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from engine.faults import Damaged
from engine.recipe import FileDigest, RecipeKey, normal_text
from sync import database, query, schema
from sync import rows as as_row
from sync.indexfile import IndexFile
from sync.records import (
    AssetId,
    DocumentId,
    JobId,
    Kind,
    Take,
    TakeId,
    Version,
    VersionId,
)
from sync.shown import Shown
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
_CURRENT: Final = (
    "SELECT a.id, a.version, coalesce(a.merged, f.text) FROM assets a LEFT JOIN facts f ON f.subject = a.id "
    "AND f.collection = 'versions' AND f.key = a.version "
    "WHERE a.id IN (SELECT value FROM json_each(?)) AND (a.merged IS NOT NULL OR f.text IS NOT NULL)"
)
_JOB: Final = (
    "SELECT id, asset, version, item, tier, state, owner, votes, generation, priority, time, recipe_key, take "
    "FROM jobs "
)


_BARE: Final = _ASSET.replace("p.text", "'{}'").replace(" LEFT JOIN parameters p ON p.asset = a.n", "")
"""The same without parameters, which whoever reads the versions has from there."""


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
        bare: bool = False,
    ) -> list[AssetRow]:
        """Assets by name; `gone` None means removed ones too, `names` are names or ids, `text` as in `search`.

        With `bare` the rows come without parameters. Raises `BadField` when `where` is no condition.
        """
        condition, values = _chosen(kind, scene, where, gone, names, text)
        order = "a.name_key, a.id" if gone is not None else "a.gone, a.name_key, a.id"
        page = f"SELECT a.n FROM assets a{_way(where, names, text)} WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?"
        sql = f"{_BARE if bare else _ASSET}WHERE a.n IN ({page}) ORDER BY {order}"
        return self._made(as_row.asset, sql, *values, -1 if limit is None else limit, offset)

    def asset_page(
        self,
        *,
        kind: Kind | None = None,
        scene: str | None = None,
        where: str | None = None,
        gone: bool | None = False,
        limit: int,
        offset: int = 0,
    ) -> tuple[list[AssetRow], int]:
        """What `assets` lists, bare, with how many there are without `limit` and `offset`.

        A condition on contents looks at every row, so that both are found in one look.
        """
        if not where:
            found = self.assets(kind=kind, scene=scene, gone=gone, limit=limit, offset=offset, bare=True)
            if found and len(found) < limit:
                return found, offset + len(found)
            return found, self.asset_count(kind=kind, scene=scene, gone=gone)
        condition, values = _chosen(kind, scene, where, gone, None, None)
        sql = (
            f"SELECT a.n, count(*) OVER () FROM assets a{_way(where, None, None)} "
            f"WHERE {condition} ORDER BY a.name_key, a.id LIMIT ? OFFSET ?"
        )
        page = self._rows(sql, *values, limit, offset)
        if not page:
            return [], self.asset_count(kind=kind, scene=scene, where=where, gone=gone)
        sql = f"{_BARE}WHERE a.n IN (SELECT value FROM json_each(?)) ORDER BY a.name_key, a.id"
        return self._made(as_row.asset, sql, json.dumps([n for n, _ in page])), int(page[0][1])

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
        rows = self._made(as_row.asset, sql, name, normal_text(name).casefold(), name)
        return rows[0] if rows else None

    def search(self, text: str, *, limit: int = PAGE, offset: int = 0) -> list[AssetRow]:
        """Assets whose name, scene or prompt contains every word of `text`, upper and lower case alike."""
        return self.assets(text=text, limit=limit, offset=offset)

    def users_of(self, asset: AssetId) -> list[AssetRow]:
        """The assets whose current version has this one as an input, by name."""
        sql = f"{_ASSET}WHERE a.id IN (SELECT user FROM links WHERE asset = ?) ORDER BY a.name_key, a.id"
        return self._made(as_row.asset, sql, asset)

    def links(self) -> dict[AssetId, list[AssetId]]:
        """Every asset that has inputs, with what its current version is made from."""
        found: dict[AssetId, list[AssetId]] = {}
        for user, asset in self._rows("SELECT DISTINCT user, asset FROM links ORDER BY user, asset"):
            found.setdefault(AssetId(user), []).append(AssetId(asset))
        return found

    def assets_of(self, assets: Iterable[AssetId]) -> dict[AssetId, AssetRow]:
        """The rows of these assets, removed ones too."""
        rows = self._made(
            as_row.asset, f"{_ASSET}WHERE a.id IN (SELECT value FROM json_each(?))", _array(assets)
        )
        return {row.id: row for row in rows}

    def current_versions(self, assets: Iterable[AssetId]) -> dict[AssetId, Version]:
        """The current version of each of these assets that has one."""
        return dict(self._made(as_row.whole_version, _CURRENT, _array(assets)))

    def shown(self, assets: Iterable[AssetId]) -> dict[AssetId, Shown]:
        """What lists show of the current version of each of these assets that has one."""
        return dict(self._made(as_row.shown_version, _CURRENT, _array(assets)))

    def unsaved(self) -> frozenset[AssetId]:
        """The assets of which a merge is shown that nobody saved yet."""
        rows = self._rows("SELECT id FROM assets WHERE merged IS NOT NULL")
        return frozenset(AssetId(one) for (one,) in rows)

    def take_ids(self, assets: Iterable[AssetId]) -> dict[AssetId, list[TakeId]]:
        """The takes of each of these assets that has any, the oldest first."""
        sql = "SELECT asset, id FROM takes WHERE asset IN (SELECT value FROM json_each(?)) ORDER BY asset, time, id"
        found: dict[AssetId, list[TakeId]] = {}
        for asset, take in self._rows(sql, _array(assets)):
            found.setdefault(AssetId(asset), []).append(TakeId(take))
        return found

    def changed_since(self, position: int, *, downstream: bool = False) -> list[AssetId]:
        """The assets that something was added to after `Project.version` was `position`, jobs apart; removed ones too.

        With `downstream` also all that is made from them, whose staleness may be another now.
        """
        sql = "SELECT id FROM assets WHERE changed > ? ORDER BY changed, id"
        if downstream:
            sql = (
                "WITH RECURSIVE touched(id) AS (SELECT id FROM assets WHERE changed > ? "
                "UNION SELECT l.user FROM links l JOIN touched t ON l.asset = t.id) SELECT id FROM touched ORDER BY id"
            )
        return [AssetId(one) for (one,) in self._rows(sql, position)]

    def last_edit(self, asset: AssetId) -> int:
        """The `Project.version` with which an asset's parameters, inputs or name changed last; 0 when it has none."""
        rows = self._rows("SELECT edited FROM assets WHERE id = ?", asset)
        return int(rows[0][0]) if rows else 0

    def versions_with(self, recipe_key: RecipeKey) -> list[VersionRow]:
        """The versions of that recipe, oldest first."""
        sql = "SELECT id, asset, number, label, recipe_key, time FROM versions WHERE recipe_key = ? ORDER BY time, id"
        return self._made(as_row.version, sql, recipe_key)

    def versions_of(self, versions: Iterable[VersionId]) -> dict[VersionId, tuple[VersionRow, Version]]:
        """Those of these versions that are known here, each with what the index says of it."""
        sql = (
            "SELECT v.id, v.asset, v.number, v.label, v.recipe_key, v.time, f.text FROM versions v "
            "JOIN facts f ON f.subject = v.asset AND f.collection = 'versions' AND f.key = v.id "
            "WHERE v.id IN (SELECT value FROM json_each(?))"
        )
        found = self._made(
            lambda row: (as_row.version(row), as_row.decoded(row[0], row[6])), sql, _array(versions)
        )
        return {row.id: (row, version) for row, version in found}

    def labels_of(self, versions: Iterable[VersionId]) -> dict[VersionId, str]:
        """What those of these versions that are known here are called."""
        sql = "SELECT id, label FROM versions WHERE id IN (SELECT value FROM json_each(?))"
        return {VersionId(one): str(label) for one, label in self._rows(sql, _array(versions))}

    def find_version(self, version: VersionId) -> VersionRow | None:
        """The version of that id."""
        rows = self._made(
            as_row.version,
            "SELECT id, asset, number, label, recipe_key, time FROM versions WHERE id = ?",
            version,
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
        return self._made(as_row.take, sql, *given.values(), -1 if limit is None else limit, offset)

    def find_take(self, take: TakeId) -> TakeRow | None:
        """The take of that id."""
        rows = self._made(as_row.take, f"{_TAKE}WHERE t.id = ?", take)
        return rows[0] if rows else None

    def take_count(self, *, asset: AssetId | None = None) -> int:
        """How many takes `takes` would list without a limit."""
        condition, values = ("asset = ?", [asset]) if asset is not None else ("1", [])
        return int(self._rows(f"SELECT count(*) FROM takes WHERE {condition}", *values)[0][0])

    def find_takes(self, start: str, *, limit: int = 2) -> list[TakeRow]:
        """The takes whose id begins with `start`."""
        sql = f"{_TAKE}WHERE t.id >= ? AND t.id < ? ORDER BY t.id LIMIT ?"
        return self._made(as_row.take, sql, start, start + "\U0010ffff", limit)

    def by_recipe(self, recipe_key: RecipeKey) -> list[tuple[AssetId, Take]]:
        """The takes of that very recipe, oldest first, with the assets they belong to."""
        return [(row.asset, row.take) for row in self.takes(recipe_key=recipe_key)]

    def speeds(self, *, limit: int = 500) -> list[SpeedRow]:
        """How long the newest takes took to render, newest first; imported pictures are left out."""
        sql = (
            "SELECT model, pixels, steps, tier, device, profile, seconds, time FROM takes "
            "WHERE imported = 0 AND model IS NOT NULL AND steps IS NOT NULL ORDER BY time DESC, id LIMIT ?"
        )
        return self._made(as_row.speed, sql, limit)

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
        condition, values = _jobs(states, asset, recipe_key)
        sql = f"{_JOB}WHERE {condition} ORDER BY priority, id LIMIT ? OFFSET ?"
        return self._made(as_row.job, sql, *values, -1 if limit is None else limit, offset)

    def job_count(self, *, states: Sequence[str] | None = None, asset: AssetId | None = None) -> int:
        """How many jobs `jobs` would list without a limit."""
        condition, values = _jobs(states, asset, None)
        return int(self._rows(f"SELECT count(*) FROM jobs WHERE {condition}", *values)[0][0])

    def find_job(self, job: JobId) -> JobRow | None:
        """The job of that id, if anybody wished for it."""
        rows = self._made(as_row.job, f"{_JOB}WHERE id = ? AND state <> 'unknown'", job)
        return rows[0] if rows else None

    def find_jobs(self, start: str, *, limit: int = 2) -> list[JobRow]:
        """The jobs whose id begins with `start`: short ids as people type them."""
        sql = f"{_JOB}WHERE id >= ? AND id < ? AND state <> 'unknown' ORDER BY id LIMIT ?"
        return self._made(as_row.job, sql, start, start + "\U0010ffff", limit)

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
        return self._made(as_row.document, "SELECT document FROM documents ORDER BY document")

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


def _jobs(
    states: Sequence[str] | None, asset: AssetId | None, recipe_key: RecipeKey | None
) -> tuple[str, list[Any]]:
    """The condition on the jobs that are asked for, with its values."""
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
    return " AND ".join(conditions), values


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


def _array(values: Iterable[str]) -> str:
    """Any number of values as one parameter, for `json_each`."""
    return json.dumps(list(values))
