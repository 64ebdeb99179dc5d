"""What a film looks like, told to a newcomer before it is proved, and what became of that.

A sponsor reads pages of promises from its index, in the order in which lists show assets. A newcomer puts them into its
own index as rows without facts, beside a note of who promised them (`promised`); no fact, head or digest comes of them.
The facts of signed bundles then write the same rows anew. Once all bundles are here `settle` compares: what nothing
proves is taken out of the lists, and who said what is not so is named.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sync import codec, database, derive, promises, schema
from sync.ledger import Ledger
from sync.project import Project
from sync.promises import Promise
from sync.records import AssetId, DeviceId, Take, Time
from sync.store import Finding

PAGE: Final = 250
"""Assets in one portion: read in less time than anybody notices."""
WITH_TAKES: Final = 500
"""So many of the first assets come with the take to show."""
MOST: Final = 100_000
_TABLE: Final = """CREATE TABLE IF NOT EXISTS promised(asset TEXT PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL,
  kind TEXT NOT NULL, scene TEXT, version TEXT, take TEXT, thumb TEXT) WITHOUT ROWID"""
_PROVED: Final = "EXISTS(SELECT 1 FROM facts f WHERE f.subject = p.asset AND f.collection = 'asset')"

Place = tuple[str, str]
"""How far pages were read: name and id of the last asset."""


@dataclass(frozen=True, slots=True)
class Page:
    """Promises, and where the next page begins; None after the last."""

    rows: tuple[bytes, ...]
    next: Place | None


class Overview:
    """The promises of one open project: those that it gives, and those that it was given; `full` once all came."""

    def __init__(self, project: Project) -> None:
        self.full = False
        self._project = project
        self._kept = project.ask(lambda ledger: _there(ledger.file.connection))

    @property
    def wanted(self) -> bool:
        """Whether this device holds nothing yet, so that a snapshot is worth more than waiting."""
        return not self.full and not self._project.ask(lambda ledger: ledger.store.logs())

    @property
    def open(self) -> int:
        """How many assets are shown that nothing proves yet."""
        return self._project.ask(lambda ledger: _open(ledger.file.connection)) if self._kept else 0

    def page(self, after: Place, number: int) -> Page:
        """A page of what is proved here, the `number`-th."""
        return self._project.ask(lambda ledger: _page(ledger, after, with_takes=number * PAGE < WITH_TAKES))

    def keep(self, given: Sequence[Promise], device: DeviceId) -> int:
        """Show what a device promises, except for assets that are known; returns how many are shown unproved."""
        self._kept = True
        return self._project.ask(lambda ledger: _keep(ledger, given, device))

    def takes(self, assets: Sequence[str]) -> list[tuple[AssetId, str]]:
        """The digests of the small pictures promised for assets that are not proved yet."""
        if not self.open:
            return []
        marks = ", ".join("?" * len(assets))
        sql = f"SELECT p.asset, p.thumb FROM promised p WHERE p.thumb IS NOT NULL AND p.asset IN ({marks})"
        rows = self._project.ask(lambda ledger: _rows(ledger, sql, *assets))
        return [(AssetId(asset), str(thumb)) for asset, thumb in rows]

    def settle(self, time: Time) -> list[Finding]:
        """All bundles are here: take out what none of them proves, and name who promised what is not so."""
        if not self._kept:
            return []
        self._kept = False
        return self._project.ask(lambda ledger: _settle(ledger, time))


def _rows(ledger: Ledger, sql: str, *values: object) -> list[Any]:
    with database.faults(ledger.file.path):
        return ledger.file.connection.execute(sql, values).fetchall()


def _there(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'promised'").fetchone())


def _open(connection: sqlite3.Connection) -> int:
    if not _there(connection):
        return 0
    return int(connection.execute(f"SELECT count(*) FROM promised p WHERE NOT {_PROVED}").fetchone()[0])


def _page(ledger: Ledger, after: Place, *, with_takes: bool) -> Page:
    connection = ledger.file.connection
    with database.faults(ledger.file.path):
        if _there(connection) and connection.execute("SELECT 1 FROM promised").fetchone():
            return Page((), None)  # what was only promised is not passed on
        sql = (
            "SELECT id, name, kind, scene, version, number, label, tier, forked, stale, versions, takes, approved, "
            "time, name_key FROM assets WHERE gone = 0 AND (name_key, id) > (?, ?) ORDER BY name_key, id LIMIT ?"
        )
        rows = connection.execute(sql, (*after, PAGE)).fetchall()
        found = []
        for row in rows:
            take, thumb = _best_take(connection, row[0], row[12]) if with_takes else (None, None)
            found.append(promises.write(Promise(*(*row[:14], take, thumb))))
    return Page(tuple(found), (rows[-1][14], rows[-1][0]) if len(rows) == PAGE else None)


def _best_take(
    connection: sqlite3.Connection, asset: str, approved: str | None
) -> tuple[str | None, str | None]:
    """The approved take of an asset, else its newest, with the digest of its small picture."""
    sql = (
        "SELECT t.id, f.text FROM takes t JOIN facts f ON f.subject = t.asset AND f.collection = 'takes' "
        "AND f.key = t.id WHERE t.asset = ? ORDER BY t.id = ? DESC, t.time DESC, t.id DESC LIMIT 1"
    )
    row = connection.execute(sql, (asset, approved or "")).fetchone()
    if row is None:
        return None, None
    take: Take = codec.decode(Take, schema.OF_RECORD[Take].keyed, row[0], row[1])
    return take.id, take.thumb or None


def _keep(ledger: Ledger, given: Sequence[Promise], device: DeviceId) -> int:
    connection = ledger.file.connection
    with ledger.file.writing(), database.faults(ledger.file.path):
        connection.execute(_TABLE)
        shown = int(connection.execute("SELECT count(*) FROM promised").fetchone()[0])
        for one in given[: max(0, MOST - shown)]:
            _show(connection, one, device)
        return _open(connection)


def _show(connection: sqlite3.Connection, one: Promise, device: DeviceId) -> None:
    name, scene = one.name.casefold(), (one.scene or "").casefold()
    row = {
        "id": one.asset,
        "name": one.name,
        "name_key": name,
        "kind": one.kind,
        "scene": one.scene,
        "scene_key": scene,
        "gone": 0,
        "version": one.version,
        "number": one.number,
        "label": one.label,
        "tier": one.tier,
        "forked": one.forked,
        "stale": one.stale,
        "versions": one.versions,
        "takes": one.takes,
        "approved": one.approved,
        "time": one.time,
        "prompt_key": "",
        "negative_key": "",
        "words": f"{name}\n{scene}\n",
        "changed": 0,
        "edited": 0,
    }
    sql = f"INSERT OR IGNORE INTO assets({', '.join(row)}) VALUES({', '.join('?' * len(row))})"
    if connection.execute(sql, tuple(row.values())).rowcount == 1:
        noted = (one.asset, device, one.name, one.kind, one.scene, one.version, one.take, one.thumb)
        connection.execute("INSERT OR REPLACE INTO promised VALUES(?, ?, ?, ?, ?, ?, ?, ?)", noted)


def _settle(ledger: Ledger, time: Time) -> list[Finding]:
    connection = ledger.file.connection
    with ledger.file.writing(), database.faults(ledger.file.path):
        if not _there(connection):
            return []
        wrong = _wrong(connection)
        connection.execute(
            f"DELETE FROM assets WHERE id IN (SELECT asset FROM promised p WHERE NOT {_PROVED})"
        )
        connection.execute("DROP TABLE promised")
    findings = [_finding(device, names) for device, names in wrong.items()]
    with ledger.store.writing():
        for finding in findings:
            ledger.store.set_aside(finding, None, time)
    return findings


def _wrong(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """The names under which each device promised something that is not so."""
    sql = (
        f"SELECT p.device, p.name, p.asset, {_PROVED}, p.kind IS a.kind AND p.scene IS a.scene "
        "AND (p.version IS NULL OR EXISTS(SELECT 1 FROM versions v WHERE v.id = p.version AND v.asset = p.asset)) "
        "AND (p.take IS NULL OR EXISTS(SELECT 1 FROM takes t WHERE t.id = p.take AND t.asset = p.asset)), "
        "p.name IS a.name FROM promised p JOIN assets a ON a.id = p.asset ORDER BY p.name"
    )
    found: dict[str, list[str]] = {}
    for device, name, asset, proved, same, named in connection.execute(sql).fetchall():
        if not (proved and same and (named or _was_called(connection, asset, name))):
            found.setdefault(device, []).append(name)
    return found


def _was_called(connection: sqlite3.Connection, asset: str, name: str) -> bool:
    """Whether an asset ever had a name: it may have been renamed since it was promised."""
    facts = derive.asset_facts(derive.facts_of(connection, asset))
    return facts is not None and name in {facts.asset.name, *(one.name for one in facts.renamed)}


def _finding(device: str, names: Sequence[str]) -> Finding:
    first = ", ".join(names[:3])
    return Finding(
        "snapshot",
        device,
        f"it showed {len(names)} assets that its bundles do not hold so, among them {first:.200}",
        "they were taken out of the lists; look who has that device, and revoke it",
    )
