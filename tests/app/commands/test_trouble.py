"""verify, doctor and help from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.image import encode_png
from engine.recipe import Recipe
from resources import bundled_models
from tests.app.commandline import Film, run


@pytest.fixture
def lamp(film: Film, tmp_path: Path) -> Path:
    """The file of an imported picture in the film's folders."""
    film("asset", "add", "prop", "LAMP", "--from-image", str(picture(tmp_path)))
    return film.folder / "01_Assets/Generative_Assets/Props/LAMP/LAMP_v01_take01.png"


def picture(folder: Path) -> Path:
    import numpy

    pixels = numpy.arange(16 * 8 * 3, dtype=numpy.uint8).reshape(8, 16, 3)
    recipe = Recipe(pipeline="imported", operation="imported", width=16, height=8)
    path = folder / "picture.png"
    path.write_bytes(encode_png(pixels, recipe))
    return path


def blob(film: Film) -> Path:
    [found] = [one for one in (film.folder / ".restrike/blobs").glob("??/*")]
    return found


def test_a_sound_project(film: Film, lamp: Path) -> None:
    value = film("verify")
    assert value["faults"] == []
    assert value["checked"]["blobs"] == 1
    assert value["checked"]["takes"] == 1
    assert value["checked"]["versions"] == 1
    assert "is what was stored" in film.text("verify")


def test_missing_files_are_named_and_put_back(film: Film, lamp: Path) -> None:
    lamp.unlink()
    recipe = lamp.with_name("LAMP_v01.recipe.json")
    recipe.unlink()
    faults = film("verify", status=1)["faults"]
    assert [one["what"] for one in faults] == ["file", "recipe file"]
    assert all(set(one) == {"what", "id", "detail", "fix"} and one["fix"] for one in faults)
    mended = film("verify", "--repair")
    assert len(mended["repaired"]) == 2
    assert lamp.is_file()
    assert recipe.is_file()
    assert film("verify")["faults"] == []


def test_a_file_that_was_changed_is_left_alone(film: Film, lamp: Path) -> None:
    lamp.unlink()
    lamp.write_bytes(b"painted over")
    [fault] = film("verify", "--repair", status=1)["faults"]
    assert fault["what"] == "changed file"
    assert lamp.read_bytes() == b"painted over"


def test_damaged_bytes_are_set_aside_and_come_back_from_the_file(film: Film, lamp: Path) -> None:
    stored = blob(film)
    data = stored.read_bytes()
    stored.unlink()
    stored.write_bytes(data[:-20])
    faults = film("verify", status=1)["faults"]
    assert [one["what"] for one in faults] == ["blob", "picture"]
    assert not stored.exists()
    assert any("stored again" in one for one in film("verify", "--repair")["repaired"])
    assert stored.read_bytes() == data


def test_a_picture_that_is_gone_is_named(film: Film, lamp: Path) -> None:
    blob(film).unlink()
    lamp.unlink()
    [fault] = film("verify", "--repair", status=1)["faults"]
    assert fault["what"] == "picture"
    assert "import it again" in fault["fix"]


def test_doctor_without_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("doctor", "--json")
    checks = ran.value["checks"]
    assert ran.status == (0 if all(one["ok"] for one in checks) else 1)
    assert {"Python", "torch", "models", "device"} <= {one["name"] for one in checks}
    assert bundled_models()[0].name in next(one["detail"] for one in checks if one["name"] == "models")
    assert "Python" in run("doctor").out


def test_help_pages() -> None:
    ran = run("help")
    assert ran.status == 0
    assert "start" in ran.out
    assert run("help", "start").out.startswith("# First steps")
    assert run("help", "start", "--json").value["topic"] == "start"
    wrong = run("help", "strat", "--json")
    assert wrong.status == 3
    assert "did you mean start" in wrong.value["error"]["hint"]
