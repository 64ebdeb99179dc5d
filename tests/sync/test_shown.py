"""Versions as lists show them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from sync import schema
from sync.project import Edit, asset_document
from sync.records import AssetId, Link, Version
from sync.shown import Shown
from tests.sync.films import Film
from tests.sync.stage import Desk, add_asset


async def test_what_is_read_of_a_text_is_what_the_record_says(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).create() as project:
        asset = add_asset(project, "MARA")
        linked = (Link(asset=AssetId("b"), role="image"), Link(asset=AssetId("a"), role="style"))

        def build(edit: Edit) -> list[Version]:
            version = Film.seeded().version(edit, asset, 1)
            other = replace(version, note="odd", links=linked, recipe='{"b": 1, "a": {"d": 1, "c": 2}}')
            return [version, other]

        for version in project.commit(build):
            fact = schema.encode(asset_document(asset), version)
            read, told = Shown.read(version.id, fact.text), Shown.of(schema.decode(fact))
            assert read == told
            assert json.dumps(read.recipe) == json.dumps(told.recipe)
            assert json.dumps(read.parameters) == json.dumps(told.parameters)
