"""Assets as front ends show them."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import shapes, views
from app.studio import Studio
from engine.faults import BadField, NotFound
from sync.project import Edit, asset_document
from sync.records import AssetId, FactId, Kind, Link, Removed, Renamed, VersionId
from sync.rules import history, names, takes
from sync.tables import AssetRow
from tests.app.commandline import Film
from tests.app.studios import film as film_in
from tests.app.test_versions import with_studio
from tests.sync.films import Film as Facts


@pytest.fixture
def shots(film: Film) -> Film:
    film("asset", "add", "environment", "HARBOUR")
    film("asset", "add", "shot", "SH010", "--scene", "SC-01", "--input", "HARBOUR")
    return film


def test_rows_and_their_shapes(shots: Film) -> None:
    def work(studio: Studio) -> None:
        rows = views.rows(studio, kind=Kind.SHOT, scene="SC-01", where="steps > 0", stale=False)
        assert [one["name"] for one in views.assets(studio, rows)] == ["SH010"]
        assert views.rows(studio, kind=None, scene=None, where="steps > 0", stale=True) == []
        with pytest.raises(BadField, match="steps >>"):
            views.rows(studio, kind=None, scene=None, where="steps >>", stale=True)

    with_studio(shots, work)


def test_a_page_knows_how_many_there_are(shots: Film) -> None:
    def work(studio: Studio) -> None:
        def page(limit: int | None, offset: int = 0, where: str | None = None) -> tuple[list[str], int]:
            rows, total = views.page(
                studio, kind=None, scene=None, where=where, stale=False, limit=limit, offset=offset
            )
            return [row.name for row in rows], total

        assert page(None) == page(2) == page(9) == (["HARBOUR", "SH010"], 2)
        assert page(1) == (["HARBOUR"], 2)
        assert page(1, 1) == page(None, 1) == (["SH010"], 2)
        assert page(5, 7) == page(0, 7) == page(-1) == ([], 2)
        assert page(1, -3) == (["HARBOUR"], 2)
        assert page(1, where="kind = shot") == (["SH010"], 1)
        assert page(None, where="kind = prop") == ([], 0)

    with_studio(shots, work)


WHAT = st.lists(
    st.sampled_from(["asset", "version", "fork", "take", "approve", "rename", "remove", "link"]), max_size=12
)


@given(WHAT, st.integers(0, 2**16))
@settings(max_examples=15)
def test_many_together_are_what_each_is_alone(what: list[str], seed: int) -> None:
    asyncio.run(_many(what, seed))


async def _many(what: list[str], seed: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        async with film_in(Path(place) / "film") as studio:
            facts = Facts.seeded(seed)
            for step in ["asset", "version", *what]:
                studio.project.commit(partial(_happen, facts, step))
            rows = studio.project.index.assets(gone=None)
            whole = [row for row in rows if row.version is not None]
            assert json.dumps(views.assets(studio, whole)) == json.dumps(
                [_alone(studio, row) for row in whole]
            )
            for row in rows:
                if row.version is None:
                    with pytest.raises(NotFound, match="no version"):
                        views.assets(studio, [row])


def _happen(facts: Facts, what: str, edit: Edit) -> None:
    """One thing that happens to one asset or another."""
    if what == "asset":
        facts.asset(edit, facts.id()[:6], facts.draw.choice(list(Kind)))
        return
    asset = AssetId(facts.draw.choice([row.id for row in edit.index.assets(gone=None)]))
    known = edit.asset(asset)
    if what == "rename":
        name = Renamed(id=FactId(facts.id()), name=facts.id()[:8], author=edit.member, time=edit.now)
        edit.add(asset_document(asset), name)
    elif what == "remove":
        gone = facts.draw.random() < 0.7
        edit.add(
            asset_document(asset),
            Removed(id=FactId(facts.id()), gone=gone, author=edit.member, time=edit.now),
        )
    elif what in ("version", "fork", "link") or not known.versions:
        number = history.next_number(known.versions) - (what == "fork" and bool(known.versions))
        parents = [one.id for one in known.versions[:1]]
        version = facts.version(edit, asset, number, parents)
        if what == "link":
            edit.facts.pop()
            links = (Link(asset=asset, role="style"), Link(asset=AssetId("elsewhere"), role="image"))
            edit.add(asset_document(asset), replace(version, id=VersionId(facts.id()), links=links, note="é"))
    elif what == "take" or not known.takes:
        facts.take(edit, asset, facts.draw.choice(known.versions), len(known.takes) + 1)
    else:
        facts.approve(edit, asset, facts.draw.choice(known.takes))


def _alone(studio: Studio, row: AssetRow) -> dict[str, Any]:
    """The asset out of all its facts, as the rules have it."""
    facts = studio.project.asset(row.id)
    top = history.top(facts.versions)
    assert top is not None
    current = top.version
    chosen = takes.chosen(facts)
    return shapes.asset(
        facts,
        current,
        name=history.name(facts),
        label=history.label(current, facts.versions),
        forked=bool(top.apart) or len(names.standing(facts)) > 1,
        stale=row.stale,
        gone=history.gone(facts),
        approved=chosen.id if chosen is not None else None,
    )


def test_names_of_what_is_around(shots: Film) -> None:
    def work(studio: Studio) -> None:
        rows = views.rows(studio, kind=Kind.SHOT, scene=None, where=None, stale=False)
        full = views.asset_in_full(studio, rows[0].id)
        assert [one["name"] for one in full["inputs"]] == ["HARBOUR"]
        assert full["model_name"]
        assert views.name_of(studio, AssetId("nobody")) == "nobody"
        with pytest.raises(NotFound):
            views.asset(studio, AssetId("nobody"))
        with pytest.raises(NotFound, match="none"):
            views.removed(studio, "SH010")

    with_studio(shots, work)


def test_of_removed_namesakes_the_last_one_comes_back(film: Film) -> None:
    first = film("asset", "add", "prop", "LAMP")["id"]
    film("asset", "remove", "LAMP")
    second = film("asset", "add", "prop", "LAMP")["id"]
    film("asset", "remove", "LAMP")
    assert first != second
    assert film("asset", "remove", "lamp", "--undo")["id"] == second
    film("asset", "rename", "LAMP", "LAMP2")
    assert film("asset", "remove", first, "--undo")["id"] == first
