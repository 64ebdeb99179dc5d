"""A film to work on in tests: a project with the bundled models, and fakes where the program has a render child."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app import requests, settings
from app.commands.assets import asset_add, asset_set
from app.commands.projects import init
from app.place import Place
from app.render.wishes import Asked
from app.settings import Settings
from app.studio import Studio
from app.worker import Told, Worker
from engine.renderer import Renderer
from sync.records import AssetId, JobId, Kind, Take, Tier
from tests.fakes.renderer import FakeRenderer


@asynccontextmanager
async def film(folder: Path, renderer: Callable[[Settings], Renderer] | None = None) -> AsyncIterator[Studio]:
    """The film in `folder`, begun if need be, rendered by fakes unless told otherwise."""
    home = settings.home()
    if not (folder / ".restrike").exists():
        await init(Place(folder.parent, home), folder=folder, name="A test film")
    async with Studio.open(folder, home, renderer=renderer or (lambda found: FakeRenderer())) as studio:
        yield studio


async def add(
    studio: Studio, kind: str, name: str, *fields: str, inputs: Sequence[str] = (), **more: Any
) -> AssetId:
    """A new asset; its id."""
    shape = await asset_add(
        studio, kind=Kind(kind), name=name, assignments=list(fields), input=list(inputs), **more
    )
    return AssetId(shape["id"])


async def change(studio: Studio, name: str, *fields: str, **more: Any) -> dict[str, Any]:
    """A new version of an asset."""
    return dict(await asset_set(studio, name=name, assignments=list(fields), **more))


def ask(studio: Studio, *names: str, tier: Tier | None = None, count: int = 1) -> list[Asked]:
    """Ask for pictures of the named assets."""
    selected = requests.select(studio, names, scene=None, all=not names, stale=False, kind=None, where=None)
    return requests.request(studio, selected, tier, count)


class Clock:
    """Monotonic seconds that pass only by resting."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.rests: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    async def rest(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self.rests.append(seconds)
        self.seconds += seconds


async def work(
    studio: Studio,
    renderer: Renderer | None = None,
    *,
    jobs: Sequence[JobId] | None = None,
    clock: Clock | None = None,
) -> list[Told]:
    """Work the queue until it is idle; what was told, steps left out."""
    told: list[Told] = []
    clock = clock or Clock()
    async with renderer or FakeRenderer() as entered:
        worker = Worker(studio, entered, now=clock, rest=clock.rest)
        await worker.run(until_idle=True, jobs=jobs, report=told.append)
    return [one for one in told if one.what != "step"]


def takes_of(studio: Studio, name: str) -> list[Take]:
    """The takes of an asset, the oldest first."""
    row = studio.project.index.find_asset(name)
    assert row is not None
    return [one.take for one in studio.project.index.takes(asset=row.id)]
