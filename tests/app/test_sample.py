"""The sample film as it ships."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from app import sample
from starter import captions
from sync.records import Kind
from tests.app.studios import ask, film, work


def test_it_is_a_small_film_in_two_scenes() -> None:
    found = sample.read()
    kinds = Counter(one.kind for one in found.parts)
    assert kinds == {Kind.SHOT: 8, Kind.CHARACTER: 2, Kind.ENVIRONMENT: 2, Kind.STYLE: 1}
    assert {one.scene for one in found.parts if one.kind is Kind.SHOT} == set(found.scenes)
    assert set(found.approved) <= {one.name for one in found.parts}


async def test_the_starter_model_understands_every_shot(tmp_path: Path) -> None:
    found = sample.read()
    async with film(tmp_path / "film") as studio:
        await sample.build(studio, found)
        for row in studio.project.index.assets(kind=Kind.SHOT):
            [version] = studio.project.asset(row.id).versions
            said = captions.parse(json.loads(version.recipe)["prompt"])
            assert set(said) == {"time", "terrain", "subject", "colour", "position", "distance"}, row.name


async def test_building_twice_adds_nothing(tmp_path: Path) -> None:
    found = sample.read()
    async with film(tmp_path / "film") as studio:
        await sample.build(studio, found)
        before = studio.project.index.heads()
        await sample.build(studio, found)
        assert studio.project.index.heads() == before
        ask(studio)
        await work(studio)
        sample.approve(studio, found.approved)
        approved = studio.project.index.heads()
        sample.approve(studio, found.approved)
        assert studio.project.index.heads() == approved
        assert len(sample.pixels(studio)) == len(found.parts)
