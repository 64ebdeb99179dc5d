"""A film to ask commands about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.studio import Studio
from tests.app import studios


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """A film with a place and a shot in it, open."""
    async with studios.film(tmp_path / "film") as opened:
        await studios.add(opened, "environment", "BAY", "prompt=sea", "seed=1")
        await studios.add(opened, "shot", "SH010", inputs=["BAY:environment"], scene="SC-01")
        yield opened
