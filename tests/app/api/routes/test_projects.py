"""What is open here."""

from __future__ import annotations

from pathlib import Path

from tests.app.api.served import served
from tests.app.studios import add, ask, work


async def test_the_open_project_and_the_server_are_named(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        [project] = (await there.get("/api/v1/projects"))["projects"]
        assert (project["id"], project["assets"]) == (there.studio.project.id, 1)
        server = await there.get("/api/v1/server")
        assert (server["by"], server["renders"], server["listeners"]) == ("serve", False, 0)


async def test_analytics_are_the_report(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        ask(there.studio, "LAMP")
        await work(there.studio)
        found = await there.get("/api/v1/storage/analytics")
        assert found == await there.get(f"{there.project}/storage/report")
        assert found["bytes"] > 0
