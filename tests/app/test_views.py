"""Assets as front ends show them."""

from __future__ import annotations

import pytest

from app import views
from app.studio import Studio
from engine.faults import BadField, NotFound
from sync.records import AssetId, Kind
from tests.app.commandline import Film
from tests.app.test_versions import with_studio


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
