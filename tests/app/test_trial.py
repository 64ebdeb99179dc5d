"""Dry runs give what the run would give, and keep nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.trial import tried
from app.versions import Draft
from engine.faults import BadField
from sync.project import Edit
from sync.records import AssetFacts, Kind
from tests.app.studios import add, film


async def test_what_was_tried_is_built_in_full_and_not_kept(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        before = studio.project.version

        def build(edit: Edit) -> AssetFacts:
            return Draft(studio, edit).add_asset(Kind.PROP, "LAMP", None)

        assert tried(studio.project, build).asset.name == "LAMP"
        assert studio.project.version == before
        assert studio.project.index.find_asset("LAMP") is None


async def test_what_a_commit_would_refuse_is_refused(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP")
        with pytest.raises(BadField):
            tried(studio.project, lambda edit: Draft(studio, edit).add_asset(Kind.PROP, "LAMP", None))
