"""`restrike serve` as a process: it says where it is, answers, ends when told, and leaves nothing that lies."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from app import settings
from app.api import address
from app.commands.projects import init
from app.place import Place

ROOT = Path(__file__).parents[3]


@contextmanager
def running(folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """`restrike serve` in a process of its own, once it has said that the project is open."""
    command = [sys.executable, "-m", "app", "serve", "--project", str(folder), *more]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert "is open at http" in said, said + process.stderr.read()
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project."""
    asyncio.run(init(Place(tmp_path, settings.home()), folder=tmp_path / "film", name="A test film"))
    return tmp_path / "film"


def asked(folder: Path, path: str) -> object:
    """The answer of the running server."""
    found = address.read(folder)
    assert found is not None
    request = Request(f"{found.url}{path}", headers={"Authorization": f"Bearer {found.token}"})
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_it_serves_until_it_is_told_to_end(folder: Path) -> None:
    with running(folder, "--render") as process:
        server = asked(folder, "/api/v1/server")
        assert isinstance(server, dict)
        assert (server["by"], server["renders"]) == ("serve", True)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Stopped" in out
    assert not address.path(folder).exists()


def test_interrupting_it_is_no_failure_of_its_own(folder: Path) -> None:
    with running(folder) as process:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in err
    assert not address.path(folder).exists()


def test_what_a_killed_one_left_is_believed_by_nobody(folder: Path) -> None:
    with running(folder) as process:
        process.kill()
        process.wait()
    assert address.path(folder).exists()
    assert address.read(folder) is None
    with running(folder):
        assert address.read(folder) is not None
