"""Folders and names, and that no record can name a file outside the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import film
from engine.faults import BadField, Damaged
from sync.records import Kind


def test_media_files_lie_where_the_contract_says() -> None:
    mara = film.media_path(Kind.CHARACTER, None, "MARA", "v03", "take02")
    assert str(mara) == "01_Assets/Generative_Assets/Characters/MARA/MARA_v03_take02.png"
    shot = film.media_path(Kind.SHOT, "SC-01", "SH010", "v03-k7qd", "take01")
    assert str(shot) == "03_Renders/SC-01/SH010/SH010_v03-k7qd_take01.png"
    assert (
        str(film.recipe_path(Kind.SHOT, None, "SH010", "v01"))
        == "03_Renders/UNSORTED/SH010/SH010_v01.recipe.json"
    )


@pytest.mark.parametrize("name", ["MARA", "sh-010.b_2", "Zoë", "x" * 64, "मीरा", "東" * 64])
def test_good_names(name: str) -> None:
    assert film.check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".hidden",
        "a/b",
        "a b",
        "..",
        "x" * 65,
        "a\n",
        "con",
        "NUL.x",
        "a.",
        "a:b",
        "-x",
        "\u0301a",
        "a\ufe0f",
        "\U00020000" * 64,
    ],
)
def test_bad_names(name: str) -> None:
    with pytest.raises(BadField):
        film.check_name(name)


@pytest.mark.parametrize("label", ["v3", "3", "v03-K7", "v03/..", "take02", ""])
def test_bad_version_labels(label: str) -> None:
    with pytest.raises(BadField):
        film.recipe_path(Kind.PROP, None, "LAMP", label)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../outside.png",
        "03_Renders/../../x.png",
        "03_Renders",
        "03_Renders/",
        "03_Renders//x.png",
        "03_Renders/./x.png",
        ".restrike/log.db",
        "01_Assets/x.png",
        "03_Renders/a\\b.png",
        "03_Renders/C:/x.png",
        "03_Renders/x\x00.png",
        "",
    ],
)
def test_hostile_paths_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(Damaged):
        film.inside(tmp_path, path)


def test_a_folder_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "film", tmp_path / "elsewhere"
    (project / "03_Renders").mkdir(parents=True)
    (project / ".restrike" / "blobs").mkdir(parents=True)
    elsewhere.mkdir()
    (project / "03_Renders" / "SC").symlink_to(elsewhere)
    (project / "03_Renders" / "IN").symlink_to(project / ".restrike")
    for path in ("03_Renders/SC/x.png", "03_Renders/IN/log.db", "03_Renders/IN/blobs/x.png"):
        with pytest.raises(Damaged):
            film.inside(project, path)


@given(st.text(max_size=60))
def test_whatever_is_let_through_lies_inside(tail: str) -> None:
    folder = Path("/nowhere/film")
    try:
        found = film.inside(folder, f"03_Renders/{tail}")
    except Damaged:
        return
    assert found.resolve().is_relative_to(folder / "03_Renders")


def test_git_keeps_media_in_lfs() -> None:
    lines = film.GIT_ATTRIBUTES.splitlines()
    assert "*.png filter=lfs diff=lfs merge=lfs -text" in lines
    assert len(lines) == 12
