"""What commands answer of the queue."""

from __future__ import annotations

from pathlib import Path

from app.api.schemas.jobs import CancelledJobs, Jobs, SubmittedJobs
from app.render.doing import Doing, Notice
from app.studio import Studio
from engine.renderer import Crashed
from sync.records import JobId
from tests.app import studios
from tests.app.api.schemas.wire import answer, check, check_examples
from tests.app.api.served import served
from tests.fakes.renderer import FakeRenderer


async def test_asking_is_answered_as_its_model_says(studio: Studio) -> None:
    dry = await answer(studio, "render", names=["SH010"], dry_run=True)
    assert (dry["dry_run"], dry["seconds"]) == (True, None)
    jobs = (await answer(studio, "render", names=["SH010"]))["jobs"]
    assert [one["deduplicated"] for one in jobs] == [False, False]
    assert (await answer(studio, "render", names=["SH010"]))["jobs"][0]["deduplicated"]
    await studios.work(studio)
    assert (await answer(studio, "render", names=["SH010"]))["jobs"][0]["state"] == "finished"
    again = await answer(studio, "render", names=["SH010"], count=3, dry_run=True)
    assert again["seconds"] == sorted(again["seconds"])
    assert (await answer(studio, "render", names=["BAY"], count=2, wait=True))["jobs"][1]["take"]


async def test_jobs_are_what_their_models_say(studio: Studio) -> None:
    [bay, _] = (await answer(studio, "render", names=["SH010"]))["jobs"]
    job = bay["id"]
    assert len((await answer(studio, "jobs"))["jobs"]) == 2
    assert (await answer(studio, "jobs pause"))["paused"]
    assert "message" in await answer(studio, "jobs", all=True)
    assert (await answer(studio, "job why", job=job))["reasons"][0]["code"] == "paused"
    await answer(studio, "jobs resume")
    assert (await answer(studio, "job vote", job=job, vote="-1"))["votes"] == -1
    assert (await answer(studio, "job cancel", job=job, dry_run=True))["state"] == "pending"
    assert (await answer(studio, "job cancel", job=job))["state"] == "cancelled"
    assert (await answer(studio, "job why", job=job))["reasons"][0]["code"] == "cancelled"
    again = (await answer(studio, "job retry", job=job))["id"]
    notice = Notice(studio, lambda: 0.0)
    notice.show(Doing(JobId(again), "rendering", 3, 10, 4.5))
    await answer(studio, "job show", job=again)
    notice.clear()


async def test_a_failed_job_names_its_attempts(studio: Studio) -> None:
    [bay] = (await answer(studio, "render", names=["BAY"]))["jobs"]
    faults = {bay["id"].partition(".")[0]: [Crashed] * 9}
    await studios.work(studio, FakeRenderer(faults=faults))
    shown = await answer(studio, "job show", job=bay["id"])
    assert shown["attempts"][0]["code"] == "crashed"
    assert shown["reason"]


async def test_a_worker_says_what_it_did(studio: Studio) -> None:
    await answer(studio, "render", names=["SH010"])
    done = await answer(studio, "worker", until_idle=True)
    assert [len(one["takes"]) for one in done["finished"]] == [1, 1]


async def test_the_queue_for_other_programs_is_what_its_models_say(tmp_path: Path) -> None:
    path = "/api/v1/regeneration/jobs"
    async with served(tmp_path / "film") as one:
        await studios.add(one.studio, "environment", "BAY", "prompt=sea", "seed=1")
        for dry_run in (True, False):
            wanted = {"assets": ["BAY"], "quality": "low", "priority": "high"}
            found = await one.http.post(path, json=wanted, params={"dry_run": dry_run})
            assert found.status_code == 202, found.text
            check(SubmittedJobs, found.json())
        check(Jobs, await one.get(path))
        for dry_run in (True, False):
            check(CancelledJobs, (await one.http.delete(path, params={"dry_run": dry_run})).json())


def test_the_fixed_routes_have_examples() -> None:
    check_examples(SubmittedJobs, CancelledJobs)
