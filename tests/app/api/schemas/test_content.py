"""Pictures on their way back, and signed addresses."""

from __future__ import annotations

from pathlib import Path

from app.api.schemas.content import Returning, SignedUrl
from app.api.schemas.jobs import Job
from tests.app import studios
from tests.app.api.schemas.wire import answer, check, check_examples
from tests.app.api.served import served


async def test_a_picture_that_is_here_and_one_that_is_not(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as one:
        await studios.add(one.studio, "environment", "BAY", "prompt=sea", "seed=1")
        studios.ask(one.studio)
        await studios.work(one.studio)
        path = "/api/v1/assets/BAY/content"
        check(SignedUrl, await one.get(path, url=True))
        await answer(one.studio, "storage drop", all=True, prove=True)
        found = await one.http.get(path)
        assert found.status_code == 202
        check(Returning, found.json())
        check(Job, await one.get(found.headers["location"]))


def test_there_are_examples() -> None:
    check_examples(Returning, SignedUrl)
