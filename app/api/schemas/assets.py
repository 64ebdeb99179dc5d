"""Assets, their versions, forks and templates."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from app.api.schemas.values import Count, Digest, Id, Open, Role, Shape, Time, always, maybe, shown
from sync.records import Kind, Tier

MODEL = "927690c3c15d10c37671c159398b1acfd28ba75fefe83fef45260abd09777ffc"
KEY = "4b620ceb6aee6241f42d496f01ddee89c973e747e58faa77b8bce904b56e2caf"
MEMBER = "czcbgitcohzs3rbge4jxafegbq"
PARAMETERS: dict[str, Any] = {
    "chosen": ["model", "prompt", "seed"],
    "dtype": "float32",
    "guidance": 3.0,
    "height": 56,
    "model": MODEL,
    "negative_prompt": "",
    "prompt": "a red traveller in the desert at dusk",
    "salt": "",
    "scheduler": "DPMSolverMultistepScheduler",
    "seed": 7,
    "steps": 20,
    "strength": 0.7,
    "width": 96,
}
RECIPE: dict[str, Any] = {
    "dtype": "float32",
    "guidance": 3,
    "height": 56,
    "model": MODEL,
    "operation": "text-to-image",
    "output": "png",
    "pipeline": "StableDiffusionPipeline",
    "prompt": "a red traveller in the desert at dusk",
    "rng": "philox/1",
    "scheduler": {"name": "DPMSolverMultistepScheduler", "config": {"prediction_type": "v_prediction"}},
    "schema": 1,
    "seed": "7",
    "semantics": 1,
    "steps": 20,
    "width": 96,
}
ASSET: dict[str, Any] = {
    "id": "i7gsf5is73kdwsm2f2qi4njcvu",
    "name": "MARA",
    "kind": "character",
    "scene": None,
    "version": 3,
    "version_id": "prqwx3a6zhzuaift5tlmp5biga",
    "version_label": "v03",
    "tier": "standard",
    "note": "red after all",
    "parameters": PARAMETERS,
    "recipe": RECIPE,
    "recipe_key": KEY,
    "forked": False,
    "stale": False,
    "removed": False,
    "approved": "p7fui3jlnv6vbyhlkfcb42fkfu",
    "inputs": [],
    "takes": ["p7fui3jlnv6vbyhlkfcb42fkfu"],
    "editing": [],
}
VERSION: dict[str, Any] = {
    "id": "prqwx3a6zhzuaift5tlmp5biga",
    "number": 3,
    "label": "v03",
    "parents": ["bfslvy32elyfgihmhwjh7n7kde"],
    "author": MEMBER,
    "time": "2026-11-22T18:12:50.549Z",
    "note": "red after all",
    "tier": "standard",
    "recipe_key": KEY,
    "parameters": PARAMETERS,
    "inputs": [],
    "saved": True,
}
CHANGED = {"field": "prompt", "from": "a green traveller", "to": "a red traveller"}


class Parameters(Open):
    """The artist's own fields with every default filled in; later releases may add fields.

    An imported picture has `prompt` alone, and an empty object where nothing was said.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [PARAMETERS]})

    model: Digest = maybe("The model that draws, by its digest.")
    prompt: str = maybe("What to draw, in words.", max_length=8000)
    negative_prompt: str = maybe("What to keep away from, in words.", max_length=8000)
    seed: int = maybe(
        "Which of all pictures of the same words: 0 to 2^64 - 1, more than a double holds exactly.", ge=0
    )
    steps: int = maybe("How often the noise is thinned.", ge=1, le=1000)
    guidance: float = maybe("How strictly the words are followed; 1 is freely.", ge=0, le=100)
    width: int = maybe("Width of the picture in pixels.", ge=8, le=16384)
    height: int = maybe("Height of the picture in pixels.", ge=8, le=16384)
    strength: float = maybe("How much of an input picture is drawn anew, 0.01 to 1.", ge=0, le=1)
    scheduler: str = maybe("The way from noise to picture, by its class name.")
    dtype: str = maybe("The numbers that the model computes in: float32, float16 or bfloat16.")
    salt: str = maybe("Any word that makes two equal recipes two.", max_length=200)
    chosen: list[str] = maybe("The fields that were set by somebody; the others are defaults.")


class Recipe(Open):
    """The frozen recipe: every choice that determines the pixels. Its digest is `recipe_key`."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [RECIPE]})

    pipeline: str = always("The pipeline's class name.")
    operation: Literal["text-to-image", "image-to-image", "imported"] = always("What is done.")
    width: int = always("Width in pixels.", ge=1)
    height: int = always("Height in pixels.", ge=1)
    seed: str = always("The seed as a decimal string, 0 to 2^64 - 1.", pattern="^[0-9]{1,20}$")
    model: Digest = maybe("The model by its digest; an imported picture has none.")
    prompt: str = maybe("The whole prompt, with what the inputs lent.")


class InputLink(Shape):
    """An asset that feeds another one."""

    asset: Id = always("The id of the asset that feeds.")
    role: Role = always("What it is to the picture.")


class NamedLink(InputLink):
    """An asset that feeds another one, with its name."""

    name: str = always("What the asset is called now.")


class Editing(Shape):
    """Somebody else edits a field just now: a soft lock, which keeps nobody from editing the same."""

    member: Id = always("The member's id.")
    name: str = always("What the member is called.")
    field: str | None = always("The field; null for all of them.")


class Asset(Shape):
    """A named thing being made, at its current version."""

    model_config = shown(ASSET)

    id: Id = always("The asset's id; it never changes.")
    name: str = always("Its name now, one of a kind in the project.", min_length=1, max_length=64)
    kind: Kind = always("What it is.")
    scene: str | None = always("The scene that a shot belongs to.")
    version: int = always("The number of the current version; `expect_version` compares with it.", ge=1)
    version_id: Id = always("The id of the current version.")
    version_label: str = always("The version as people see it: v03, or v03-k7qd of two that were made apart.")
    tier: Tier = always("How good and how urgent its renders are.")
    note: str = always("The remark kept with the version.")
    parameters: Parameters = always("The artist's fields with every default filled in.")
    recipe: Recipe = always("The frozen recipe.")
    recipe_key: Digest = always("The recipe's identity.")
    forked: bool = always("Whether a field of it was set to two values apart, and nobody has decided yet.")
    stale: bool = always("Whether an edit has made its takes out of date.")
    removed: bool = always("Whether it was taken out of the project.")
    approved: Id | None = always("The take that stands for it; null where none was chosen.")
    inputs: list[InputLink] = always("What feeds it.")
    takes: list[Id] = always("The ids of its takes, the oldest first.")
    editing: list[Editing] = always("Who else edits it just now; `server:presence` tells of every change.")


class AssetSaved(Asset):
    """An asset after something was saved, or found to be so already."""

    model_config = shown(
        {**ASSET, "message": "MARA v03 saved with starter-v2: a red traveller in the desert"}
    )

    message: str = always("What was done, in a sentence.")
    same_recipe: bool = maybe("Of a recalled picture: whether the recipe is exactly the one inside it.")


class AssetRemoved(Asset):
    """An asset that was removed or brought back, or would be."""

    model_config = shown({**ASSET, "removed": True, "dry_run": False, "message": "MARA is removed."})

    dry_run: bool = always("Whether nothing was changed.")
    message: str = always("What was done, in a sentence.")


class AssetList(Shape):
    """Assets by name."""

    model_config = shown({"assets": [ASSET], "total": 1})

    assets: list[Asset] = always("The assets of this page.")
    more: Count = maybe("How many more there are after this page.")
    total: Count = always("How many there are on all pages together.")


class Version(Shape):
    """A saved recipe of an asset; it is never edited."""

    model_config = shown(VERSION)

    id: Id = always("The version's id.")
    number: int = always("Its number; two versions that were made apart may share one.", ge=1)
    label: str = always("The version as people see it.")
    parents: list[Id] = always("The versions that it was made from: none, one, or the tips that it merges.")
    author: Id = always("The member who saved it.")
    author_name: str = maybe("Of a fork's sides: what the member is called.")
    time: Time = always("When it was saved, RFC 3339 in UTC.")
    note: str = always("The remark kept with it.")
    tier: Tier = always("How good and how urgent its renders are.")
    recipe_key: Digest = always("The identity of its recipe.")
    parameters: Parameters = always("The artist's fields with every default filled in.")
    inputs: list[InputLink] = always("What feeds it.")
    saved: bool = always("False of a merge of versions made apart that nobody rendered or edited yet.")


class AssetHistory(Shape):
    """The versions of an asset, the oldest first."""

    model_config = shown({"versions": [VERSION]})

    versions: list[Version] = always("The versions.")


class Changed(Shape):
    """One difference."""

    model_config = shown(CHANGED)

    field: str = always("The field; an input is called input:NAME and has its role as value.")
    before: Any = Field(alias="from", description="The value before; null where there was none.")
    after: Any = Field(alias="to", description="The value after; null where there is none.")


class AssetDiff(Shape):
    """What changed between two versions."""

    model_config = shown({"changed": [CHANGED]})

    changed: list[Changed] = always("The fields that differ.")


class Fork(Shape):
    """An asset of which one field was set to two values, apart from each other."""

    asset: Id = always("The asset's id.")
    name: str = always("Its name.")
    tips: list[Version] = always("The newest versions: those that are shown, then the others.", min_length=1)
    changed: list[Changed] = always("Where what is shown and the first of the others differ.")
    conflicts: list[str] = always("The fields that were set apart: somebody must say which value counts.")


class AssetInFull(Asset):
    """An asset with the names of its model, its inputs and what uses it."""

    model_config = shown(
        {
            **ASSET,
            "model_name": "starter-v2",
            "used_by": ["SH010"],
            "merged": [],
            "fork": None,
            "unseen": [],
        }
    )

    inputs: list[NamedLink] = always("What feeds it.")  # type: ignore[assignment]
    model_name: str | None = always("What its model is called; null for an imported picture.")
    used_by: list[str] = always("The names of the assets that it feeds.")
    merged: list[str] = always(
        "The labels of versions made apart that are shown as one, which is saved when it is rendered or edited."
    )
    fork: Fork | None = always("What was set to two values apart; null when nothing was.")
    unseen: list[str] = always("Of a removed asset: versions that whoever removed it did not know.")


class AssetForks(Shape):
    """The assets that were edited apart."""

    model_config = shown(
        {
            "forks": [
                {
                    "asset": ASSET["id"],
                    "name": "MARA",
                    "tips": [VERSION, {**VERSION, "id": "k7qd3a6zhzuaift5tlmp5biga2", "label": "v03-k7qd"}],
                    "changed": [CHANGED],
                    "conflicts": ["prompt"],
                }
            ]
        }
    )

    forks: list[Fork] = always("The forked assets.")
