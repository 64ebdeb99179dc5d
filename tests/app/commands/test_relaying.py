"""`restrike relay` as a process: it answers, ends when told, and has what it acknowledged when it was killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from app import relay as running_relay
from app import settings
from app.commands.relaying import relay
from app.place import Place
from engine.faults import BadField
from tests.sync.relay.stage import visitor

ROOT = Path(__file__).parents[3]


@contextmanager
def running(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`restrike relay` in a process of its own, and where it listens."""
    command = [sys.executable, "-m", "app", "relay", "--port", "0", "--data", str(data)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            found = re.search(r"ws://127\.0\.0\.1:\d+", said)
            assert found is not None, said + process.stderr.read()
            yield process, found[0]
        finally:
            if process.poll() is None:
                process.kill()


def test_it_answers_until_it_is_told_to_end(tmp_path: Path) -> None:
    with running(tmp_path) as (process, url):
        with urlopen(f"http{url[2:]}/health", timeout=30) as answer:
            assert json.load(answer)["ok"] is True
        assert running_relay.state(settings.home())["address"] == url
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
        assert "Stopped" in out
        assert "Traceback" not in err
    assert running_relay.state(settings.home())["running"] is False


async def survive(data: Path, kills: int) -> int:
    """Put objects into a relay that is killed again and again; how many were acknowledged. None may be lost.

    The names that a device put under another address of the relay are still its room's, so all can read them.
    """
    acknowledged: list[str] = []
    for life in range(kills):
        with running(data) as (process, url):
            async with visitor(url, 1) as one:
                assert set(acknowledged) <= set(await one.client.names())
                for number in range(20):
                    name = f"{life:03d}/{number:03d}"
                    await one.client.put(name, os.urandom(3000))
                    acknowledged.append(name)
                process.kill()
    with running(data) as (_, url):
        async with visitor(url, 2) as other:
            assert await other.client.names() == acknowledged
    return len(acknowledged)


async def test_what_it_acknowledged_survives_kills(tmp_path: Path) -> None:
    assert await survive(tmp_path, 3) == 60


@pytest.mark.parametrize(("name", "value"), [("port", -1), ("port", 65536), ("quota", 0), ("quota", 2**21)])
async def test_numbers_that_cannot_be_are_refused(tmp_path: Path, name: str, value: int) -> None:
    with pytest.raises(BadField, match=f"--{name}"):
        await relay(Place(tmp_path, tmp_path), lambda news: None, **{name: value})  # type: ignore[arg-type]
