"""The tables of the query index, and the rows it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.recipe import RecipeKey
from sync.records import (
    AssetId,
    DeviceId,
    JobId,
    Kind,
    SessionId,
    Take,
    TakeId,
    Tier,
    Time,
    VersionId,
)

EPOCH: Final = 4
"""Raised by every release that derives or lays out anything differently: an index of another epoch is built anew."""

TABLES: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE documents(number INTEGER PRIMARY KEY, document TEXT NOT NULL UNIQUE, heads BLOB NOT NULL);
CREATE TABLE touched(document INTEGER, position INTEGER, ordinal INTEGER, hash BLOB NOT NULL,
  PRIMARY KEY(document, position, ordinal)) WITHOUT ROWID;
CREATE TABLE snapshots(document INTEGER PRIMARY KEY, position INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE tails(log TEXT PRIMARY KEY, n INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE entries(data BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE facts(seq INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, collection TEXT NOT NULL,
  key TEXT NOT NULL, document INTEGER NOT NULL, text TEXT NOT NULL, position INTEGER NOT NULL);
CREATE UNIQUE INDEX facts_by_subject ON facts(subject, collection, key, document);
CREATE INDEX facts_by_document ON facts(document);
CREATE TABLE unread(document TEXT, collection TEXT, key TEXT, detail TEXT,
  PRIMARY KEY(document, collection, key)) WITHOUT ROWID;
CREATE TABLE assets(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, name_key TEXT NOT NULL,
  kind TEXT NOT NULL, scene TEXT, scene_key TEXT NOT NULL, gone INTEGER NOT NULL, version TEXT, number INTEGER,
  label TEXT, tier TEXT, recipe_key TEXT, merged TEXT, forked INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 0,
  versions INTEGER NOT NULL, takes INTEGER NOT NULL, approved TEXT, time TEXT NOT NULL, model TEXT, seed TEXT,
  steps INTEGER, guidance REAL, width INTEGER, height INTEGER, strength REAL, scheduler TEXT, prompt_key TEXT NOT NULL,
  negative_key TEXT NOT NULL, words TEXT NOT NULL, changed INTEGER NOT NULL, edited INTEGER NOT NULL);
CREATE INDEX assets_by_name ON assets(gone, name_key, id);
CREATE INDEX assets_by_any_name ON assets(name_key);
CREATE INDEX assets_by_change ON assets(changed);
CREATE INDEX assets_by_merge ON assets(id) WHERE merged IS NOT NULL;
CREATE INDEX assets_by_kind ON assets(gone, kind, name_key, id);
CREATE INDEX assets_by_scene ON assets(gone, scene, name_key, id);
CREATE TABLE parameters(asset INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE nodes(asset TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE links(user TEXT, asset TEXT, role TEXT, PRIMARY KEY(user, asset, role)) WITHOUT ROWID;
CREATE INDEX links_by_asset ON links(asset);
CREATE TABLE versions(id TEXT PRIMARY KEY, asset TEXT NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL,
  recipe_key TEXT NOT NULL, time TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX versions_by_asset ON versions(asset);
CREATE INDEX versions_by_recipe ON versions(recipe_key);
CREATE TABLE takes(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, asset TEXT NOT NULL, version TEXT NOT NULL,
  label TEXT NOT NULL, version_label TEXT NOT NULL, recipe_key TEXT NOT NULL, sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL, time TEXT NOT NULL, imported INTEGER NOT NULL, model TEXT, pixels INTEGER NOT NULL,
  steps INTEGER, tier TEXT, device TEXT NOT NULL, profile TEXT NOT NULL, seconds REAL NOT NULL);
CREATE INDEX takes_by_asset ON takes(asset, time, id);
CREATE INDEX takes_by_recipe ON takes(recipe_key);
CREATE INDEX takes_by_time ON takes(time, id);
CREATE INDEX takes_by_bytes ON takes(sha256);
CREATE TABLE jobs(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL, asset TEXT,
  version TEXT, item INTEGER, tier TEXT NOT NULL, state TEXT NOT NULL, owner TEXT, votes INTEGER NOT NULL,
  generation INTEGER NOT NULL, priority REAL NOT NULL, time TEXT NOT NULL, recipe_key TEXT NOT NULL, take TEXT);
CREATE INDEX jobs_by_state ON jobs(state, priority, id);
CREATE INDEX jobs_by_priority ON jobs(priority, id);
CREATE INDEX jobs_by_asset ON jobs(asset);
CREATE INDEX jobs_by_document ON jobs(document);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRow:
    """An asset as lists show it: its current version (none while it has no version) and what follows from its facts.

    `version` is the id, `label` as `v03`; `takes` counts all its takes, `approved` is the chosen one.
    """

    id: AssetId
    name: str
    kind: Kind
    scene: str | None
    gone: bool
    version: VersionId | None
    number: int | None
    label: str | None
    tier: Tier | None
    recipe_key: RecipeKey | None
    forked: bool
    stale: bool
    versions: int
    takes: int
    approved: TakeId | None
    time: Time
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRow:
    """A take with the asset it belongs to and what it and its version are called."""

    asset: AssetId
    take: Take
    label: str
    version_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version as it is found by its recipe."""

    id: VersionId
    asset: AssetId
    number: int
    label: str
    recipe_key: RecipeKey
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job as lists show it; `key` is its priority (lowest first), `time` that of its first wish."""

    id: JobId
    asset: AssetId
    version: VersionId
    item: int
    tier: Tier
    state: str
    owner: SessionId | None
    votes: int
    generation: int
    key: float
    time: Time
    recipe_key: RecipeKey
    take: TakeId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRow:
    """How long one take took: `pixels` is width × height × frames, `seconds` rendering alone."""

    model: str
    pixels: int
    steps: int
    tier: Tier
    device: DeviceId
    profile: str
    seconds: float
    time: Time
