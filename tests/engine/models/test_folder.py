from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.faults import Fault
from engine.models.faults import ModelDamaged, ModelFault, ModelMissing, ModelRefused
from engine.models.folder import inspect
from tests.engine.models.written import INDEX, change_json, write_json

UNET = "unet/diffusion_pytorch_model.safetensors"


def refusal(model: Path, kind: type[ModelFault]) -> str:
    """The message with which a folder is turned away."""
    with pytest.raises(kind) as caught:
        inspect(model)
    assert caught.value.hint
    assert isinstance(caught.value, Fault)
    return caught.value.message


def test_a_sound_folder_is_understood(model: Path) -> None:
    found = inspect(model)
    assert found.pipeline == "StableDiffusionPipeline"
    assert [one.name for one in found.components] == ["scheduler", "text_encoder", "tokenizer", "unet", "vae"]
    unet = found.component("transformer", "unet")
    assert unet is not None
    assert (unet.kind, [path.name for path in unet.weights]) == ("UNet2DConditionModel", [Path(UNET).name])
    assert unet.config()["sample_size"] == 8
    assert found.component("prior") is None
    assert {path.relative_to(model).as_posix() for path in found.files()} >= {"model_index.json", UNET}


def test_no_folder(tmp_path: Path) -> None:
    assert "no model folder" in refusal(tmp_path / "nowhere", ModelMissing)


def test_no_model_index(model: Path) -> None:
    (model / "model_index.json").unlink()
    assert refusal(model, ModelMissing) == "tiny lacks model_index.json"


@pytest.mark.parametrize("text", ["{", "[1]", "\ud83d".encode("utf-8", "surrogatepass"), "[" * 100_000])
def test_an_index_that_is_no_json_object(model: Path, text: str | bytes) -> None:
    (model / "model_index.json").write_bytes(text.encode() if isinstance(text, str) else text)
    assert "model_index.json" in refusal(model, ModelDamaged)


@pytest.mark.parametrize(
    "name", [UNET, "unet/config.json", "tokenizer/tokenizer_config.json", "vae/config.json"]
)
def test_a_file_named_there_but_absent(model: Path, name: str) -> None:
    (model / name).unlink()
    assert refusal(model, ModelMissing) == f"the model lacks {name}"


def test_a_component_folder_that_is_absent(model: Path) -> None:
    shutil.rmtree(model / "vae")
    assert refusal(model, ModelMissing) == "the model lacks its folder vae"


def test_a_variant_alone(model: Path) -> None:
    (model / UNET).rename(model / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    assert "diffusion_pytorch_model.fp16.safetensors and no" in refusal(model, ModelMissing)


@pytest.mark.parametrize(
    "name", ["unet/diffusion_pytorch_model.bin", "old/v1.CKPT", "model.pt", "vae/x.pth", "a.pkl"]
)
def test_pickles_are_refused_wherever_they_lie(model: Path, name: str) -> None:
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).write_bytes(b"\x80\x04.")
    assert f"{name} is a pickle" in refusal(model, ModelRefused)


def test_code_is_refused(model: Path) -> None:
    (model / "unet" / "modeling.py").write_text("print('hello')\n")
    assert "unet/modeling.py is code" in refusal(model, ModelRefused)


@pytest.mark.parametrize(
    "change",
    [{"custom_pipeline": "lpw"}, {"_class_name": ["pipeline", "Mine"]}, {"auto_map": {"AutoModel": "m.M"}}],
)
def test_custom_pipelines_are_refused(model: Path, change: dict[str, object]) -> None:
    change_json(model / "model_index.json", **change)
    assert "custom pipeline" in refusal(model, ModelRefused)


def test_remote_code_in_a_configuration_is_refused(model: Path) -> None:
    change_json(model / "text_encoder" / "config.json", auto_map={"AutoModel": "code.Model"})
    assert refusal(model, ModelRefused) == "text_encoder/config.json names remote code (auto_map)"


def test_parts_of_other_libraries_are_refused(model: Path) -> None:
    change_json(model / "model_index.json", unet=["pipeline_mine", "Net"])
    assert "pipeline_mine, which is code from elsewhere" in refusal(model, ModelRefused)


@pytest.mark.parametrize("name", ["NoSuchPipeline", "StableVideoDiffusionPipeline", 5, None])
def test_other_pipelines_are_refused(model: Path, name: object) -> None:
    change_json(model / "model_index.json", _class_name=name)
    assert f"{name} is no pipeline" in refusal(model, ModelRefused)


@pytest.mark.parametrize("entry", [["diffusers"], ["diffusers", 5], ["diffusers", "../Net"], []])
def test_entries_that_make_no_sense(model: Path, entry: object) -> None:
    change_json(model / "model_index.json", unet=entry)
    assert "does not say what unet is" in refusal(model, ModelDamaged)


def test_components_stay_inside_the_folder(model: Path) -> None:
    change_json(model / "model_index.json", **{"../unet": ["diffusers", "UNet2DConditionModel"]})
    assert "does not say what ../unet is" in refusal(model, ModelDamaged)


def test_a_pipeline_without_a_scheduler(model: Path) -> None:
    write_json(model / "model_index.json", {name: one for name, one in INDEX.items() if name != "scheduler"})
    assert "names no scheduler" in refusal(model, ModelRefused)


def test_pieces(model: Path) -> None:
    index = model / (UNET + ".index.json")
    (model / UNET).rename(model / "unet" / "one.safetensors")
    write_json(index, {"weight_map": {"conv.weight": "one.safetensors", "norm": "two.safetensors"}})
    assert refusal(model, ModelMissing) == "the model lacks unet/two.safetensors"
    write_json(index, {"weight_map": {"conv.weight": "../vae/diffusion_pytorch_model.safetensors"}})
    assert "points to ../vae" in refusal(model, ModelRefused)
    write_json(index, {"weight_map": []})
    assert "does not say where" in refusal(model, ModelDamaged)
    write_json(index, {"weight_map": {"conv.weight": "one.safetensors"}})
    unet = inspect(model).component("unet")
    assert unet is not None
    assert unet.weights == (model / "unet" / "one.safetensors",)
    shutil.copy(model / "unet" / "one.safetensors", model / UNET)
    assert "twice" in refusal(model, ModelRefused)
