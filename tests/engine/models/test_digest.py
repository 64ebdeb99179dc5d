from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engine.models import ModelDamaged
from engine.models.digest import digest, digest_with_files
from engine.models.folder import inspect
from tests.engine.models.written import change_json, flip_last_byte, tensors, write_json, write_model

UNET = "unet/diffusion_pytorch_model.safetensors"


def of(model: Path) -> str:
    return digest(inspect(model))


def shard(model: Path) -> None:
    """Cut the weights of the UNet into two files with an index."""
    whole = load_file(model / UNET)
    parts = {"a.safetensors": ["conv.weight"], "b.safetensors": ["norm", "empty", "conv.bias"]}
    for name, names in parts.items():
        save_file({one: whole[one] for one in names}, model / "unet" / name)
    places = {one: name for name, names in parts.items() for one in names}
    write_json(model / f"{UNET}.index.json", {"metadata": {"total_size": 1}, "weight_map": places})
    (model / UNET).unlink()


def test_the_format_of_the_digest_does_not_change(tmp_path: Path) -> None:
    model = write_model(tmp_path / "golden")
    for path in sorted(model.rglob("*.safetensors")):
        save_file({"a": np.arange(6, dtype=np.float32).reshape(2, 3)}, path)
    assert of(model) == "b1b43e7c8006f3edeb52dd6af9728e0c6a9a08a15b85baef4b790d5e911bfc1b"


def test_files_are_hashed_beside(model: Path) -> None:
    found, files = digest_with_files(inspect(model))
    assert found == of(model)
    assert files == {
        path.relative_to(model).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in model.rglob("*")
        if path.is_file()
    }


def test_a_copy_elsewhere_is_the_same_model(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "other" / "name")
    assert of(tmp_path / "other" / "name") == of(model)


def test_what_surrounds_a_model_does_not_count(model: Path) -> None:
    before = of(model)
    (model / "README.md").write_text("# Tiny\n")
    (model / "card.json").write_text("{}")
    (model / "unet" / "README.md").write_text("about it\n")
    (model / "preview.png").write_bytes(b"\x89PNG")
    (model / ".cache").mkdir()
    (model / ".cache" / "x.bin").write_bytes(b"0")
    save_file(tensors(99), model / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    assert of(model) == before


def test_saving_again_does_not_count(model: Path) -> None:
    before = of(model)
    path = model / UNET
    values = load_file(path)
    save_file(dict(reversed(values.items())), path, metadata={"format": "pt", "by": "another"})
    change_json(model / "model_index.json", _diffusers_version="1.0", _name_or_path="/elsewhere")
    change_json(model / "text_encoder" / "config.json", transformers_version="9")
    change_json(model / "tokenizer" / "tokenizer_config.json", name_or_path="/home/bob")
    config = model / "scheduler" / "scheduler_config.json"
    stored = json.loads(config.read_text())
    config.write_text(json.dumps({**dict(reversed(stored.items())), "flow_shift": 1, "steps_offset": 1.0}))
    (model / "tokenizer" / "merges.txt").write_bytes(b"a b\r\nb a\r\n")
    assert of(model) == before


def test_pieces_and_the_whole_are_one_model(model: Path) -> None:
    before = of(model)
    shard(model)
    assert of(model) == before


def test_an_index_that_lies_is_damaged(model: Path) -> None:
    shard(model)
    index = model / f"{UNET}.index.json"
    places = json.loads(index.read_text())["weight_map"]
    del places["norm"]
    write_json(index, {"weight_map": places})
    with pytest.raises(ModelDamaged, match="disagree about tensor norm"):
        of(model)


def test_a_tensor_in_two_pieces_is_damaged(model: Path) -> None:
    shard(model)
    save_file(load_file(model / "unet" / "a.safetensors"), model / "unet" / "c.safetensors")
    index = model / f"{UNET}.index.json"
    places = json.loads(index.read_text())["weight_map"]
    write_json(index, {"weight_map": {**places, "other": "c.safetensors"}})
    with pytest.raises(ModelDamaged, match=r"tensor conv\.weight twice"):
        of(model)


def test_a_settings_file_that_is_no_json_is_damaged(model: Path) -> None:
    (model / "tokenizer" / "vocab.json").write_text('{"a": 0')
    with pytest.raises(ModelDamaged, match=r"tokenizer/vocab\.json is not JSON"):
        of(model)


def test_everything_that_is_loaded_counts(model: Path, tmp_path: Path) -> None:
    found = {of(model)}

    def changed(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(model, folder)
        return folder

    flip_last_byte(changed("bit") / UNET)
    values = load_file(model / UNET)
    save_file({**values, "norm": values["norm"].astype(np.float16)}, changed("dtype") / UNET)
    save_file({**values, "conv.weight": values["conv.weight"].reshape(4, 3)}, changed("shape") / UNET)
    save_file({name.replace("norm", "n"): one for name, one in values.items()}, changed("tensor name") / UNET)
    save_file({name: one for name, one in values.items() if name != "empty"}, changed("one less") / UNET)
    change_json(changed("scheduler") / "scheduler" / "scheduler_config.json", beta_end=0.013)
    change_json(changed("infinite") / "scheduler" / "scheduler_config.json", lambda_min_clipped=-5.1)
    change_json(changed("unet") / "unet" / "config.json", sample_size=16)
    change_json(changed("vocab") / "tokenizer" / "vocab.json", a=1, b=0)
    change_json(changed("length") / "tokenizer" / "tokenizer_config.json", model_max_length=77)
    (changed("merges") / "tokenizer" / "merges.txt").write_text("b a\n")
    change_json(changed("class") / "model_index.json", scheduler=["diffusers", "DDIMScheduler"])
    swapped = changed("swapped")
    shutil.copy(model / "unet" / Path(UNET).name, swapped / "vae")
    folders = [
        "bit",
        "dtype",
        "shape",
        "tensor name",
        "one less",
        "scheduler",
        "infinite",
        "unet",
        "vocab",
        "length",
    ]
    found |= {of(tmp_path / name) for name in [*folders, "merges", "class", "swapped"]}
    assert len(found) == 14
