"""A model folder as diffusers lays it out: what is in it, what is missing, and what is refused.

Only the files that loading would read count: the model index, each component's settings and its weights in
safetensors. Whatever could run code of a stranger (pickles, Python files, custom pipelines, `auto_map`) refuses the
whole folder, wherever in it it lies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.models.faults import AGAIN, ModelDamaged, ModelMissing, ModelRefused
from engine.models.pipelines import OPERATIONS

INDEX: Final = "model_index.json"
CARD: Final = "card.json"
PICKLES: Final = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle"})
SETTINGS: Final = frozenset({".json", ".txt", ".model", ".jinja"})
LIBRARIES: Final = frozenset({"diffusers", "transformers", "stable_diffusion"})
"""Where diffusers' pipelines take components from; `stable_diffusion` is its own room of the safety checker."""
WITHOUT_WEIGHTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Scheduler": ("scheduler_config.json",),
    "Tokenizer": ("tokenizer_config.json",),
    "TokenizerFast": ("tokenizer_config.json",),
    "Processor": ("preprocessor_config.json", "processor_config.json"),
    "ProcessorFast": ("preprocessor_config.json", "processor_config.json"),
    "Extractor": ("preprocessor_config.json", "processor_config.json"),
}
"""How the class names of components without weights end → the files of which each must have one."""


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a pipeline: its class, the settings files in name order and the weights in safetensors."""

    name: str
    kind: str
    folder: Path
    settings: tuple[Path, ...]
    weights: tuple[Path, ...]
    index: Path | None

    def config(self) -> dict[str, Any]:
        """The component's own configuration; empty where it has none."""
        for name in ("config.json", "scheduler_config.json"):
            if self.folder / name in self.settings:
                return read_json(self.folder / name)
        return {}


@dataclass(frozen=True, slots=True)
class Folder:
    """A model folder that passed every check of `inspect`, its bytes not yet hashed."""

    path: Path
    index: Mapping[str, Any]
    pipeline: str
    components: tuple[Component, ...]

    def component(self, *names: str) -> Component | None:
        """The first component that has one of these names."""
        return next((one for name in names for one in self.components if one.name == name), None)

    def files(self) -> Iterator[Path]:
        """Every file that loading reads."""
        yield self.path / INDEX
        for one in self.components:
            yield from one.settings
            yield from one.weights
            if one.index:
                yield one.index


def inspect(path: Path) -> Folder:
    """Look at a model folder without hashing it; raises a `ModelFault` that says what is wrong with it."""
    if not path.is_dir():
        raise ModelMissing(f"there is no model folder {path}", "name a folder that holds a model_index.json")
    index_file = path / INDEX
    if not index_file.is_file():
        raise ModelMissing(
            f"{path.name} lacks {INDEX}",
            "name the folder of a diffusers pipeline; a single weights file is none",
        )
    _refuse_code(path)
    index = read_json(index_file)
    pipeline = _pipeline(index)
    entries = {name: one for name, one in index.items() if isinstance(one, list) and one != [None, None]}
    components = tuple(_component(path, name, entries[name]) for name in sorted(entries))
    found = Folder(path, index, pipeline, components)
    if found.component("scheduler") is None:
        raise ModelRefused(
            f"{path.name} names no scheduler", "only pipelines that denoise in steps can be added"
        )
    return found


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; one that holds anything else is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelDamaged(f"{path.name} is not JSON", AGAIN) from error
    if not isinstance(found, dict):
        raise ModelDamaged(f"{path.name} is no JSON object", AGAIN)
    return found


def _refuse_code(path: Path) -> None:
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        if any(part.startswith(".") for part in inside.parts):
            continue
        if file.suffix.lower() in PICKLES:
            raise ModelRefused(
                f"{inside} is a pickle, which can run any code when it is opened",
                "use the model's safetensors files, and delete this one from the folder",
            )
        if file.suffix.lower() == ".py":
            raise ModelRefused(
                f"{inside} is code that comes with the model",
                "only pipelines of diffusers itself are run; delete this file if the model does without it",
            )


def _pipeline(index: Mapping[str, Any]) -> str:
    pipeline = index.get("_class_name")
    if "custom_pipeline" in index or isinstance(pipeline, list) or "auto_map" in index:
        raise ModelRefused(
            "the model asks for a custom pipeline, which is code of a stranger",
            "only pipelines of diffusers itself are run",
        )
    if pipeline not in OPERATIONS:
        known = ", ".join(name.removesuffix("Pipeline") for name in OPERATIONS if "Img2Img" not in name)
        raise ModelRefused(f"{pipeline} is no pipeline that can be rendered with", f"there are {known}")
    return str(pipeline)


def _component(path: Path, name: str, entry: list[Any]) -> Component:
    plain = len(entry) == 2 and all(isinstance(one, str) and one.isidentifier() for one in entry)
    if not plain or not name.isidentifier():
        raise ModelDamaged(f"{INDEX} does not say what {name} is", AGAIN)
    library, kind = entry
    if library not in LIBRARIES:
        raise ModelRefused(
            f"{name} is of {library}, which is code from elsewhere",
            "only parts of diffusers and transformers are run",
        )
    folder = path / name
    if not folder.is_dir():
        raise ModelMissing(f"the model lacks its folder {name}", f"copy {name} there, or get the model again")
    settings = tuple(one for one in sorted(folder.iterdir()) if _is_settings(one))
    for one in settings:
        if one.name.endswith("config.json") and "auto_map" in read_json(one):
            raise ModelRefused(
                f"{name}/{one.name} names remote code (auto_map)",
                "only parts of diffusers and transformers are run",
            )
    ending = next((each for each in WITHOUT_WEIGHTS if kind.endswith(each)), None)
    needed = WITHOUT_WEIGHTS[ending] if ending else ("config.json",)
    if not any(folder / one in settings for one in needed):
        raise _lacks(name, needed[0])
    stem = "diffusion_pytorch_model" if library == "diffusers" else "model"
    weights, index = ((), None) if ending else _weights(folder, stem)
    return Component(name, kind, folder, settings, weights, index)


def _is_settings(path: Path) -> bool:
    named = path.suffix in SETTINGS and not path.name.endswith(".safetensors.index.json")
    return named and path.is_file() and not path.name.startswith(".")


def _weights(folder: Path, stem: str) -> tuple[tuple[Path, ...], Path | None]:
    one, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    if one.exists() and index.exists():
        said = f"{folder.name} holds its weights twice, whole and in pieces"
        raise ModelRefused(said, f"delete {one.name} or the pieces")
    if one.exists():
        return (one,), None
    if index.exists():
        return _pieces(index), index
    if other := sorted(folder.glob("*.safetensors")):
        said = f"{folder.name} holds {other[0].name} and no {one.name}"
        raise ModelMissing(said, f"rename it to {one.name} if it is the one to use")
    raise _lacks(folder.name, one.name)


def _pieces(index: Path) -> tuple[Path, ...]:
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise ModelDamaged(f"{index.name} does not say where the weights are", "get this file again")
    names = sorted({str(one) for one in places.values()})
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise ModelRefused(
                f"{index.name} points to {name}", "pieces are safetensors files beside their index"
            )
        if not (index.parent / name).is_file():
            raise _lacks(index.parent.name, name)
    return tuple(index.parent / name for name in names)


def _lacks(folder: str, name: str) -> ModelMissing:
    return ModelMissing(f"the model lacks {folder}/{name}", f"copy {name} there, or get the model again")
