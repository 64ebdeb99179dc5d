"""How a child is started, and what is said of its death."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from engine.child import SOURCES, Child, Setting
from engine.renderer import Crashed, OutOfMemory

pytestmark = pytest.mark.anyio


def scripted(folder: Path, script: str) -> dict[str, str]:
    """The environment in which `python -m engine` runs `script`, which has `answer` and `question` for frames."""
    package = folder / "engine"
    package.mkdir()
    (package / "__init__.py").write_text("", "utf-8")
    (package / "__main__.py").write_text(f"{FRAMES}\n{script}\n", "utf-8")
    return {"PYTHONPATH": str(folder)}


FRAMES = """
import json, os, sys, threading

def answer(**header):
    text = json.dumps({**header, "parts": []}).encode()
    os.write(1, b"RSK1" + len(text).to_bytes(4, "big") + text)

def question():
    size = int.from_bytes(sys.stdin.buffer.read(8)[4:], "big")
    return json.loads(sys.stdin.buffer.read(size))
"""


async def _death(folder: Path, script: str) -> Exception:
    child = await Child.start(Setting("cpu", 1, environment=scripted(folder, script)))
    try:
        with pytest.raises((Crashed, OutOfMemory)) as caught:
            await child.receive()
        return caught.value
    finally:
        await child.end()


def test_threads_are_fixed_and_nothing_is_fetched() -> None:
    found = Setting("cpu", 3).variables()
    assert {found[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")} == {"3"}
    assert {found[name] for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")} == {"1"}
    assert found["PYTHONPATH"].split(os.pathsep)[0] == str(SOURCES)


def test_the_environment_given_wins() -> None:
    assert Setting("cpu", 1, environment={"OMP_NUM_THREADS": "7"}).variables()["OMP_NUM_THREADS"] == "7"


def test_the_command_line_says_device_threads_and_memory() -> None:
    words = Setting("cpu", 2, 10**9).words()
    assert words[:4] == [sys.executable, "-P", "-m", "engine"]
    assert "--memory" in words
    assert "--memory" not in Setting("cpu", 2).words()


async def test_a_death_is_told_with_its_last_words(tmp_path: Path) -> None:
    fault = await _death(tmp_path, "sys.exit('ImportError: libgomp.so.1 is missing')")
    assert isinstance(fault, Crashed)
    assert "exit status 1" in str(fault)
    assert "libgomp.so.1" in str(fault)


async def test_a_silent_death_is_told_by_its_signal(tmp_path: Path) -> None:
    fault = await _death(tmp_path, "os.kill(os.getpid(), 9)")
    assert "SIGKILL" in str(fault)


async def test_running_out_of_memory_is_recognised_in_its_last_words(tmp_path: Path) -> None:
    script = (
        "print('terminate called after throwing std::bad_alloc', file=sys.stderr, flush=True); os.abort()"
    )
    assert isinstance(await _death(tmp_path, script), OutOfMemory)


async def test_what_is_no_frame_is_a_crash(tmp_path: Path) -> None:
    fault = await _death(tmp_path, "print('Loading weights: 100 %', flush=True); question()")
    assert isinstance(fault, Crashed)
    assert "no answer" in str(fault)


async def test_a_frame_cut_off_is_a_crash(tmp_path: Path) -> None:
    assert isinstance(await _death(tmp_path, "os.write(1, b'RSK1\\0\\0')"), Crashed)


async def test_what_it_printed_is_forgotten_when_it_grows_long(tmp_path: Path) -> None:
    script = "sys.stderr.write('x' * 3_000_000); answer(**{'is': 'said'}); question(); sys.exit('short')"
    child = await Child.start(Setting("cpu", 1, environment=scripted(tmp_path, script)))
    try:
        await child.receive()
        child.forget_errors()
        await child.send({})
        with pytest.raises(Crashed, match="saying: short"):
            await child.receive()
    finally:
        await child.end()
    assert not child.alive
