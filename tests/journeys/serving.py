"""`restrike serve` in a process of its own, rendered by a fake: `with serving(FOLDER, HOME)`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from app.cli import main
from app.settings import Settings
from engine.renderer import Renderer
from tests.fakes.renderer import FakeRenderer

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def serving(folder: Path, home: Path, *options: str, lan: bool = False) -> Iterator[subprocess.Popen[str]]:
    """The project open for others until left; the local network is left alone unless a test is about it."""
    options = options if lan else ("--no-lan", *options)
    command = [sys.executable, "-m", "tests.journeys.serving", "--project", str(folder), *options]
    environment = {**os.environ, "RESTRIKE_HOME": str(home)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert "is open at" in said, said + process.stderr.read()
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate()


def _renderer(found: Settings) -> Renderer:
    return FakeRenderer()


if __name__ == "__main__":
    from app import studio

    studio.render_process = _renderer
    sys.exit(main(["serve", *sys.argv[1:]]))
