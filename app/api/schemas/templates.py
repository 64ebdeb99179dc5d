"""Templates: assets with their parameters, to start another project from."""

from __future__ import annotations

from typing import Any, Literal

from app.api.schemas.assets import MODEL
from app.api.schemas.values import Digest, Role, Shape, always, maybe, shown
from sync.records import Kind, Tier

TEMPLATE: dict[str, Any] = {
    "format": "restrike-template/1",
    "assets": [
        {
            "name": "MARA",
            "kind": "character",
            "scene": None,
            "tier": "standard",
            "note": "",
            "fields": {"prompt": "a red traveller", "seed": "7"},
            "model": {"digest": MODEL, "name": "starter-v2"},
            "inputs": [],
        }
    ],
}


class TemplateModel(Shape):
    """A model by digest."""

    digest: Digest = always("Its digest; only this very model will do.")
    name: str = maybe("What it was called.")


class TemplateInput(Shape):
    """An asset that feeds another one, by name."""

    asset: str = always("The name of the asset that feeds.")
    role: Role = always("What it is to the picture.")


class TemplateAsset(Shape):
    """One asset of a template."""

    name: str = always("Its name.")
    kind: Kind = always("What it is.")
    scene: str | None = maybe("The scene that a shot belongs to.")
    tier: Tier = maybe("How good and how urgent; standard where it is not said.")
    note: str = maybe("The remark kept with the version.")
    fields: dict[str, Any] = always("The fields that somebody set; a seed is a decimal string.")
    model: TemplateModel = always("The model that draws.")
    inputs: list[TemplateInput] = maybe("What feeds it.")


class Template(Shape):
    """Assets with their parameters, in the order in which they can be made."""

    model_config = shown(TEMPLATE)

    format: Literal["restrike-template/1"] = always("The format's name.")
    assets: list[TemplateAsset] = always("The assets, inputs first.")


class TemplateFile(Shape):
    """The template as a file for the caller."""

    filename: str = always("What to call it.", examples=["template.json"])
    media_type: Literal["application/json"] = always("What it holds.")
    content: Template = always("The template.", alias="json")


class TemplateSaved(Shape):
    """An asset with everything that feeds it, as a template."""

    model_config = shown(
        {
            "file": {"filename": "MARA.json", "media_type": "application/json", "json": TEMPLATE},
            "assets": ["MARA"],
            "message": "MARA.json holds MARA.",
        }
    )

    file: TemplateFile = always("The file.")
    assets: list[str] = always("The names of the assets in it.")
    message: str = always("What was done, in a sentence.")


class TemplateDone(Shape):
    """What became of one asset of a template."""

    name: str = always("Its name.")
    did: str = always("added, unchanged, or new version and its label.", examples=["new version v04"])


class TemplateApplied(Shape):
    """What a template made, or would make."""

    model_config = shown(
        {
            "assets": [{"name": "MARA", "did": "added"}],
            "dry_run": False,
            "message": "1 of 1 assets changed.",
        }
    )

    assets: list[TemplateDone] = always("The template's assets, in its order.")
    dry_run: bool = always("Whether nothing was changed.")
    message: str = always("What was done, in a sentence.")
