"""What the shell offers after Tab: names from the project's index, fields of the recipe, help pages.

A shell must never show an error of ours: whatever cannot be read offers nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import typer

from app.place import PRIVATE, Place
from engine.faults import Fault

Offer = tuple[str, str]
"""A completion and what it is."""
MOST: Final = 200


def offering(kind: str | None) -> Callable[..., list[Offer]] | None:
    """The function that completes values of this kind; None where the shell should offer files."""
    if kind is None or kind not in SOURCES:
        return None
    source = SOURCES[kind]

    def offer(ctx: typer.Context, incomplete: str) -> list[Offer]:
        try:
            return [one for one in source(ctx, incomplete) if one[0].startswith(incomplete)][:MOST]
        except (Fault, OSError, sqlite3.Error):
            return []

    return offer


def _project(ctx: typer.Context) -> Path:
    """The project that the words typed so far mean."""
    named: Path | None = None
    here: Any = ctx
    while here is not None and named is None:
        named = here.params.get("project")
        here = here.parent
    return Place(Path.cwd(), Path(), named).film()


def _rows(ctx: typer.Context, sql: str, *values: str) -> list[tuple[str, ...]]:
    path = _project(ctx) / PRIVATE / "index.db"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.2)) as index:
        return index.execute(f"{sql} LIMIT {MOST}", values).fetchall()


def _like(incomplete: str) -> str:
    return incomplete.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _assets(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    sql = "SELECT name, kind FROM assets WHERE NOT gone AND name LIKE ? ESCAPE '\\' ORDER BY name"
    return [(name, kind) for name, kind in _rows(ctx, sql, _like(incomplete))]


def _inputs(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    """`NAME:ROLE`, the role that the asset's kind suggests first."""
    name, sign, _ = incomplete.partition(":")
    if not sign:
        roles = {"shot": "image"}
        return [(f"{one}:{roles.get(kind, kind)}", kind) for one, kind in _assets(ctx, name)]
    from engine.parameters import ROLES

    return [(f"{name}:{role}", "role") for role in ROLES]


def _scenes(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    sql = "SELECT DISTINCT scene FROM assets WHERE NOT gone AND scene LIKE ? ESCAPE '\\' ORDER BY scene"
    return [(scene, "scene") for (scene,) in _rows(ctx, sql, _like(incomplete))]


def _takes(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    sql = (
        "SELECT takes.id, assets.name FROM takes JOIN assets ON assets.id = takes.asset "
        "WHERE takes.id LIKE ? ESCAPE '\\' ORDER BY takes.time DESC"
    )
    return [(take, name) for take, name in _rows(ctx, sql, _like(incomplete))]


def _jobs(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    sql = "SELECT id, state FROM jobs WHERE id LIKE ? ESCAPE '\\' AND state <> 'finished'"
    return [(job, state) for job, state in _rows(ctx, sql, _like(incomplete))]


def _models(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    from app import settings
    from engine.models import Installed
    from resources import bundled_models

    found = Installed(settings.home(), bundled_models()).facts()
    return [(one.name, one.digest[:12]) for one in found]


def _fields(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    from engine.parameters import FIELDS
    from sync.records import Tier

    name, sign, _ = incomplete.partition("=")
    if not sign:
        return [
            *((f"{one}=", field.help) for one, field in FIELDS.items()),
            ("tier=", "low, standard or high"),
        ]
    if name == "tier":
        return [(f"tier={one}", "tier") for one in Tier]
    if name == "model":
        return [(f"model={one}", about) for one, about in _models(ctx, "")]
    return [(f"{name}={one}", name) for one in FIELDS[name].choices] if name in FIELDS else []


def _topics(ctx: typer.Context, incomplete: str) -> Iterable[Offer]:
    from resources import RESOURCES

    return [(path.stem, "help page") for path in sorted((RESOURCES / "help").glob("*.md"))]


SOURCES: Final[Mapping[str, Callable[[typer.Context, str], Iterable[Offer]]]] = {
    "asset": _assets,
    "input": _inputs,
    "scene": _scenes,
    "take": _takes,
    "job": _jobs,
    "model": _models,
    "field": _fields,
    "topic": _topics,
}
