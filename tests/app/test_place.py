"""Which project is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.place import PRIVATE, Place, enclosing
from engine.faults import NotFound


def test_the_nearest_folder_upwards_that_is_a_project(tmp_path: Path) -> None:
    (tmp_path / "film" / PRIVATE).mkdir(parents=True)
    inner = tmp_path / "film" / "03_Renders" / "SC"
    inner.mkdir(parents=True)
    assert enclosing(inner) == tmp_path / "film"
    assert Place(inner, tmp_path).film() == tmp_path / "film"
    assert enclosing(tmp_path) is None


def test_a_named_project_counts_more(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / PRIVATE).mkdir(parents=True)
    assert Place(tmp_path / "one", tmp_path, Path("../two")).film() == tmp_path / "two"


def test_no_project_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="restrike init"):
        Place(tmp_path, tmp_path).film()
    with pytest.raises(NotFound, match="not a project"):
        Place(tmp_path, tmp_path, tmp_path).film()
