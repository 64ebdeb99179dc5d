"""What this machine keeps, and what may go."""

from __future__ import annotations

from pathlib import Path

from app import renewal, storage
from app.commands.table import News
from app.render import claiming, queue
from app.render.observer import Observer
from tests.app.studios import Clock, add, ask, film, takes_of, work


def silent(news: News) -> None:
    """Nobody listens."""


async def test_the_tombstone_names_bytes_and_class(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        ask(studio)
        await work(studio)
        await renewal.prove(studio, renewal.unproved(studio), silent)
        plan = storage.plan(studio, storage.choose(studio, []))
        storage.drop(studio, plan)
        [fact] = studio.project.asset(lamp).dropped
        [take] = takes_of(studio, "LAMP")
        assert (fact.take, fact.sha256, fact.bytes, fact.grade) == (take.id, take.sha256, plan.bytes, "R0")
        assert storage.plan(studio, storage.choose(studio, [])).drops == (), (
            "what is gone is not dropped again"
        )


async def test_what_a_running_job_needs_stays(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        await add(studio, "shot", "SH010", "prompt=wide", "seed=1", inputs=["BAY"], scene="SC-01")
        ask(studio, "BAY")
        await work(studio)
        await renewal.prove(studio, renewal.unproved(studio), silent)
        [shot] = ask(studio, "SH010")
        held = claiming.claim_next(studio, Observer(studio, Clock()), {})
        assert held is not None
        [(_, _, reasons)] = storage.plan(studio, storage.choose(studio, ["BAY"])).kept
        assert "being worked on" in reasons[0]
        queue.end(studio, shot.job, held.epoch, None)
        assert len(storage.plan(studio, storage.choose(studio, ["BAY"])).drops) == 1


async def test_every_blob_counts_once(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
        await add(studio, "prop", "BEACON", "prompt=a tower", "seed=1")
        ask(studio)
        await work(studio)
        found = storage.report(studio)
        assert found["takes"] == 2
        assert sum(one["bytes"] for one in found["by_asset"]) == found["bytes"] - found["recipes_bytes"]
        for name in ("kind", "model", "tier", "class", "media_type", "member", "age"):
            assert sum(one["bytes"] for one in found[f"by_{name}"]) == found["bytes"] - found["recipes_bytes"]
        assert [one["member"] for one in found["by_member"]] == [studio.project.member]
        assert [one["age"] for one in found["by_age"]] == ["less than 7 days"]
