"""The desk: one project, and long work in a thread of its own that does not hold up the others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.api.desk import Desk
from app.commands.table import News, Report, load
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


async def test_who_leaves_stops_long_work_and_nothing_is_done_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most, begun, go_on = 0, 0, threading.Event(), threading.Event()

    def check(studio: object) -> tuple[int, list[object]]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        begun.set()
        go_on.wait(10)
        at_once -= 1
        return 0, []

    monkeypatch.setattr("app.integrity.check_blobs", check)
    async with served(tmp_path / "film") as there:
        said: list[News] = []
        async with asyncio.TaskGroup() as group:
            first = group.create_task(_verified(there.desk, said.append))
            await asyncio.to_thread(begun.wait, 10)
            first.cancel()
            second = group.create_task(_verified(there.desk, lambda news: None))
            await asyncio.wait({second}, timeout=0.3)
            go_on.set()
        assert second.result()["faults"] == []
        assert first.cancelled()
        assert most == 1
        assert not any("models" in getattr(one, "sentence", "") for one in said)


async def _verified(desk: Desk, report: Report) -> Mapping[str, Any]:
    return await desk.perform(load("verify"), {}, None, report)
