"""The looks that tests/conftest.py takes at what a test leaves behind do find it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.structure.sources import ROOT

LEAKS = """
import asyncio, os, subprocess, sys, tempfile, threading

def test_thread():
    threading.Thread(target=threading.Event().wait, args=(8,), name="forgotten").start()

def test_child():
    subprocess.Popen([sys.executable, "-c", "input()"], stdin=os.pipe()[0]).returncode = 0

async def test_task():
    asyncio.get_running_loop().create_task(asyncio.Event().wait(), name="lonely")

def test_file():
    tempfile.mkstemp(suffix=".part")

def test_home():
    assert os.listdir(os.environ["RESTRIKE_HOME"]) == []
    with open(os.path.join(os.environ["RESTRIKE_HOME"], "settings"), "w"):
        pass

async def test_clean():
    assert os.listdir(os.environ["RESTRIKE_HOME"]) == []
    thread = threading.Thread(target=print)
    thread.start()
    thread.join()
    await asyncio.gather(asyncio.sleep(0))
    with tempfile.TemporaryDirectory():
        subprocess.run([sys.executable, "-c", ""], check=True)
"""

COMPLAINTS = (
    "left threads: forgotten",
    "of test_child",
    "left asyncio tasks: lonely",
    "left temporary files",
)


def test_what_is_left_behind_is_found_and_named(tmp_path: Path) -> None:
    file = tmp_path / "test_leaking.py"
    file.write_text(LEAKS, encoding="utf-8")
    options = "-q -p tests.conftest -p no:cacheprovider -p no:xdist -c pyproject.toml --rootdir ."
    command = [
        sys.executable,
        "-m",
        "pytest",
        *options.split(),
        "--basetemp",
        str(tmp_path / "own"),
        str(file),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    for complaint in COMPLAINTS:
        assert complaint in done.stdout, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("1 failed, 5 passed, 3 errors"), done.stdout
