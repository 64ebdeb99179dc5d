"""Whether what lies on this disk is what was stored; the commands' side is in commands/test_trouble.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app import integrity
from app.studio import Studio
from resources import bundled_models
from tests.app.commandline import Film
from tests.app.commands.test_trouble import blob, picture
from tests.app.test_versions import with_studio


@pytest.fixture
def lamp(film: Film, tmp_path: Path) -> Film:
    film("asset", "add", "prop", "LAMP", "--from-image", str(picture(tmp_path)))
    return film


def test_every_take_is_looked_at(lamp: Film) -> None:
    def work(studio: Studio) -> None:
        [one] = integrity.pictures(studio)
        assert not one.dropped
        assert integrity.check_blobs(studio) == (1, [])
        assert integrity.check_pictures(studio, repair=False) == (1, [], [])
        assert integrity.check_recipe_files(studio, repair=False) == (1, [], [])
        assert integrity.check_models(studio) == (len(bundled_models()), [])

    with_studio(lamp, work)


def test_removed_assets_are_looked_at_too(lamp: Film) -> None:
    lamp("asset", "remove", "LAMP")
    blob(lamp).unlink()
    next((lamp.folder / "01_Assets").rglob("*.png")).unlink()
    assert [one["what"] for one in lamp("verify", status=1)["faults"]] == ["picture"]


def test_a_copy_is_as_good_as_a_link(lamp: Film) -> None:
    path = next((lamp.folder / "01_Assets").rglob("*.png"))
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    assert lamp("verify")["faults"] == []


def test_a_model_whose_folder_went_away(film: Film, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(bundled_models()[0], folder)
    weights = next(iter(sorted(folder.rglob("*.safetensors"))))
    weights.chmod(0o644)
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    film("model", "add", str(folder), "--name", "mine", "--default")
    film("asset", "add", "prop", "LAMP")
    shutil.rmtree(folder)
    [fault] = film("verify", status=1)["faults"]
    assert fault["what"] == "model"
    assert "mine" in fault["detail"]
    assert film("asset", "set", "LAMP", "prompt=still works")["version"] == 2
