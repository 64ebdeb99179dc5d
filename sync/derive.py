"""The write side of the index: facts in, and the rows that the rules derive from them, for what a change touched alone.

Everything here runs inside one write transaction on the index that its caller holds.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from engine.faults import Damaged
from engine.graph import Node, stale_assets
from sync import codec, schema
from sync.records import Asset, AssetFacts, AssetId, DocumentId, JobFacts, JobId, Take, Version
from sync.rules import history, jobs, names, staleness, takes
from sync.rules.forks import Top
from sync.schema import Fact

T = TypeVar("T", bound=str)

_ASSET_PARTS = {
    "renamed": "renamed",
    "removed": "removed",
    "versions": "versions",
    "takes": "takes",
    "struck": "struck",
    "approved": "approved",
    "dropped": "dropped",
}
_EDITS = ("versions", "renamed", "removed")
"""The collections in which an asset is edited: its takes, and what is said of them, are none of its parameters."""
_AT_ONCE = 500
"""Subjects whose facts are read in one question."""
_JOB_PARTS = {"q": "wishes", "c": "claims", "e": "ended", "f": "finished", "x": "called", "p": "votes"}


def document_number(connection: sqlite3.Connection, document: DocumentId, heads: bytes | None = None) -> int:
    """The index's own number of a document, given at its first mention."""
    row = connection.execute("SELECT number FROM documents WHERE document = ?", (document,)).fetchone()
    if row is not None:
        return int(row[0])
    added = connection.execute(
        "INSERT INTO documents(document, heads) VALUES(?, ?)", (document, heads or b"")
    )
    return int(added.lastrowid or 0)


def facts_of(connection: sqlite3.Connection, subject: str, collection: str | None = None) -> list[Fact]:
    """The stored facts about an asset, a job or the project, oldest first."""
    sql = (
        "SELECT d.document, f.collection, f.key, f.text FROM facts f JOIN documents d ON d.number = f.document "
        "WHERE f.subject = ?" + (" AND f.collection = ?" if collection else "") + " ORDER BY f.seq"
    )
    values = (subject, collection) if collection else (subject,)
    return [Fact(DocumentId(document), *rest) for document, *rest in connection.execute(sql, values)]


def facts_of_many(connection: sqlite3.Connection, subjects: Iterable[str]) -> dict[str, list[Fact]]:
    """What `facts_of` gives for each of several subjects, in one question; those without facts have an empty list."""
    found: dict[str, list[Fact]] = {one: [] for one in subjects}
    sql = (
        "SELECT f.subject, d.document, f.collection, f.key, f.text FROM facts f "
        "JOIN documents d ON d.number = f.document "
        "WHERE f.subject IN (SELECT value FROM json_each(?)) ORDER BY f.seq"
    )
    for subject, document, *rest in connection.execute(sql, (json.dumps(list(found)),)):
        found[subject].append(Fact(DocumentId(document), *rest))
    return found


def records_of(facts: Iterable[Fact], unread: list[tuple[Fact, str]] | None = None) -> dict[str, list[Any]]:
    """The records of facts by collection; what cannot be read is left out and named in `unread`."""
    found: dict[str, list[Any]] = {}
    for fact in facts:
        try:
            found.setdefault(fact.collection, []).append(schema.decode(fact))
        except Damaged as error:
            if unread is not None:
                unread.append((fact, error.message))
    return found


def asset_facts(facts: Iterable[Fact], unread: list[tuple[Fact, str]] | None = None) -> AssetFacts | None:
    """All that is known of an asset; None while the fact that created it is not here."""
    found = records_of(facts, unread)
    created: list[Asset] = found.get("asset", [])
    if not created:
        return None
    first = min(created, key=lambda one: (one.time, one.id))
    return AssetFacts(
        asset=first, **{field: tuple(found.get(name, ())) for name, field in _ASSET_PARTS.items()}
    )


def job_facts(job: JobId, facts: Iterable[Fact], unread: list[tuple[Fact, str]] | None = None) -> JobFacts:
    """All that is known of a job, over all segments."""
    found = records_of(facts, unread)
    return JobFacts(job=job, **{field: tuple(found.get(name, ())) for name, field in _JOB_PARTS.items()})


def add_facts(
    connection: sqlite3.Connection, facts: Iterable[Fact], at: Mapping[DocumentId, int]
) -> list[Fact]:
    """Store facts with their document's position in `at`; returns those that are new or whose text changed."""
    found = [(fact, (fact.document, fact.subject)) for fact in facts]
    held = _held(connection, Counter(place for _, place in found))
    numbers: dict[DocumentId, int] = {}
    fresh: list[Fact] = []
    rows: list[tuple[Any, ...]] = []
    for fact, place in found:
        there = held[place] if place in held else _one_held(connection, fact)
        row = there.get((fact.collection, fact.key))
        if row is not None and row[0] == fact.text:
            continue
        number = numbers.get(fact.document)
        if number is None:
            number = numbers[fact.document] = document_number(connection, fact.document)
        if row is not None:
            # of two texts written apart under one key, the document shows the same one everywhere
            _insert(connection, rows)
            sql = "DELETE FROM facts WHERE subject = ? AND collection = ? AND key = ? AND document = ?"
            connection.execute(sql, (fact.subject, fact.collection, fact.key, number))
        there[(fact.collection, fact.key)] = (fact.text,)
        rows.append((place[1], fact.collection, fact.key, number, fact.text, at[fact.document]))
        fresh.append(fact)
    _insert(connection, rows)
    return fresh


_Held = dict[tuple[str, str], tuple[str]]


def _held(connection: sqlite3.Connection, places: Counter[tuple[DocumentId, str]]) -> dict[Any, _Held]:
    """The texts that are here under each place of which several facts came: one question for all of them."""
    sql = (
        "SELECT f.collection, f.key, f.text FROM facts f JOIN documents d ON d.number = f.document "
        "WHERE f.subject = ? AND d.document = ?"
    )
    found: dict[Any, _Held] = {}
    for (document, subject), count in places.items():
        if count > 1:
            rows = connection.execute(sql, (subject, document))
            found[document, subject] = {(collection, key): (text,) for collection, key, text in rows}
    return found


def _one_held(connection: sqlite3.Connection, fact: Fact) -> _Held:
    sql = (
        "SELECT f.text FROM facts f JOIN documents d ON d.number = f.document "
        "WHERE f.subject = ? AND f.collection = ? AND f.key = ? AND d.document = ?"
    )
    place = (fact.subject, fact.collection, fact.key, fact.document)
    row = connection.execute(sql, place).fetchone()
    return {} if row is None else {(fact.collection, fact.key): row}


def _insert(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    sql = "INSERT INTO facts(subject, collection, key, document, text, position) VALUES(?, ?, ?, ?, ?, ?)"
    connection.executemany(sql, rows)
    rows.clear()


def derive(connection: sqlite3.Connection, facts: Iterable[Fact]) -> None:
    """Bring every derived row up to date with what these facts are about."""
    subjects: dict[str, dict[str, None]] = {}
    for fact in facts:
        subjects.setdefault(schema.family(fact.document), {})[fact.subject] = None
    unread: list[tuple[Fact, str]] = []
    touched = [AssetId(one) for one in subjects.get("asset", ())]
    for part in _portions(touched):
        known, newest = facts_of_many(connection, part), _newest(connection, part)
        for asset in part:
            _derive_asset(connection, asset, known[asset], newest.get(asset, (0, 0)), unread)
    _derive_staleness(connection, touched)
    for some in _portions(list(subjects.get("queue", ()))):
        rows = [_job_row(JobId(job), found, unread) for job, found in facts_of_many(connection, some).items()]
        connection.executemany("INSERT OR REPLACE INTO jobs VALUES(NULL" + ", ?" * 14 + ")", rows)
    if "project" in subjects:
        records_of(facts_of(connection, schema.PROJECT_DOCUMENT), unread)
    connection.executemany(
        "INSERT OR REPLACE INTO unread VALUES(?, ?, ?, ?)",
        [(fact.document, fact.collection, fact.key, why) for fact, why in unread],
    )


def _portions(subjects: Sequence[T]) -> Iterator[Sequence[T]]:
    return (subjects[at : at + _AT_ONCE] for at in range(0, len(subjects), _AT_ONCE))


def _derive_asset(
    connection: sqlite3.Connection,
    asset: AssetId,
    known: Iterable[Fact],
    newest: tuple[int, int],
    unread: list[tuple[Fact, str]],
) -> None:
    facts = asset_facts(known, unread)
    if facts is None or facts.asset.id != asset:
        return
    top = history.top(facts.versions)
    shown = top.version if top is not None else None
    _write_asset(connection, facts, top, newest)
    _write_versions(connection, facts)
    _write_takes(connection, facts)
    node = staleness.node(facts)
    text = codec.dumps(
        [sorted(node.feeds), [[one, sorted(keys)] for one, keys in node.inputs], node.outdated]
    )
    connection.execute("INSERT OR REPLACE INTO nodes VALUES(?, ?)", (asset, text))
    connection.execute("DELETE FROM links WHERE user = ?", (asset,))
    if shown is not None and not history.gone(facts):
        connection.executemany(
            "INSERT OR IGNORE INTO links VALUES(?, ?, ?)",
            [(asset, one.asset, one.role) for one in shown.links],
        )


def _write_asset(
    connection: sqlite3.Connection, facts: AssetFacts, top: Top | None, newest: tuple[int, int]
) -> None:
    shown = top.version if top is not None else None
    name, chosen = history.name(facts), takes.chosen(facts)
    parameters = shown.parameters if shown else {}
    saved, made = [one.time for one in facts.versions], [one.time for one in facts.takes]
    judged = [one.time for one in facts.approved] + [one.time for one in facts.renamed]
    row: dict[str, Any] = {
        "id": facts.asset.id,
        "name": name,
        "name_key": name.casefold(),
        "kind": facts.asset.kind,
        "scene": facts.asset.scene,
        "scene_key": (facts.asset.scene or "").casefold(),
        "gone": history.gone(facts),
        "version": shown.id if shown else None,
        "number": shown.number if shown else None,
        "label": history.label(shown, facts.versions) if shown else None,
        "tier": shown.tier if shown else None,
        "recipe_key": shown.recipe_key if shown else None,
        "merged": _text(top) if top is not None and not top.saved else None,
        "forked": (top is not None and bool(top.apart)) or len(names.standing(facts)) > 1,
        "versions": len(facts.versions),
        "takes": len(facts.takes),
        "approved": chosen.id if chosen else None,
        "time": max([facts.asset.time, *saved, *made, *judged]),
        **{
            name: _scalar(parameters.get(name))
            for name in ("steps", "guidance", "width", "height", "strength")
        },
        **{name: _word(parameters.get(name)) for name in ("model", "seed", "scheduler")},
        "prompt_key": (_word(parameters.get("prompt")) or "").casefold(),
        "negative_key": (_word(parameters.get("negative_prompt")) or "").casefold(),
    }
    row["words"] = "\n".join((row["name_key"], row["scene_key"], row["prompt_key"]))
    row["changed"], row["edited"] = newest
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    renewed = ", ".join(f"{name} = excluded.{name}" for name in row)
    connection.execute(
        f"INSERT INTO assets({columns}) VALUES({marks}) ON CONFLICT(id) DO UPDATE SET {renewed}",
        tuple(row.values()),
    )
    connection.execute(
        "INSERT OR REPLACE INTO parameters SELECT n, ? FROM assets WHERE id = ?",
        (codec.dumps(codec.plain(parameters)), facts.asset.id),
    )


def _text(top: Top) -> str:
    """The text of a version that nobody saved."""
    return codec.encode(top.version, schema.OF_RECORD[Version].keyed)


def _newest(connection: sqlite3.Connection, assets: Iterable[AssetId]) -> dict[str, tuple[int, int]]:
    """The position of each asset's newest fact, and of its newest edit."""
    sql = (
        "SELECT subject, collection, max(position) FROM facts "
        "WHERE subject IN (SELECT value FROM json_each(?)) GROUP BY subject, collection"
    )
    found: dict[str, tuple[int, int]] = {}
    for subject, collection, position in connection.execute(sql, (json.dumps(list(assets)),)):
        newest, edited = found.get(subject, (0, 0))
        found[subject] = max(newest, position), max(edited, position if collection in _EDITS else 0)
    return found


def _write_versions(connection: sqlite3.Connection, facts: AssetFacts) -> None:
    connection.execute("DELETE FROM versions WHERE asset = ?", (facts.asset.id,))
    connection.executemany(
        "INSERT OR REPLACE INTO versions VALUES(?, ?, ?, ?, ?, ?)",
        [
            (one.id, facts.asset.id, one.number, history.label(one, facts.versions), one.recipe_key, one.time)
            for one in facts.versions
        ],
    )


def _write_takes(connection: sqlite3.Connection, facts: AssetFacts) -> None:
    connection.execute("DELETE FROM takes WHERE asset = ?", (facts.asset.id,))
    versions = history.known(facts.versions)
    made = {version.id: _made(version) for version in versions.values()}
    labels = {version.id: history.label(version, facts.versions) for version in versions.values()}
    connection.executemany(
        "INSERT OR REPLACE INTO takes VALUES(NULL" + ", ?" * 17 + ")",
        [_take_row(facts, one, labels.get(one.version, ""), made.get(one.version)) for one in facts.takes],
    )


def _take_row(
    facts: AssetFacts, take: Take, version_label: str, made: tuple[Any, ...] | None
) -> tuple[Any, ...]:
    model, steps, tier = made or (None, None, None)
    pixels = take.width * take.height * max(1, take.frames)
    label = takes.take_label(take, facts.takes)
    named = (take.id, facts.asset.id, take.version, label, version_label, take.recipe_key)
    kept = (take.sha256, take.bytes, take.time, take.imported)
    return (*named, *kept, model, min(pixels, 2**62), steps, tier, take.device, take.profile, take.seconds)


def _made(version: Version) -> tuple[Any, Any, str]:
    """Model, steps and tier of a version, for the record of speeds."""
    return _word(version.parameters.get("model")), _scalar(version.parameters.get("steps")), version.tier


def _derive_staleness(connection: sqlite3.Connection, touched: Sequence[AssetId]) -> None:
    """Staleness of the touched assets and of all that lies downstream of them."""
    among = dict.fromkeys(touched)
    waiting = list(among)
    while waiting:
        for (user,) in connection.execute(
            "SELECT DISTINCT user FROM links WHERE asset = ?", (waiting.pop(),)
        ):
            if user not in among:
                among[AssetId(user)] = None
                waiting.append(AssetId(user))
    nodes: dict[AssetId, Node[AssetId]] = {}
    for asset in among:
        _load_node(connection, asset, nodes)
    inputs = {one for node in list(nodes.values()) for one, _ in node.inputs if one not in nodes}
    known = set()
    for asset in inputs:
        _load_node(connection, asset, nodes)
        if connection.execute("SELECT 1 FROM assets WHERE id = ? AND stale = 1", (asset,)).fetchone():
            known.add(asset)
    stale = stale_assets(nodes, among, known)
    connection.executemany(
        "UPDATE assets SET stale = ? WHERE id = ? AND stale <> ?",
        [(one in stale, one, one in stale) for one in among],
    )


def _load_node(connection: sqlite3.Connection, asset: AssetId, nodes: dict[AssetId, Node[AssetId]]) -> None:
    row = connection.execute("SELECT text FROM nodes WHERE asset = ?", (asset,)).fetchone()
    if row is not None:
        feeds, inputs, outdated = json.loads(row[0])
        made_from = tuple((AssetId(one), frozenset(keys)) for one, keys in inputs)
        nodes[asset] = Node(frozenset(feeds), made_from, outdated)


def _job_row(job: JobId, facts: Sequence[Fact], unread: list[tuple[Fact, str]]) -> tuple[Any, ...]:
    view = jobs.view(job_facts(job, facts, unread))
    wish = view.wish
    priority = jobs.key(view)
    return (
        job,
        min(one.document for one in facts),
        wish.asset if wish else None,
        wish.version if wish else None,
        wish.item if wish else None,
        view.tier,
        view.state,
        view.owner,
        view.votes,
        view.generation,
        priority if math.isfinite(priority) else 1e300,
        wish.time if wish else "",
        jobs.split(job)[0],
        view.take,
    )


def _scalar(value: Any) -> int | float | None:
    return value if isinstance(value, (int, float)) and abs(value) < 2**63 else None


def _word(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else codec.dumps(value)
