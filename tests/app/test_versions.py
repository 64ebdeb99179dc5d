"""From parameters to a frozen version: choices, models by name, notes, recipe files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from app import settings, versions
from app.place import utc_now
from app.studio import Studio
from app.versions import Choice, Draft
from engine.faults import BadField, Damaged, NotFound
from sync.project import Edit
from sync.records import Asset, AssetFacts, AssetId, Kind, Link, Tier
from tests.app.commandline import Film

T = TypeVar("T")


def with_studio(film: Film, work: Callable[[Studio], T]) -> T:
    async def run() -> T:
        async with Studio.open(film.folder, settings.home(), clock=utc_now) as studio:
            return work(studio)

    return asyncio.run(run())


@pytest.mark.parametrize("note", ["a\x00", "a\x1b[2J", "x" * 2001])
def test_notes_are_plain_text(note: str) -> None:
    versions.check_note("fine\nso")
    with pytest.raises(BadField):
        versions.check_note(note)


def test_a_draft_sees_what_it_added(film: Film) -> None:
    def work(studio: Studio) -> None:
        def build(edit: Edit) -> None:
            draft = Draft(studio, edit)
            model = draft.shelf.known[0].digest
            lamp = draft.add_asset(Kind.PROP, "LAMP", None).asset.id
            draft.add_version(lamp, Choice({"model": model, "seed": 1, "prompt": "a lamp"}, (), Tier.LOW))
            shot = draft.add_asset(Kind.SHOT, "SH", None).asset.id
            link = Link(asset=lamp, role="prop")
            version = draft.add_version(shot, Choice({"model": model, "seed": 2}, (link,), Tier.LOW))
            assert json.loads(version.recipe)["prompt"] == "a lamp"
            assert draft.find("lamp") == lamp
            with pytest.raises(BadField):
                draft.add_asset(Kind.PROP, "Lamp", None)

        studio.project.commit(build)
        assert studio.project.index.find_asset("SH") is not None

    with_studio(film, work)


def test_a_hostile_name_writes_no_recipe_file(film: Film, tmp_path: Path) -> None:
    film("asset", "add", "prop", "LAMP")
    asset = AssetId(film("asset", "show", "LAMP")["id"])
    facts = with_studio(film, lambda studio: studio.project.asset(asset))
    for name in ("../../../outside", "/etc/x", "a/b"):
        hostile = replace(facts, asset=replace(facts.asset, name=name))
        with pytest.raises((BadField, Damaged)):
            versions.show_recipe(tmp_path, hostile, facts.versions[0])
    assert list(tmp_path.rglob("*.recipe.json")) == [
        film.folder / "01_Assets/Generative_Assets/Props/LAMP/LAMP_v01.recipe.json"
    ]


def test_an_input_without_versions_is_named() -> None:
    empty = AssetFacts(
        asset=Asset(id=AssetId("a"), kind=Kind.PROP, name="EMPTY", author="m", time="t")  # type: ignore[arg-type]
    )

    class Known:
        def asset(self, asset: AssetId) -> AssetFacts:
            return empty

    with pytest.raises(NotFound, match="EMPTY"):
        versions.fed(Known(), Link(asset=AssetId("a"), role="prop"))
