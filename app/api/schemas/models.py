"""Models: the neural networks that draw."""

from __future__ import annotations

from typing import Any

from app.api.schemas.assets import MODEL
from app.api.schemas.values import Bytes, Count, Digest, Shape, always, shown

OLD = "9c971587fc7cadf86caf5e1045d2cbb139376c5cbfee41f03abde88b22a890d7"
_MODEL: dict[str, Any] = {
    "name": "starter-v2",
    "digest": MODEL,
    "bytes": 20744697,
    "pipeline": "StableDiffusionPipeline",
    "source": "comes with Restrike",
    "licence": "Apache-2.0",
    "present": ["here"],
    "supersedes": [OLD],
    "superseded_by": [],
    "assets": 2,
    "default": True,
    "draws": "It follows time (dawn, noon, dusk, night).",
}


class Model(Shape):
    """A model by its digest."""

    model_config = shown(_MODEL)

    name: str = always("What it is called.")
    digest: Digest = always("The digest over all its files.")
    bytes: Bytes = always("The size of its files together.")
    pipeline: str = always("The class of diffusers that runs it.")
    source: str = always("Where it came from; never a folder's path.")
    licence: str = always("The licence that its maker gave it; may be empty.")
    present: list[str] = always("Where its files are: here, or nowhere now.")
    supersedes: list[Digest] = always("The models that it is meant to replace.")
    superseded_by: list[Digest] = always("The models that are meant to replace it.")
    assets: Count = always("How many assets use it at their current version.")
    default: bool = always("Whether new assets use it.")
    draws: str = always("What it can draw, in words; may be empty.")


class ModelList(Shape):
    """The models that this project names or this machine has."""

    model_config = shown({"models": [_MODEL]})

    models: list[Model] = always("The models.")


class ModelChanged(Model):
    """A model after something was said about it."""

    model_config = shown({**_MODEL, "message": "starter-v2 is known as 927690c3c15d."})

    message: str = always("What was done, in a sentence.")


class ModelChecked(Model):
    """A model whose files were read again."""

    ok: bool = always("Whether they are what they were.")
    detail: str = always("What was found, in words.")
    fix: str = always("What to do; empty where nothing is wrong.")


class ModelsVerified(Shape):
    """The models whose files were read again."""

    model_config = shown(
        {"models": [{**_MODEL, "ok": True, "detail": "12 files are what they were", "fix": ""}]}
    )

    models: list[ModelChecked] = always("The models that were checked.")
