"""The studio: one open project with what surrounds it on this machine. It opens and closes everything, nothing else.

What only some commands need (models, blobs) is made when it is first asked for, so that looking costs little.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from app import settings
from app.place import PRIVATE, utc_now
from app.settings import Settings
from sync.project import Project

if TYPE_CHECKING:
    from app.company import Company
    from app.resident import Resident
    from engine.models import Installed
    from engine.recipe import FileDigest
    from engine.renderer import Renderer
    from sync.blobs.folder import FolderStore

RendererFactory = Callable[[Settings], "Renderer"]
Elsewhere = Callable[["FileDigest"], Awaitable[bool]]
"""Fetches bytes from whoever has them; true once they are in the store."""


def render_process(found: Settings) -> Renderer:
    """The renderer of the program: diffusers in a child process, which starts with the first strike."""
    from engine.process import RenderProcess

    return RenderProcess(device=found.device, threads=found.threads)


class Studio:
    """A project open on this machine; to be entered with `async with Studio.open(…)`.

    `served` says that a server has it open for callers, who then must not touch the process. `resident` is the worker
    that works all the time, if there is one, `company` the team's other devices. Whoever works the queue holds
    `working`, as one session has one worker.
    `elsewhere` asks others for bytes that are not here, if there is anybody to ask.
    """

    def __init__(
        self,
        project: Project,
        home: Path,
        found: Settings,
        clock: Callable[[], datetime],
        renderer: RendererFactory,
    ) -> None:
        self.project = project
        self.home = home
        self.settings = found
        self.clock = clock
        self.served = False
        self.resident: Resident | None = None
        self.company: Company | None = None
        self.elsewhere: Elsewhere | None = None
        self.working = asyncio.Lock()
        self._renderer = renderer

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        folder: Path,
        home: Path,
        *,
        clock: Callable[[], datetime] = utc_now,
        renderer: RendererFactory | None = None,
    ) -> AsyncIterator[Studio]:
        """The project in `folder`, as the device of `home`; `renderer` makes what pictures are rendered with."""
        found = settings.read(home)
        async with Project.open(folder, home=home, clock=clock, keyring=found.keyring) as project:
            yield cls(project, home, found, clock, renderer or render_process)

    @asynccontextmanager
    async def once_more(self) -> AsyncIterator[Studio]:
        """The same project open a second time in this process, as a session of its own."""
        folder = self.project.folder
        async with Studio.open(folder, self.home, clock=self.clock, renderer=self._renderer) as other:
            other.served = self.served
            other.elsewhere = self._asked
            yield other

    async def _asked(self, digest: FileDigest) -> bool:
        """Ask as this studio does at that moment."""
        return self.elsewhere is not None and await self.elsewhere(digest)

    @cached_property
    def models(self) -> Installed:
        """The models of this machine."""
        from engine.models import Installed
        from resources import bundled_models

        return Installed(self.home, bundled_models())

    @cached_property
    def blobs(self) -> FolderStore:
        """The bytes of pictures, by digest."""
        from sync.blobs.folder import FolderStore

        return FolderStore(self.project.folder / PRIVATE / "blobs")

    def renderer(self) -> Renderer:
        """A renderer of one's own, in a process that nothing was rendered in before; enter it with `async with`."""
        return self._renderer(self.settings)
