"""A worker in a process of its own, to be killed: `python -m tests.journeys.worker_process FOLDER SECONDS_A_STEP`.

It says on stdout what it does, one line at a time, and takes `SECONDS_A_STEP` for each step of its fake renderer.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app import settings, shift
from app.commands.table import News, Working
from app.settings import Settings
from app.studio import Studio
from engine.renderer import Renderer
from tests.fakes.renderer import FakeRenderer


def say(news: News) -> None:
    """Each step and each end, at once."""
    if isinstance(news, Working):
        print(f"{news.what}|{news.stage}|{news.step}", flush=True)


async def main(folder: Path, seconds: float) -> None:
    """Work until nothing is left."""

    def renderer(found: Settings) -> Renderer:
        return FakeRenderer(seconds_per_step=seconds, wait=asyncio.sleep)

    async with Studio.open(folder, settings.home(), renderer=renderer) as studio:
        done = await shift.work(studio, say, until_idle=True)
    print(f"finished|{len(done.finished)}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
