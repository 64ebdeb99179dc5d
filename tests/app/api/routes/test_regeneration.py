"""The queue as callers meet it: asking, asking twice, urgency, calling off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from sync.project import Edit
from tests.app.api.served import served
from tests.app.studios import add, work

T = TypeVar("T")

JOBS = "/api/v1/regeneration/jobs"


async def test_pictures_are_asked_for_once(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        lamp = await add(there.studio, "prop", "LAMP")
        body = {"assets": ["LAMP"], "quality": "low", "priority": "high"}
        first = await there.http.post(JOBS, json=body)
        assert first.status_code == 202
        [job] = first.json()["jobs"]
        assert (job["asset"], job["tier"], job["deduplicated"], job["votes"]) == (lamp, "low", False, 1)
        assert "eta_s" in job
        [again] = (await there.http.post(JOBS, json=body)).json()["jobs"]
        assert (again["id"], again["deduplicated"]) == (job["id"], True)
        await work(there.studio)
        assert (await there.get(f"{JOBS}/{job['id']}"))["state"] == "finished"
        [done] = (await there.http.post(JOBS, json=body)).json()["jobs"]
        assert done["take"] is not None


async def test_a_key_answers_twice_and_does_once(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        key = {"Idempotency-Key": "one"}
        first = await there.http.post(JOBS, json={"assets": ["LAMP"], "count": 2}, headers=key)
        again = await there.http.post(JOBS, json={"assets": ["LAMP"], "count": 2}, headers=key)
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        other = await there.http.post(JOBS, json={"assets": ["LAMP"]}, headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


@pytest.mark.parametrize(
    "body",
    [
        {"assets": []},
        {"assets": ["LAMP"], "quality": "ultra"},
        {"assets": ["LAMP"], "priority": "now"},
        {"assets": ["LAMP"], "count": 0},
        {"assets": ["LAMP"], "extra": 1},
        {},
    ],
)
async def test_what_cannot_be_asked_for_is_refused(tmp_path: Path, body: dict[str, object]) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        found = await there.http.post(JOBS, json=body)
        assert (found.status_code, found.json()["code"]) == (422, "bad_field")
        assert (await there.get(JOBS))["jobs"] == []


async def test_jobs_are_listed_voted_for_and_called_off(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        for name in ("LAMP", "ROPE"):
            await add(there.studio, "prop", name)
        asked = (await there.http.post(JOBS, json={"assets": ["LAMP", "ROPE"]})).json()["jobs"]
        one = asked[0]["id"]
        assert (await there.get(JOBS, state="pending", limit=1))["total"] == 2
        voted = await there.http.post(f"{JOBS}/{one}/vote", json={"vote": -1})
        assert voted.json()["votes"] == -1
        looked = await there.http.delete(f"{JOBS}/{one}", params={"dry_run": True})
        assert looked.json()["state"] == "pending"
        assert (await there.http.delete(f"{JOBS}/{one}")).json()["state"] == "cancelled"
        again = (await there.http.post(f"{JOBS}/{one}/retry")).json()
        assert (again["state"], again["generation"]) == ("pending", 1)
        ended = (await there.http.delete(JOBS)).json()
        assert {row["state"] for row in ended["jobs"]} == {"cancelled"}
        assert (await there.http.get(f"{JOBS}/nothing")).status_code == 404


async def test_all_are_called_off_in_few_commits_and_no_million_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path / "film") as there:
        for name in ("LAMP", "ROPE", "BELL"):
            await add(there.studio, "prop", name)
        await there.http.post(JOBS, json={"assets": ["LAMP"], "count": 150})
        commits, real = [], there.studio.project.commit

        def commit(build: Callable[[Edit], T]) -> T:
            commits.append(build)
            return real(build)

        monkeypatch.setattr(there.studio.project, "commit", commit)
        ended = (await there.http.delete(JOBS)).json()["jobs"]
        assert len(ended) == 150
        assert {row["state"] for row in ended} == {"cancelled"}
        assert len(commits) == 2
        monkeypatch.setattr("app.api.routes.regeneration.MOST_AT_ONCE", 2)
        refused = await there.http.post(JOBS, json={"assets": ["LAMP", "ROPE", "BELL"]})
        assert (refused.status_code, refused.json()["field"]) == (422, "count")
