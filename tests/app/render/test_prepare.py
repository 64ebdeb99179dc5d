"""What a strike needs from this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.commands.takes import take_approve
from app.render import prepare
from engine.faults import NotFound
from sync.records import Tier
from tests.app.studios import add, ask, change, film, takes_of, work


def test_time_outs_grow_with_the_tier() -> None:
    assert [prepare.TIMEOUTS[one] for one in Tier] == [120.0, 300.0, 600.0]


async def test_sources_are_the_approved_take_else_the_newest(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        bay = await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        shot = await add(studio, "shot", "SH010", "prompt=wide", "seed=1", inputs=["BAY"], scene="SC-01")
        [version] = studio.project.asset(shot).versions
        recipe = prepare.recipe_of(version, 0)
        with pytest.raises(NotFound):
            prepare.sources(studio, version, recipe)
        ask(studio, "BAY")
        await work(studio)
        [take] = takes_of(studio, "BAY")
        [source] = prepare.sources(studio, version, recipe)
        assert (source.asset, source.take, source.digest) == (bay, take.id, take.sha256)
        assert prepare.provisional(studio.project, version, recipe)
        await take_approve(studio, take="BAY")
        assert not prepare.provisional(studio.project, version, recipe)
        studio.blobs.delete(take.sha256)
        assert prepare.sources(studio, version, recipe)[0].digest is None


async def test_a_label_says_which_item(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        await change(studio, "LAMP", "prompt=a tree")
        facts = studio.project.asset(lamp)
        newest = max(facts.versions, key=lambda one: one.number)
        assert prepare.label(facts, newest, 0) == "LAMP v02"
        assert prepare.label(facts, newest, 3) == "LAMP v02 #3"


async def test_the_models_are_verified(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        [asked] = ask(studio)
        [(digest, folder)] = prepare.models(studio, asked.recipe).items()
        assert digest == asked.recipe.model
        assert (folder / "model_index.json").is_file()
