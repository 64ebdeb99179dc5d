"""Pictures on their way back: once however many ask, one after the other, and said how they ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.api.returns import Returns
from app.commands.storage import storage_drop
from app.commands.table import News, Working
from engine.faults import Fault, NotFound
from tests.app.studios import add, ask, film, takes_of, work


async def test_a_picture_comes_back_once_and_is_told_of_under_its_id(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        asset = await add(studio, "prop", "LAMP")
        ask(studio, "LAMP")
        await work(studio)
        [take] = takes_of(studio, "LAMP")
        await storage_drop(studio, lambda news: None, takes=["LAMP"], prove=True)
        heard: list[News] = []
        async with asyncio.TaskGroup() as group:
            returns = Returns(studio, group, heard.append)
            one = returns.begin(asset, take)
            assert returns.begin(asset, take) is one
            assert returns.shape(one)["state"] == "pending"
        assert returns.shape(returns.find(one.id))["state"] == "finished"
        assert {news.key for news in heard if isinstance(news, Working)} == {one.id}
        assert studio.blobs.has(take.sha256)
        with pytest.raises(NotFound):
            returns.find("return-nothing")


async def test_what_cannot_come_back_says_why(tmp_path: Path) -> None:
    from engine.renderer import Crashed
    from tests.fakes.renderer import FakeRenderer

    async with film(tmp_path / "film") as studio:
        asset = await add(studio, "prop", "LAMP")
        ask(studio, "LAMP")
        await work(studio)
        [take] = takes_of(studio, "LAMP")
        await storage_drop(studio, lambda news: None, takes=["LAMP"], prove=True)
        studio._renderer = lambda found: FakeRenderer(faults={take.recipe_key: [Crashed] * 9})
        async with asyncio.TaskGroup() as group:
            returns = Returns(studio, group, lambda news: None)
            one = returns.begin(asset, take)
        shape = returns.shape(one)
        assert shape["state"] == "failed"
        assert shape["reason"].startswith("crashed")


async def test_a_disk_that_fails_ends_no_other_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*given: object) -> bytes:
        raise NotADirectoryError(20, "Not a directory", str(tmp_path / "film/.restrike/blobs/ab"))

    async with film(tmp_path / "film") as studio:
        asset = await add(studio, "prop", "LAMP")
        ask(studio, "LAMP")
        await work(studio)
        [take] = takes_of(studio, "LAMP")
        monkeypatch.setattr("app.renewal.picture", refused)
        async with asyncio.TaskGroup() as group:
            returns = Returns(studio, group, lambda news: None)
            one = returns.begin(asset, take)
        assert returns.shape(one)["state"] == "failed"
        with pytest.raises(Fault, match="not a directory"):
            returns.begin(asset, take)
