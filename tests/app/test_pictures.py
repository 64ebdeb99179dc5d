"""Pictures from outside: ours bring their recipe back, others are imported as they are."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import pictures
from engine.faults import Damaged, Fault, NotFound, WrongUse
from engine.image import encode_png
from engine.recipe import Recipe
from tests.app.commandline import Film

PIXELS = np.arange(16 * 8 * 3, dtype=np.uint8).reshape(8, 16, 3)


def saved(path: Path, recipe: dict[str, object]) -> Path:
    """A picture of ours with this recipe inside."""
    path.write_bytes(encode_png(PIXELS, Recipe.from_json(recipe)))
    return path


def foreign(path: Path, kind: str = "PNG") -> Path:
    """A picture that some other program made."""
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, kind)
    path.write_bytes(out.getvalue())
    return path


@pytest.mark.parametrize(("kind", "ending"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
def test_a_foreign_picture_is_kept_byte_for_byte(film: Film, tmp_path: Path, kind: str, ending: str) -> None:
    source = foreign(tmp_path / "lamp", kind)
    value = film("asset", "add", "prop", "LAMP", "--from-image", str(source), "prompt=an old lamp")
    assert value["recipe"]["operation"] == "imported"
    assert len(value["takes"]) == 1
    kept = film.folder / f"01_Assets/Generative_Assets/Props/LAMP/LAMP_v01_take01.{ending}"
    assert kept.read_bytes() == source.read_bytes()
    assert film("status")["blobs"]["count"] == 1
    assert film("verify")["faults"] == []
    shot = film("asset", "add", "shot", "SH", "--input", "LAMP")
    [fed] = shot["recipe"]["inputs"]
    assert "pixels" in fed
    assert "recipe" not in fed
    assert shot["recipe"]["prompt"] == "an old lamp"
    assert film("asset", "list", "--stale")["assets"] == []
    again = film(
        "asset", "add", "shot", "SH2", "--from-image", str(saved(tmp_path / "sh.png", shot["recipe"]))
    )
    assert again["same_recipe"] is True


def test_a_large_foreign_picture_gets_a_small_one(film: Film, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (400, 300, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "large.png")
    film("asset", "add", "prop", "LAMP", "--from-image", str(tmp_path / "large.png"))
    assert film("status")["blobs"]["count"] == 3
    with Image.open(io.BytesIO(pictures_of(film)[0])) as smallest:
        assert (smallest.format, max(smallest.size)) == ("WEBP", 256)


def pictures_of(film: Film) -> list[bytes]:
    """All that is kept, the smallest first."""
    files = (film.folder / ".restrike" / "blobs").glob("??/*")
    return sorted((one.read_bytes() for one in files), key=len)


def test_an_imported_picture_has_words_and_nothing_else(film: Film, tmp_path: Path) -> None:
    source = str(foreign(tmp_path / "lamp.png"))
    error = film.error("asset", "add", "prop", "LAMP", "--from-image", source, "steps=3", status=2)
    assert "steps" in error["message"]
    film("asset", "add", "prop", "LAMP", "--from-image", source)
    words = film("asset", "set", "LAMP", "prompt=brass")
    assert words["version"] == 2
    assert words["recipe"]["operation"] == "imported"
    assert "Nothing changed" in film("asset", "set", "LAMP", "prompt=brass")["message"]
    assert film.error("asset", "set", "LAMP", "steps=3", status=2)["code"] == "bad_field"
    model = film("model", "list")["models"][0]["name"]
    drawn = film("asset", "set", "LAMP", f"model={model}", "steps=3")
    assert drawn["recipe"]["operation"] == "text-to-image"
    assert film("asset", "restore", "LAMP", "v02")["recipe"]["operation"] == "imported"


def test_our_own_picture_brings_the_recipe_back(film: Film, tmp_path: Path) -> None:
    film("asset", "add", "environment", "HARBOUR", "prompt=a harbour")
    old = film(
        "asset", "add", "shot", "SH010", "prompt=a red ship", "tier=high", "guidance=4", "--input", "HARBOUR"
    )
    source = str(saved(tmp_path / "x.png", old["recipe"]))
    new = film("asset", "add", "shot", "SH020", "--from-image", source)
    assert new["same_recipe"] is True
    assert new["recipe_key"] == old["recipe_key"]
    assert new["tier"] == "high"
    assert new["parameters"]["prompt"] == "a red ship"
    other = film("asset", "add", "shot", "SH030", "--from-image", source, "seed=5")
    assert other["same_recipe"] is False
    assert other["recipe"]["seed"] == "5"


def test_a_recipe_of_a_model_that_is_not_here(film: Film, tmp_path: Path) -> None:
    old = film("asset", "add", "prop", "LAMP")["recipe"]
    source = str(saved(tmp_path / "x.png", {**old, "model": "0" * 64}))
    error = film.error("asset", "add", "prop", "LAMP2", "--from-image", source, status=2)
    assert "000000" in error["message"]
    assert json.dumps(film("asset", "list")).count("LAMP2") == 0


@pytest.mark.parametrize(
    ("data", "fault"),
    [(b"", WrongUse), (b"GIF89a", WrongUse), (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, Damaged), (None, NotFound)],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes | None, fault: type[Fault]) -> None:
    path = tmp_path / "x.png"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(fault):
        pictures.read(path)
