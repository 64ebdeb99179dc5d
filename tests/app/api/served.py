"""A small film that is served: the real server on loopback, fakes for the render child, a caller with the token."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.api import address
from app.api.desk import Desk
from app.api.server import Listening, serving
from app.place import Place
from app.settings import Settings
from app.studio import Studio
from engine.renderer import Renderer
from tests.app.studios import film


@dataclass(frozen=True, slots=True)
class Served:
    """What is served, and how to call it."""

    studio: Studio
    desk: Desk
    http: httpx.AsyncClient
    token: str

    @property
    def project(self) -> str:
        """The path of the project's routes."""
        return f"/api/v1/projects/{self.studio.project.id}"

    async def get(self, path: str, **query: Any) -> Any:
        """The answer to a GET that must succeed."""
        found = await self.http.get(path, params=query)
        assert found.status_code == 200, found.text
        return found.json()


@asynccontextmanager
async def served(
    folder: Path,
    renderer: Callable[[Settings], Renderer] | None = None,
    listening: Listening | None = None,
) -> AsyncIterator[Served]:
    """The film in `folder`, served."""
    async with film(folder, renderer) as studio:
        place = Place(folder, studio.home)
        async with serving(studio, place, listening or Listening(), by="serve") as desk:
            found = address.read(folder)
            assert found is not None
            bearer = {"Authorization": f"Bearer {found.token}"}
            async with httpx.AsyncClient(base_url=found.url, headers=bearer, trust_env=False) as http:
                yield Served(studio, desk, http, found.token)
