"""What commands answer of projects, and of the sample film."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.api.schemas.projects import Projects, ServerInfo
from app.studio import Studio
from tests.app.api.schemas.wire import answer, check, check_examples
from tests.app.api.served import served
from tests.fakes.renderer import FakeRenderer


async def test_a_project_is_what_its_models_say(studio: Studio, tmp_path: Path) -> None:
    status = await answer(studio, "status")
    assert (status["assets"], status["jobs"]["pending"]) == (2, 0)
    begun = await answer(studio, "init", folder=str(tmp_path / "other"), name="Other")
    assert begun["message"] == "Other is ready in other."


async def test_the_sample_film_is_what_its_model_says(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.studio.render_process", lambda found: FakeRenderer())
    done = await answer(studio, "demo", folder=str(tmp_path / "sample"), headless=True)
    assert done["identical"] == done["deleted"] > 0


async def test_what_is_open_is_what_its_models_say(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as one:
        check(Projects, await one.get("/api/v1/projects"))
        check(ServerInfo, await one.get("/api/v1/server"))


def test_the_fixed_routes_have_examples() -> None:
    check_examples(Projects, ServerInfo)
