"""From assets to jobs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.render.wishes import served
from sync.records import Tier
from sync.rules import jobs
from tests.app.studios import add, ask, change, film, takes_of, work


async def test_inputs_come_first_transitively_and_only_where_they_lack_a_take(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "style", "SOFT", "prompt=soft", "seed=1")
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1", inputs=["SOFT"])
        await add(studio, "shot", "SH010", "prompt=wide", "seed=1", inputs=["BAY"], scene="SC-01")
        names = [studio.project.asset(one.asset).asset.name for one in ask(studio, "SH010")]
        assert names == ["SOFT", "BAY", "SH010"]
        await work(studio)
        await change(studio, "SH010", "prompt=close")
        assert [studio.project.asset(one.asset).asset.name for one in ask(studio, "SH010")] == ["SH010"]


async def test_a_version_is_saved_only_where_the_recipe_differs(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        bay = await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        shot = await add(studio, "shot", "SH010", "prompt=wide", "seed=1", inputs=["BAY"], scene="SC-01")
        ask(studio)
        await work(studio)
        await change(studio, "BAY", "prompt=desert")
        [fresh_bay, fresh_shot] = ask(studio, "BAY", "SH010")
        assert (len(studio.project.asset(bay).versions), len(studio.project.asset(shot).versions)) == (2, 2)
        assert fresh_shot.version.number == 2
        assert fresh_shot.recipe.inputs[0].recipe == fresh_bay.recipe.key
        assert (tmp_path / "film/03_Renders/SC-01/SH010/SH010_v02.recipe.json").is_file()
        ask(studio, "BAY", "SH010")
        assert len(studio.project.asset(shot).versions) == 2


async def test_going_back_finds_the_take_that_is_there(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        await add(studio, "shot", "SH010", "prompt=wide", "seed=1", inputs=["BAY"], scene="SC-01")
        ask(studio)
        await work(studio)
        for words in ("desert", "sea"):
            await change(studio, "BAY", f"prompt={words}")
            ask(studio, "SH010")
            await work(studio)
        assert studio.project.index.assets(where="stale") == []
        assert len(takes_of(studio, "SH010")) == 2, "the third recipe is the first again"


async def test_steps_that_were_chosen_stay_under_another_tier(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "CHOSEN", "prompt=a tower", "seed=1", "steps=7")
        await add(studio, "prop", "PLAIN", "prompt=a tower", "seed=1")
        for tier in Tier:
            chosen, plain = ask(studio, "CHOSEN", "PLAIN", tier=tier)
            assert chosen.recipe.steps == 7
            assert (chosen.version.number, chosen.tier) == (1, tier)
            assert plain.recipe.steps is not None
        steps = {one.parameters["steps"] for one in studio.project.asset(plain.asset).versions}
        assert len(steps) == len(studio.project.asset(plain.asset).versions) == 3


@settings(max_examples=8)  # each opens a project of its own
@given(names=st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=8))
async def test_asking_in_any_order_however_often_is_the_same_jobs(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with film(Path(folder) / "film") as studio:
            for number, name in enumerate("ABCDE"):
                feeds = ["ABCDE"[number - 1]] if number else []
                await add(studio, "prop", name, f"prompt={name}", "seed=1", inputs=feeds)
            for name in names:
                ask(studio, name)
            reached = "ABCDE"[: max("ABCDE".index(one) for one in names) + 1]
            rows = studio.project.index.jobs()
            assert sorted(studio.project.asset(one.asset).asset.name for one in rows) == sorted(reached)
            assert {one.state for one in rows} == {jobs.State.PENDING}


async def test_what_was_served_counts_rendered_seconds_once(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1", "steps=10")
        await add(studio, "prop", "BEACON", "prompt=a tower", "seed=1", "steps=10")
        assert served(studio) == 0
        ask(studio)
        await work(studio)
        assert served(studio) == 0.1
