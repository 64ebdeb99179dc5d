"""Models from the command line: known by digest, checked, replaced in words alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from resources import bundled_models
from tests.app.commandline import Film


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The oldest bundled model with one weight changed: another model under the same name."""
    folder = tmp_path / "copy"
    shutil.copytree(bundled_models()[0], folder)
    weights = next(iter(sorted(folder.rglob("*.safetensors"))))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.chmod(0o644)
    weights.write_bytes(bytes(data))
    return folder


def test_the_bundled_models_are_known(film: Film) -> None:
    found = film("model", "list")["models"]
    assert len(found) == len(bundled_models())
    wanted = {"name", "digest", "bytes", "pipeline", "source", "licence", "present", "supersedes", "assets"}
    assert wanted <= set(found[0])
    assert [one["default"] for one in found].count(True) == 1
    assert all(one["present"] == ["here"] for one in found)
    film("asset", "add", "prop", "LAMP")
    assert sum(one["assets"] for one in film("model", "list")["models"]) == 1
    assert "starter" in film.text("model", "list")


def test_other_weights_are_another_model(film: Film, copy: Path) -> None:
    value = film("model", "add", str(copy), "--name", "mine", "--default")
    assert value["name"] == "mine"
    assert value["default"] is True
    assert value["digest"] not in [
        one["digest"] for one in film("model", "list")["models"] if one["name"] != "mine"
    ]
    assert film("asset", "add", "prop", "LAMP")["parameters"]["model"] == value["digest"]
    old = film("asset", "add", "prop", "LAMP2", f"model={bundled_models()[0].name}")
    assert old["parameters"]["model"] != value["digest"]
    assert (
        film("asset", "add", "prop", "LAMP3", f"model={value['digest'][:12]}")["parameters"]["model"]
        == value["digest"]
    )


def test_verify_says_which_weights_changed(film: Film, copy: Path) -> None:
    film("model", "add", str(copy), "--name", "mine")
    assert all(one["ok"] for one in film("model", "verify")["models"])
    weights = next(iter(sorted(copy.rglob("*.safetensors"))))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 2
    weights.write_bytes(bytes(data))
    [bad] = film("model", "verify", "mine", status=1)["models"]
    assert bad["ok"] is False
    assert bad["fix"]
    assert "✕" in film.text("model", "verify", status=1)


def test_superseding_is_a_word_and_no_circle(film: Film, copy: Path) -> None:
    film("model", "add", str(copy), "--name", "mine")
    first = bundled_models()[0].name
    value = film("model", "supersede", first, "mine")
    assert len(value["supersedes"]) == 1
    heads = film("status")["heads"]
    film("model", "supersede", first, "mine")
    assert film("status")["heads"] == heads
    assert film.error("model", "supersede", "mine", first, status=4)["code"] == "conflict"
    assert film.error("model", "supersede", "mine", "mine", status=2)
    assert "starter" in film.error("model", "supersede", "mine", "nobody", status=2)["hint"]


def test_a_folder_that_lacks_a_file_is_refused(film: Film, copy: Path) -> None:
    index = json.loads((copy / "model_index.json").read_text())
    part = next(
        name for name in index if (copy / name).is_dir() and list((copy / name).glob("*.safetensors"))
    )
    for weights in (copy / part).glob("*.safetensors"):
        weights.unlink()
    error = film("model", "add", str(copy), status=3)["error"]
    assert part in error["message"]
    assert film.error("model", "add", str(copy / "nowhere"), status=3)
