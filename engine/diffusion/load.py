"""Pipelines from model folders: safetensors and diffusers' own classes only, nothing fetched, kept warm."""

from __future__ import annotations

import gc
import inspect
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import diffusers
import psutil
import torch
from diffusers.pipelines.auto_pipeline import (
    AUTO_IMAGE2IMAGE_PIPELINES_MAPPING,
    AUTO_TEXT2IMAGE_PIPELINES_MAPPING,
)

from engine.recipe import ModelDigest, Recipe
from engine.renderer import RenderFault

Pipeline = Any
"""A diffusers `DiffusionPipeline`; the class is untyped."""

DTYPES: Final = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
KEPT: Final = 2
SHARE: Final = 0.5
"""A model stays warm beside another while the new one's weights take no more than this share of free memory."""


class Loaded:
    """A model in memory: its own pipeline and the siblings that share its components."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._scheduler = getattr(pipeline, "scheduler", None)
        self._siblings: dict[type[Any], Pipeline] = {type(pipeline): pipeline}

    def for_recipe(self, recipe: Recipe) -> Pipeline:
        """The pipeline for this recipe's operation, with a fresh scheduler; raises `RenderFault` where none exists."""
        own = type(self.pipeline)
        wanted = pipeline_class(own, recipe)
        if recipe.pipeline not in (own.__name__, wanted.__name__):
            raise RenderFault(
                f"the recipe is for {recipe.pipeline}, its model is a {own.__name__}",
                f"set the model again, so that the recipe names {own.__name__}",
            )
        if self._scheduler is None and recipe.scheduler is not None:
            raise RenderFault(f"{own.__name__} has no scheduler to set", "leave the scheduler out")
        if wanted not in self._siblings:
            self._siblings[wanted] = _sibling(self.pipeline, wanted, self._scheduler)
        pipeline = self._siblings[wanted]
        if self._scheduler is not None:
            pipeline.scheduler = scheduler(self._scheduler, recipe)
        return pipeline


class Warm:
    """The models that stay in memory between strikes: the last used, and one more where memory allows."""

    def __init__(self, device: torch.device, *, free: Callable[[], int] | None = None) -> None:
        self.device = device
        self._free = free or (lambda: free_memory(device))
        self._held: OrderedDict[tuple[ModelDigest, str, Path], Loaded] = OrderedDict()

    def get(self, digest: ModelDigest, folder: Path, dtype: str) -> tuple[Loaded, bool]:
        """The loaded model, and whether it had to be loaded for this call."""
        key = (digest, dtype, folder)
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key], False
        size = weights(folder)
        while self._held and (len(self._held) >= KEPT or size > SHARE * self._free()):
            self._held.popitem(last=False)
            release()
        self._held[key] = Loaded(load(folder, dtype, self.device))
        return self._held[key], True

    def clear(self) -> None:
        """Let go of every model."""
        self._held.clear()
        release()

    def __len__(self) -> int:
        return len(self._held)


def load(folder: Path, dtype: str, device: torch.device) -> Pipeline:
    """The pipeline of a model folder on `device`; raises `RenderFault` on foreign code and anything but safetensors."""
    if dtype not in DTYPES:
        raise RenderFault(f"no weights can be of type {dtype}", "one of " + ", ".join(DTYPES))
    index = _index(folder)
    found = _own_class(index.get("_class_name"))
    # Components a folder says it lacks are passed as lacking; diffusers takes a null for a missing file otherwise.
    absent = {name: None for name, one in index.items() if one == [None, None]}
    try:
        pipeline = found.from_pretrained(
            str(folder),
            dtype=DTYPES[dtype],
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            **absent,
        )
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        ImportError,
        json.JSONDecodeError,
    ) as error:
        raise RenderFault(
            f"the model in {folder.name} cannot be loaded: {first_line(error)}",
            "run `restrike model verify`, and add the model again if its files are damaged or incomplete",
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def pipeline_class(own: type[Any], recipe: Recipe) -> type[Any]:
    """The class for the recipe's operation: the model's own where it fits, otherwise its sibling of that family."""
    pictures = recipe.operation == "image-to-image"
    image = inspect.signature(own.__call__).parameters.get("image")
    needs = image is not None and image.default is inspect.Parameter.empty
    if (
        own
        in (AUTO_IMAGE2IMAGE_PIPELINES_MAPPING if pictures else AUTO_TEXT2IMAGE_PIPELINES_MAPPING).values()
    ):
        return own
    family = _family(own)
    wanted = (AUTO_IMAGE2IMAGE_PIPELINES_MAPPING if pictures else AUTO_TEXT2IMAGE_PIPELINES_MAPPING).get(
        family
    )
    if wanted is not None:
        return wanted  # type: ignore[no-any-return]
    # Outside diffusers' tables a class serves what its own call takes; many image classes take None for no picture.
    if (image is not None) if pictures else not needs:
        return own
    raise RenderFault(
        f"{own.__name__} cannot do {recipe.operation}", "use a model of another family for this asset"
    )


def scheduler(own: Any, recipe: Recipe) -> Any:
    """A new scheduler as the recipe says, or like the model's `own`; schedulers keep state, so none is used twice."""
    if recipe.scheduler is None:
        return type(own).from_config(own.config)
    found: Any = getattr(diffusers, recipe.scheduler.name, None)
    if not (inspect.isclass(found) and issubclass(found, diffusers.SchedulerMixin)):
        raise RenderFault(
            f"{recipe.scheduler.name} is no scheduler of diffusers {diffusers.__version__} as installed here",
            "set the scheduler again; `restrike help parameters` names those there are",
        )
    kind: Any = found
    try:
        return kind.from_config({name: _number(one) for name, one in recipe.scheduler.config.items()})
    except (TypeError, ValueError, NotImplementedError, ImportError) as error:
        raise RenderFault(
            f"{recipe.scheduler.name} refuses its settings: {first_line(error)}", "set the scheduler again"
        ) from error


def _number(value: Any) -> Any:
    # JSON has no infinities, DPM-Solver's settings do; a recipe spells them out.
    return float(value) if value in ("Infinity", "-Infinity") else value


def weights(folder: Path) -> int:
    """Bytes of weights in a model folder."""
    return sum(one.stat().st_size for one in folder.rglob("*.safetensors"))


def free_memory(device: torch.device) -> int:
    """Bytes that a new model could take on `device`."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def release() -> None:
    """Give memory of models that were let go of back to the system, as far as torch does."""
    gc.collect()
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()


def first_line(error: BaseException) -> str:
    """The first line of an error's text, shortened, for a sentence."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text if len(text) <= 300 else text[:299] + "…"


def _index(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "model_index.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise RenderFault(
            f"{folder.name} is no model folder: {first_line(error)}",
            "add the model again with `restrike model add`",
        ) from error


def _own_class(name: object) -> type[Any]:
    found = getattr(diffusers, name, None) if isinstance(name, str) and not name.startswith("_") else None
    if not (inspect.isclass(found) and issubclass(found, diffusers.DiffusionPipeline)):
        raise RenderFault(
            f"{name!r} is no pipeline of diffusers {diffusers.__version__}",
            "only diffusers' own pipelines are run, never code that comes with a model",
        )
    return found


def _family(own: type[Any]) -> str | None:
    for mapping in (AUTO_TEXT2IMAGE_PIPELINES_MAPPING, AUTO_IMAGE2IMAGE_PIPELINES_MAPPING):
        for family, found in mapping.items():
            if found is own:
                return str(family)
    return None


def _sibling(pipeline: Pipeline, wanted: type[Any], own: Any) -> Pipeline:
    # Not `from_pipe`: it drops components whose class is not the annotated one, an AutoencoderTiny for instance.
    accepted = inspect.signature(wanted.__init__).parameters
    available: Mapping[str, Any] = {**pipeline.config, **pipeline.components, "scheduler": own}
    sibling = wanted(**{name: value for name, value in available.items() if name in accepted})
    sibling.set_progress_bar_config(disable=True)
    return sibling
