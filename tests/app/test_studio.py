"""Opening and closing everything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import settings
from app.settings import Settings
from app.studio import Studio, render_process
from engine.faults import NotFound
from tests.app.studios import film


async def test_it_opens_a_project_with_its_surroundings(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        assert studio.project.name == "A test film"
        assert studio.home == settings.home()
        assert studio.blobs.root == tmp_path / "film" / ".restrike" / "blobs"
        assert studio.models.facts()


async def test_there_is_nothing_to_open_where_no_project_is(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        async with Studio.open(tmp_path, settings.home()):
            pass


async def test_the_renderer_follows_the_settings(tmp_path: Path) -> None:
    seen = []
    settings.write(settings.home(), Settings(device="cpu", threads=3))

    def make(found: Settings) -> object:
        seen.append(found)
        return render_process(found)

    async with film(tmp_path / "film", make) as studio:  # type: ignore[arg-type]
        studio.renderer()
    assert [(one.device, one.threads) for one in seen] == [("cpu", 3)]


async def test_looking_imports_nothing_heavy(tmp_path: Path) -> None:
    async with film(tmp_path / "film"):
        pass
    program = (
        "import json, sys; from app.cli import main; main(['status', '--json', '--project', sys.argv[1]]); "
        "print(json.dumps(sorted(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "film")]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "."}
    )
    loaded = set(json.loads(ran.stdout.splitlines()[-1]))
    assert not loaded & {"torch", "diffusers", "numpy", "PIL", "rich", "engine.process", "engine.models"}
