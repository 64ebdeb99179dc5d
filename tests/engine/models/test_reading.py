from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.models import ModelDamaged, ModelMissing, read
from engine.recipe import Scheduler
from resources import bundled_models
from tests.engine.models.written import write_json


def test_a_folder_becomes_facts(model: Path) -> None:
    found = read(model)
    assert (found.name, found.pipeline) == ("tiny", "StableDiffusionPipeline")
    assert found.bytes == sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
    assert found.operations == ("text-to-image", "image-to-image")
    assert found.scheduler == Scheduler(
        "DPMSolverMultistepScheduler", {"beta_end": 0.012, "flow_shift": 1, "steps_offset": 1}
    )
    assert (found.width, found.height, found.multiple, found.dtype) == (32, 32, 8, "float32")
    assert (found.licence, found.source, found.draws) == ("", "", "")
    assert len(found.files) == 11


def test_a_name_may_be_given(model: Path) -> None:
    assert read(model, "mine").name == "mine"


def test_card_and_readme_say_what_they_know(model: Path) -> None:
    (model / "README.md").write_text("---\ntags: [a]\nlicense: apache-2.0\n---\n\n# Tiny\n")
    before = read(model)
    assert before.licence == "apache-2.0"
    card = {
        "licence": "MIT",
        "source": "https://example.org/tiny",
        "draws": "towers",
        "defaults": {"width": 64},
    }
    write_json(model / "card.json", card)
    found = read(model)
    assert (found.licence, found.source, found.draws, found.width) == ("MIT", card["source"], "towers", 64)
    assert (found.digest, found.bytes) == (before.digest, before.bytes)


def test_a_relative_folder_has_a_name(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model)
    assert read(Path()).name == "tiny"


def test_a_truncated_file_is_found(model: Path) -> None:
    path = model / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(
        ModelDamaged, match=r"vae/diffusion_pytorch_model\.safetensors is cut short: its header says"
    ):
        read(model)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_said_plainly(model: Path) -> None:
    (model / "unet" / "config.json").chmod(0)
    with pytest.raises(ModelDamaged, match="cannot be read"):
        read(model)


def test_a_loop_of_links_is_said_plainly(model: Path) -> None:
    path = model / "tokenizer" / "vocab.json"
    path.unlink()
    path.symlink_to(path)
    assert "tokenizer/vocab.json" not in read(model).files


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no model folder"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize("folder", bundled_models(), ids=lambda path: path.name)
def test_bundled_models_are_sound(folder: Path) -> None:
    found = read(folder)
    assert (found.name, found.licence, found.width, found.height) == (folder.name, "Apache-2.0", 96, 56)
    assert found.steps == {"low": 10, "standard": 20, "high": 30}
    assert found.bytes < 25_000_000
    assert found.draws
