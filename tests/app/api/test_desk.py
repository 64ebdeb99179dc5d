"""The desk: one project, and long work in a thread of its own that does not hold up the others."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.commands.table import News, load
from engine.faults import NotFound
from tests.app.api.served import served


async def test_long_work_runs_in_a_thread_and_reports_in_the_loop(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        heard: list[threading.Thread] = []

        def report(news: News) -> None:
            heard.append(threading.current_thread())

        value = await there.desk.perform(load("verify"), {}, None, report)
        assert value["faults"] == []
        assert set(heard) == {threading.main_thread()}


async def test_only_the_open_project_is_there(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        assert there.desk.studio(there.studio.project.id) is there.studio
        with pytest.raises(NotFound):
            there.desk.studio("other")
