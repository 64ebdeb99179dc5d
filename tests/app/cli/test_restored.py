"""Paths and files that are put back into an answer."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from app.cli.restored import delivered, with_paths
from engine.faults import Conflict

FOLDER = Path("/films/harbour")
TAKE = {
    "id": "t",
    "asset_name": "NEW_NAME",
    "kind": "shot",
    "scene": "SC-01",
    "sha256": "0",
    "filename": "OLD_v03-k7qd_take02.png",
    "approved": False,
}


def test_a_take_lies_where_its_asset_was_called_so() -> None:
    found = with_paths("take list", {"takes": [TAKE, {**TAKE, "filename": None, "file": None}]}, FOLDER, {})
    first, second = found["takes"]
    assert first["file"] == FOLDER / "03_Renders" / "SC-01" / "OLD" / "OLD_v03-k7qd_take02.png"
    assert list(first)[-3:] == ["filename", "file", "approved"]
    assert second["file"] is None


def test_the_folder_follows_the_name() -> None:
    found = with_paths("status", {"project": "p", "name": "n", "documents": 1}, FOLDER, {})
    assert list(found) == ["project", "name", "folder", "documents"]


ASSET: dict[str, Any] = {
    "name": "MARA",
    "kind": "character",
    "scene": None,
    "version_label": "v02",
    "recipe": {"operation": "text-to-image"},
}


@pytest.mark.parametrize("words", ["asset add", "asset set", "asset restore", "asset resolve"])
def test_saving_wrote_a_recipe(words: str) -> None:
    found = with_paths(words, {**ASSET, "message": "MARA v02 saved"}, FOLDER, {})
    assert found["file"].name == "MARA_v02.recipe.json"
    assert list(found)[-2:] == ["file", "message"]


def test_where_nothing_was_saved_there_is_no_file() -> None:
    message = "Nothing changed: MARA stays at v02."
    assert "file" not in with_paths("asset set", {**ASSET, "message": message}, FOLDER, {})


@pytest.mark.parametrize(
    ("data", "ending"), [(b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpg"), (b"RIFF", "webp")]
)
def test_an_imported_picture_lies_beside(data: bytes, ending: str, tmp_path: Path) -> None:
    picture = tmp_path / "picture"
    picture.write_bytes(data)
    asset = {
        **ASSET,
        "version_label": "v01",
        "recipe": {"operation": "imported"},
        "message": "MARA v01 imported",
    }
    found = with_paths("asset add", asset, FOLDER, {"from_image": picture})
    assert found["file"].name == f"MARA_v01_take01.{ending}"


def test_a_template_is_written_as_the_command_writes_it(tmp_path: Path) -> None:
    contents = {
        "filename": "file.json",
        "media_type": "application/json",
        "json": {"format": "x", "assets": []},
    }
    target = tmp_path / "t.json"
    value = {"file": contents, "assets": [], "message": "/tmp/restrike-1/file.json holds MARA."}
    found = delivered("template save", value, {"file": target}, force=False)
    assert found == {"file": target, "assets": [], "message": f"{target} holds MARA."}
    assert target.read_text() == '{\n  "format": "x",\n  "assets": []\n}\n'


def picture(data: bytes) -> dict[str, str]:
    """A picture as it comes."""
    return {"filename": "file.png", "media_type": "image/png", "base64": base64.b64encode(data).decode()}


def test_a_picture_goes_into_a_folder_under_its_own_name(tmp_path: Path) -> None:
    value = {**TAKE, "file": picture(b"1"), "message": "Written to file.png."}
    found = delivered("take export", value, {"file": tmp_path}, force=False)
    target = tmp_path / "OLD_v03-k7qd_take02.png"
    assert target.read_bytes() == b"1"
    assert (found["exported"], found["message"]) == (target, f"Written to {target}.")
    with pytest.raises(Conflict):
        delivered("take export", value, {"file": tmp_path}, force=False)
    delivered("take export", {**value, "file": picture(b"2")}, {"file": tmp_path}, force=True)
    assert target.read_bytes() == b"2"
    assert [one.name for one in tmp_path.iterdir()] == [target.name]
