"""What commands answer of assets, versions and forks."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

from PIL import Image

from app.studio import Studio
from sync.project import Edit, asset_document
from sync.records import AssetId, VersionId
from tests.app.api.schemas.wire import answer


async def test_assets_are_what_their_models_say(studio: Studio) -> None:
    given = {"kind": "prop", "name": "LAMP", "parameters": {"prompt": "lamp", "seed": 2**64 - 1}}
    assert (await answer(studio, "asset add", **given))["parameters"]["seed"] == 2**64 - 1
    assert (await answer(studio, "asset set", name="LAMP", parameters={"steps": 9}))["version"] == 2
    assert "Nothing" in (await answer(studio, "asset set", name="LAMP", parameters={"steps": 9}))["message"]
    assert len((await answer(studio, "asset list"))["assets"]) == 3
    full = await answer(studio, "asset show", name="SH010")
    assert full["inputs"][0]["name"] == "BAY"
    await answer(studio, "asset rename", name="LAMP", new="LANTERN")
    await answer(studio, "asset remove", name="LANTERN", dry_run=True)
    assert (await answer(studio, "asset remove", name="LANTERN"))["removed"]
    assert (await answer(studio, "asset list", removed=True))["assets"][0]["name"] == "LANTERN"


async def test_a_picture_from_outside_is_an_asset_too(studio: Studio) -> None:
    data = io.BytesIO()
    Image.new("RGB", (24, 16), "teal").save(data, "PNG")
    picture = {"filename": "plate.png", "base64": base64.b64encode(data.getvalue()).decode()}
    added = await answer(studio, "asset add", kind="style", name="PLATE", from_image=picture)
    assert added["recipe"]["operation"] == "imported"
    assert (await answer(studio, "asset show", name="PLATE"))["model_name"] is None
    assert (await answer(studio, "take show", take="PLATE"))["imported"]
    assert (await answer(studio, "storage report"))["by_model"][0]["model"] == "imported"


async def test_versions_are_what_their_models_say(studio: Studio) -> None:
    await answer(studio, "asset set", name="BAY", parameters={"prompt": "storm"})
    history = await answer(studio, "asset history", name="BAY")
    assert [one["label"] for one in history["versions"]] == ["v01", "v02"]
    diff = await answer(studio, "asset diff", name="BAY", before="v01", after="v02")
    assert diff["changed"] == [{"field": "prompt", "from": "sea", "to": "storm"}]
    assert (await answer(studio, "asset restore", name="BAY", version="v01"))["version"] == 3
    await answer(studio, "asset restore", name="BAY", version="v01")


async def test_forks_are_what_their_models_say(studio: Studio) -> None:
    added = await answer(studio, "asset set", name="BAY", parameters={"prompt": "storm"})
    asset = AssetId(added["id"])

    def beside(edit: Edit) -> None:
        newest = next(one for one in edit.asset(asset).versions if one.number == 2)
        parameters = {**newest.parameters, "prompt": "calm"}
        fact = replace(newest, id=VersionId(edit.new_id()), parameters=parameters)
        edit.add(asset_document(asset), fact)

    assert (await answer(studio, "asset forks"))["forks"] == []
    studio.project.commit(beside)
    [fork] = (await answer(studio, "asset forks"))["forks"]
    assert fork["conflicts"] == ["prompt"]
    tip = fork["tips"][0]["label"]
    assert not (await answer(studio, "asset resolve", name="BAY", take_from=tip))["forked"]
