"""The queue on one machine: nothing twice, nothing lost, the right order, and plain words where something is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app import orders
from app.commands.jobs import job_cancel, job_retry, job_why, jobs, jobs_pause, jobs_resume, render
from app.commands.models import model_add
from app.commands.storage import storage_drop, storage_fetch
from app.commands.table import News
from app.commands.takes import take_prove, take_show
from app.render import queue
from app.studio import Studio
from app.worker import Told, Worker
from engine.faults import NoSpace
from engine.models import ModelFault
from engine.recipe import FileDigest, RecipeKey
from engine.renderer import Crashed, OutOfMemory, RenderFault, TimedOut
from resources import bundled_models
from sync.blobs.folder import FolderStore
from sync.records import JobId, Tier
from sync.rules import jobs as rules
from tests.app.studios import Clock, add, ask, change, film, takes_of, work
from tests.fakes.renderer import FakeRenderer


def silent(news: News) -> None:
    """Nobody listens."""


def state(studio: Studio, job: JobId) -> rules.View:
    return rules.view(studio.project.job(job))


async def shots(studio: Studio) -> None:
    await add(studio, "environment", "BAY", "prompt=sea at dawn", "seed=1")
    await add(studio, "environment", "DUNES", "prompt=desert", "seed=2")
    await add(studio, "shot", "SH010", "prompt=wide shot", "seed=10", inputs=["BAY"], scene="SC-01")
    await add(studio, "shot", "SH020", "prompt=close-up", "seed=20", inputs=["BAY"], scene="SC-01")
    await add(studio, "shot", "SH030", "prompt=wide shot", "seed=30", inputs=["DUNES"], scene="SC-02")


async def test_an_edit_makes_stale_what_it_feeds_and_exactly_that_is_rendered(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await shots(studio)
        ask(studio)
        await work(studio)
        await change(studio, "BAY", "prompt=sea at night")
        stale = [row.name for row in studio.project.index.assets(where="stale")]
        assert stale == ["BAY", "SH010", "SH020"]
        renderer = FakeRenderer()
        asked = await render(studio, silent, stale=True)
        assert [one["asset_name"] for one in asked["jobs"]] == ["BAY", "SH010", "SH020"]
        await work(studio, renderer)
        assert len(renderer.struck) == 3
        assert studio.project.index.assets(where="stale") == []
        again = await render(studio, silent, stale=True)
        assert again["jobs"] == []


async def test_a_recipe_that_has_a_take_costs_nothing(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await shots(studio)
        ask(studio, "SH010")
        await work(studio)
        renderer = FakeRenderer()
        asked = await render(studio, silent, names=["SH010"])
        assert [one["deduplicated"] for one in asked["jobs"]] == [True]
        assert asked["jobs"][0]["take"] == takes_of(studio, "SH010")[0].id
        await work(studio, renderer)
        assert renderer.struck == []


async def test_another_asset_with_the_same_recipe_gets_a_take_on_the_same_bytes(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5")
        ask(studio, "LAMP")
        await work(studio)
        await add(studio, "prop", "BEACON", "prompt=a tower", "seed=5")
        [asked] = ask(studio, "BEACON")
        assert asked.deduplicated
        [lamp], [beacon] = takes_of(studio, "LAMP"), takes_of(studio, "BEACON")
        assert (beacon.sha256, beacon.seconds) == (lamp.sha256, 0.0)
        assert beacon.id == asked.take
        assert (tmp_path / "film" / beacon.file).samefile(tmp_path / "film" / lamp.file)


async def test_two_assets_of_one_recipe_asked_together_are_one_job(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5")
        await add(studio, "prop", "BEACON", "prompt=a tower", "seed=5")
        asked = ask(studio)
        assert len({one.job for one in asked}) == 1
        renderer = FakeRenderer()
        await work(studio, renderer)
        assert len(renderer.struck) == 1
        assert takes_of(studio, "LAMP")[0].sha256 == takes_of(studio, "BEACON")[0].sha256


async def test_a_stronger_tier_governs_a_live_job(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5", "steps=4", "tier=low")
        [first] = ask(studio, "LAMP")
        [joined] = ask(studio, "LAMP", tier=Tier.HIGH)
        assert joined.deduplicated
        assert joined.job == first.job
        assert state(studio, first.job).tier is Tier.HIGH


async def test_drafts_come_first_and_votes_count(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        for name, tier in (("FINAL", "high"), ("PLAIN", "standard"), ("DRAFT", "low"), ("WANTED", "high")):
            await add(studio, "prop", name, f"prompt={name}", "seed=5", f"tier={tier}")
        asked = {studio.project.asset(one.asset).asset.name: one.job for one in ask(studio)}
        for _ in range(2):
            orders.vote(studio, asked["WANTED"], 1)
        told = await work(studio)
        order = [one.name.split()[0] for one in told if one.what == "started"]
        assert order == ["DRAFT", "PLAIN", "WANTED", "FINAL"]


async def test_items_of_a_count_render_alone_to_the_same_pixels(tmp_path: Path) -> None:
    async with film(tmp_path / "together") as together:
        await add(together, "prop", "LAMP", "prompt=a tower", "seed=5")
        ask(together, "LAMP", count=3)
        await work(together)
        items = takes_of(together, "LAMP")
    assert [one.item for one in sorted(items, key=lambda one: one.number)] == [0, 1, 2]
    async with film(tmp_path / "alone") as alone:
        await add(alone, "prop", "LAMP", "prompt=a tower", "seed=5")
        ask(alone, "LAMP")
        await work(alone)
        ask(alone, "LAMP", count=3)
        await work(alone)
        assert {one.pixels for one in takes_of(alone, "LAMP")} == {one.pixels for one in items}


async def test_what_fails_is_tried_again_and_ends_as_failed(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5")
        await add(studio, "prop", "BEACON", "prompt=a tower", "seed=6")
        lamp, beacon = sorted(ask(studio), key=lambda one: one.recipe.seed)
        faults: dict[RecipeKey, list[type[RenderFault]]] = {
            lamp.recipe.key: [OutOfMemory, Crashed],
            beacon.recipe.key: [TimedOut] * 9,
        }
        clock = Clock()
        told = await work(studio, FakeRenderer(faults=faults), clock=clock)
        assert [one.what for one in told if one.job == lamp.job][-1] == "finished"
        codes = [one.code for one in state(studio, lamp.job).attempts]
        assert codes == ["out_of_memory", "crashed"]
        view = state(studio, beacon.job)
        assert view.state is rules.State.FAILED
        assert len(view.attempts) == 5
        assert sum(clock.rests) >= 5 + 10 + 20 + 40
        why = await job_why(studio, job=beacon.job)
        assert [one["code"] for one in why["reasons"]] == ["failed"]
        assert "timed_out" in why["reasons"][0]["sentence"]
        again = await job_retry(studio, job=beacon.job)
        assert again["generation"] == 1
        await work(studio)
        assert len(takes_of(studio, "BEACON")) == 1


async def test_a_job_that_is_called_off_stops_within_a_step(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, film(tmp_path / "film") as other:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5", "steps=20")
        [asked] = ask(studio, "LAMP")
        steps: list[int] = []
        called_at = 0

        def told(news: Told) -> None:
            nonlocal called_at
            if news.progress is not None and news.progress.stage == "rendering":
                steps.append(news.progress.step)
                if news.progress.step == 7:
                    queue.call_off(other, asked.job)
                    called_at = len(steps)

        async with FakeRenderer() as renderer:
            await Worker(studio, renderer).run(until_idle=True, report=told)
        assert len(steps) - called_at <= 1
        assert state(studio, asked.job).state is rules.State.CANCELLED
        assert takes_of(studio, "LAMP") == []
        renderer = FakeRenderer()
        await work(studio, renderer)
        assert renderer.struck == [], "a cancelled job never starts again"
        assert ask(studio, "LAMP")[0].job == rules.next_generation(asked.job)
        assert len([one for one in await work(studio) if one.what == "finished"]) == 1


async def test_a_paused_queue_starts_nothing(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5")
        [asked] = ask(studio, "LAMP")
        await jobs_pause(studio)
        assert await work(studio) == []
        assert (await job_why(studio, job=asked.job))["reasons"][0]["code"] == "paused"
        assert (await jobs(studio))["paused"]
        await jobs_resume(studio)
        assert [one.what for one in await work(studio)] == ["started", "finished"]


async def test_a_job_whose_model_is_gone_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    model = copied_model(tmp_path)
    async with film(tmp_path / "film") as studio:
        await model_add(studio, folder=model, name="ours")
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5", "model=ours")
        await add(studio, "prop", "BEACON", "prompt=a tower", "seed=5")
        lamp, _ = sorted(ask(studio), key=lambda one: studio.project.asset(one.asset).asset.name != "LAMP")
        shutil.rmtree(model)
        told = await work(studio)
        assert [one.name for one in told if one.what == "finished"] == ["BEACON v01"]
        assert state(studio, lamp.job).state is rules.State.PENDING
        why = await job_why(studio, job=lamp.job)
        assert why["reasons"][0]["code"] == "model_missing"
        assert "ours" in why["reasons"][0]["sentence"]


async def test_changed_weights_are_no_longer_the_model_of_the_take(tmp_path: Path) -> None:
    model = copied_model(tmp_path)
    async with film(tmp_path / "film") as studio:
        await model_add(studio, folder=model, name="ours")
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5", "model=ours")
        ask(studio, "LAMP")
        await work(studio)
        await storage_drop(studio, silent, all=True, prove=True)
        weights = next(model.glob("unet/*.safetensors"))
        data = bytearray(weights.read_bytes())
        data[-1] ^= 1
        weights.chmod(0o644)
        weights.write_bytes(data)
        shown = await take_show(studio, take="LAMP")
        assert shown["class"] == "R3"
        assert "changed" in shown["class_reason"]
        with pytest.raises(ModelFault, match="changed"):
            await storage_fetch(studio, silent, names=["LAMP"])
        with pytest.raises(ModelFault, match="changed"):
            await take_prove(studio, silent, take="LAMP")
        assert not any(studio.blobs.digests()) or not studio.blobs.has(takes_of(studio, "LAMP")[0].sha256)


class FullDisk(FolderStore):
    """A store in which nothing fits any more while `full`."""

    full = True

    def put(self, data: bytes) -> FileDigest:
        """Refuse or keep."""
        if self.full:
            raise NoSpace("the disk is full", "free some space")
        return super().put(data)


async def test_a_full_disk_loses_neither_the_job_nor_the_picture(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5")
        [asked] = ask(studio, "LAMP")
        store = FullDisk(studio.blobs.root)
        studio.__dict__["blobs"] = store
        with pytest.raises(NoSpace, match="stays in the queue"):
            await work(studio)
        assert state(studio, asked.job).state is rules.State.PENDING
        assert state(studio, asked.job).attempts == ()
        store.full = False
        renderer = FakeRenderer()
        told = await work(studio, renderer)
        assert [one.what for one in told] == ["started", "finished"]
        assert renderer.struck == [], "the finished picture was kept"


async def test_a_job_waits_for_what_feeds_it(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await shots(studio)
        asked = ask(studio, "SH010")
        assert len(asked) == 2
        [bay, shot] = asked
        why = await job_why(studio, job=shot.job)
        assert why["reasons"][0]["code"] == "inputs"
        assert "BAY" in why["reasons"][0]["sentence"]
        await job_cancel(studio, job=bay.job)
        assert await work(studio) == []
        assert state(studio, shot.job).state is rules.State.PENDING


async def test_stopping_gives_every_claim_back(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=5")
        await add(studio, "prop", "BEACON", "prompt=a tower", "seed=6")
        asked = ask(studio)

        class Stop(Exception):
            pass

        def told(news: Told) -> None:
            if news.progress is not None and news.progress.stage == "saving":
                raise Stop

        async with FakeRenderer() as renderer:
            with pytest.raises(ExceptionGroup):
                await Worker(studio, renderer).run(until_idle=True, report=told)
        assert {state(studio, one.job).state for one in asked} == {rules.State.PENDING}
        assert all(not state(studio, one.job).attempts for one in asked)


def copied_model(folder: Path) -> Path:
    """A model of one's own: a copy of the first bundled one with other weights."""
    target = folder / "model"
    shutil.copytree(bundled_models()[0], target)
    weights = next(target.glob("unet/*.safetensors"))
    data = bytearray(weights.read_bytes())
    data[-3] ^= 1
    weights.chmod(0o644)
    weights.write_bytes(data)
    return target
