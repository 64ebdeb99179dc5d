"""Models that are not what they were: never a silently different picture, and never a stranger's code."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from resources import bundled_models
from tests.app.commandline import Film, run
from tests.fakes.renderer import FakeRenderer

SMALL = (
    "tokenizer/tokenizer_config.json",
    "scheduler/scheduler_config.json",
    "unet/config.json",
    "model_index.json",
)
LARGE = ("unet/diffusion_pytorch_model.safetensors", "vae/config.json", "text_encoder/model.safetensors")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the oldest bundled model, to be harmed."""
    folder = tmp_path / "mine"
    shutil.copytree(bundled_models()[0], folder)
    weigh(folder, 3)
    return folder


def weigh(folder: Path, bit: int) -> None:
    """Change one weight, the file's times and size as they were."""
    path = folder / "text_encoder" / "model.safetensors"
    before = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ bit]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def pictured(film: Film, model: Path) -> dict[str, object]:
    """A film with one proved take that was rendered with this model; the take."""
    film("model", "add", str(model), "--name", "mine", "--default")
    film("asset", "add", "prop", "LAMP", "seed=1", "prompt=a lamp")
    film("render", "LAMP", "--wait")
    film("take", "prove", "LAMP")
    take: dict[str, object] = film("take", "show", "LAMP")
    assert take["class"] == "R0"
    return take


@pytest.mark.parametrize("name", [*SMALL, *LARGE])
def test_a_model_that_lacks_a_file_names_it(film: Film, model: Path, name: str) -> None:
    (model / name).unlink()
    before = film("status")["heads"]
    error = film.error("model", "add", str(model), status=3)
    assert Path(name).name in error["message"]
    assert film("status")["heads"] == before


def _pickle(folder: Path) -> None:
    (folder / "unet" / "weights.bin").write_bytes(pickle.dumps({"a": 1}))


def _disguised(folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.chmod(0o644)
    path.write_bytes(pickle.dumps({"a": 1}))


def _code(folder: Path) -> None:
    (folder / "pipeline.py").write_text("import os")


def _custom(folder: Path) -> None:
    _change(folder / "model_index.json", custom_pipeline="someone/else")


def _foreign(folder: Path) -> None:
    _change(folder / "model_index.json", unet=["somewhere", "Net"])


def _auto_map(folder: Path) -> None:
    _change(folder / "unet" / "config.json", auto_map={"AutoModel": "code.Net"})


def _rubbish(folder: Path) -> None:
    path = folder / "model_index.json"
    path.chmod(0o644)
    path.write_text("[" * 100_000)


def _huge_header(folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.chmod(0o644)
    path.write_bytes((2**63).to_bytes(8, "little") + b"{}")


def _cut(folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size - 1000)


def _change(path: Path, **more: object) -> None:
    path.chmod(0o644)
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


@pytest.mark.parametrize(
    "harm", [_pickle, _disguised, _code, _custom, _foreign, _auto_map, _rubbish, _huge_header, _cut]
)
def test_what_could_run_code_or_is_no_model_is_refused(
    film: Film, model: Path, harm: Callable[[Path], None]
) -> None:
    harm(model)
    before = film("status")["heads"]
    ran = run("model", "add", str(model), "--json", "--project", str(film.folder))
    assert ran.status in (1, 5)
    assert ran.value["error"]["code"] in ("model_refused", "model_damaged")
    assert film("status")["heads"] == before


def test_changed_weights_are_another_model_and_the_old_one_is_missed(
    film: Film, press: list[FakeRenderer], model: Path
) -> None:
    take = pictured(film, model)
    old = film("asset", "show", "LAMP")["parameters"]["model"]
    weigh(model, 5)
    shown = film("take", "show", "LAMP")
    assert shown["class"] == "R3"
    assert "changed" in json.dumps(shown), "with the reason"
    error = film.error("storage", "drop", "LAMP", status=5)
    assert "LAMP" in error["message"]
    assert Path(str(take["file"])).is_file()
    film("asset", "set", "LAMP", "prompt=another lamp")
    struck = sum(len(one.struck) for one in press)
    ran = run("render", "LAMP", "--wait", "--json", "--project", str(film.folder))
    assert ran.status == 1, "the version names the old weights"
    assert old in ran.out + ran.err or "mine" in ran.out + ran.err
    assert sum(len(one.struck) for one in press) == struck, "nothing was rendered with other weights"
    assert run("model", "verify", "--json", "--project", str(film.folder)).status == 1
    assert "model" in {one["what"] for one in film("verify", status=1)["faults"]}
    new = film("model", "add", str(model), "--name", "mine")
    assert new["digest"] != old
    assert film("take", "show", str(take["id"]))["class"] == "R3"
    assert film("asset", "show", "LAMP")["parameters"]["model"] == old, "nothing moves by itself"
    film("asset", "set", "LAMP", f"model={new['digest']}")
    film("render", "LAMP", "--wait")
    newest = film("take", "list", "LAMP")["takes"][-1]
    assert newest["recipe_key"] != take["recipe_key"]
    assert newest["class"] != "R3"


@pytest.mark.parametrize("gone", ["folder", "file", "weights"])
def test_a_fetch_without_its_model_is_refused_and_works_once_it_is_back(
    film: Film, press: list[FakeRenderer], model: Path, tmp_path: Path, gone: str
) -> None:
    take = pictured(film, model)
    shutil.copytree(model, tmp_path / "backup")
    film("storage", "drop", "LAMP")
    if gone == "folder":
        shutil.rmtree(model)
    elif gone == "file":
        (model / "unet" / "config.json").unlink()
    else:
        weigh(model, 5)
    struck = sum(len(one.struck) for one in press)
    error = film.error("storage", "fetch", "LAMP", status=1 if gone == "weights" else 3)
    assert error["code"] in ("model_missing", "model_damaged"), error
    assert sum(len(one.struck) for one in press) == struck
    assert not Path(str(take["file"])).exists()
    assert film("take", "show", "LAMP")["class"] == "R3"
    shutil.rmtree(model, ignore_errors=True)
    shutil.copytree(tmp_path / "backup", model)
    [back] = film("storage", "fetch", "LAMP")["takes"]
    assert back["identical"]
    assert film("take", "show", "LAMP")["class"] == "R0"


def test_a_queued_job_waits_for_its_model(
    film: Film, press: list[FakeRenderer], model: Path, tmp_path: Path
) -> None:
    film("model", "add", str(model), "--name", "mine", "--default")
    film("asset", "add", "prop", "LAMP", "seed=1")
    film("asset", "add", "prop", "OTHER", "seed=1", f"model={bundled_models()[0].name}")
    [job] = film("render", "LAMP")["jobs"]
    film("render", "OTHER")
    shutil.move(model, tmp_path / "away")
    ran = run("worker", "--until-idle", "--json", "--project", str(film.folder))
    assert ran.status in (0, 1), ran.out
    assert [one["asset_name"] for one in film("take", "list")["takes"]] == ["OTHER"], "the others go on"
    [left] = film("jobs")["jobs"]
    assert (left["id"], left["state"]) == (job["id"], "pending")
    shutil.move(tmp_path / "away", model)
    film("render", "LAMP", "--wait")
    assert film("take", "list", "LAMP")["takes"]
