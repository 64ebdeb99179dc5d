"""A whole story with the bundled model in real render children: render, lose, fetch; and a killed child."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from app import studio as studio_module
from app.commands.storage import storage_drop, storage_fetch
from app.commands.table import News
from app.commands.takes import take_prove
from app.settings import Settings
from app.worker import Told, Worker
from engine.image import decode, pixel_digest
from engine.process import RenderProcess
from sync.rules import jobs as rules
from tests.app.studios import Clock, add, ask, film, takes_of

pytestmark = pytest.mark.slow


def silent(news: News) -> None:
    """Nobody listens."""


async def test_render_lose_fetch_identical_with_a_child_killed_on_the_way(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    async with film(folder, studio_module.render_process) as studio:
        await add(studio, "environment", "BAY", "prompt=sea at dawn", "seed=1", "steps=4")
        await add(
            studio, "shot", "SH010", "prompt=a red ship", "seed=2", "steps=6", inputs=["BAY"], scene="SC-01"
        )
        [_, shot] = ask(studio, "SH010")
        clock = Clock()
        killed = False
        async with RenderProcess(device="cpu", threads=1) as renderer:

            def told(news: Told) -> None:
                nonlocal killed
                at_work = news.progress is not None and news.progress.stage == "rendering"
                if news.job == shot.job and at_work and not killed and renderer.pid is not None:
                    killed = True
                    os.kill(renderer.pid, signal.SIGKILL)

            await Worker(studio, renderer, now=clock, rest=clock.rest).run(until_idle=True, report=told)
        assert killed
        assert [one.code for one in rules.view(studio.project.job(shot.job)).attempts] == ["crashed"]
        assert len(takes_of(studio, "BAY")) == len(takes_of(studio, "SH010")) == 1
        proved = await take_prove(studio, silent, all=True)
        assert [one["class"] for one in proved["takes"]] == ["R0", "R0"]
        dropped = await storage_drop(studio, silent, all=True)
        assert dropped["freed_bytes"] > 0
        assert not list(folder.glob("0*/**/*.png"))
    async with film(folder, lambda found: fresh(found)) as studio:
        back = await storage_fetch(studio, silent, names=["SH010"])
        assert [one["restored"] for one in back["takes"]] == [True]
        [take] = takes_of(studio, "SH010")
        assert pixel_digest(decode((folder / take.file).read_bytes())) == take.pixels


def fresh(found: Settings) -> RenderProcess:
    """A render child as the program starts it."""
    return RenderProcess(device="cpu", threads=found.threads)
