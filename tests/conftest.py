"""What every test gets: a home of its own, one thread of arithmetic, and a look at what it leaves behind.

A test fails when it leaves a thread that is not a daemon, an unfinished asyncio task, or a file in the system's folder
for temporary files; and a module when it leaves a child process, once its own fixtures are closed. `RESTRIKE_HOME`
names a fresh empty folder in each test, and no keyring is there.

`async def test_…` just works: pytest's anyio plugin (in `auto` mode, see pyproject.toml) runs it on asyncio. Fixtures
may be async too. No marker is needed, and `asyncio.run` in a plain test is as good.

Hypothesis draws the same modest number of examples each time (profile `ci`); `--hypothesis-profile=explore` looks for
new ones.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before any test imports numpy or torch, which read it then

GRACE_SECONDS = 3.0
"""How long a thread or a child that is about to end is waited for; one that lives longer was left behind."""

hypothesis.settings.register_profile("ci", derandomize=True, max_examples=50, deadline=None, database=None)
hypothesis.settings.register_profile("explore", max_examples=2000, deadline=None)
hypothesis.settings.load_profile("ci")

signal.signal(signal.SIGINT, signal.default_int_handler)
"""In the background a shell has Ctrl-C ignored, and every process below these tests would inherit that."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The loop that async tests run on: asyncio, as in the program."""
    return "asyncio"


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh `RESTRIKE_HOME` and a fresh folder for temporary files, which the test must leave empty."""
    folder = Path(tempfile.mkdtemp(prefix="h", dir=tmp_path_factory.getbasetemp()))
    home, temporary = folder / "home", folder / "tmp"
    home.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("RESTRIKE_HOME", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield home
    left = sorted(str(path.relative_to(temporary)) for path in temporary.rglob("*"))
    shutil.rmtree(folder)
    if left:
        pytest.fail(f"the test left temporary files: {', '.join(left)}", pytrace=False)


@pytest.fixture(autouse=True)
def nothing_left_running(
    own_home: Path, children_seen: dict[psutil.Process, str], request: pytest.FixtureRequest
) -> Iterator[None]:
    """Fails the test that leaves a thread, and notes in which test a child process appeared."""
    threads = set(threading.enumerate())
    yield
    for child in _children():
        children_seen.setdefault(child, request.node.name)
    left = [one for one in threading.enumerate() if one not in threads and not one.daemon]
    for thread in left:
        thread.join(GRACE_SECONDS)
    names = [thread.name for thread in left if thread.is_alive()]
    if names:
        pytest.fail(f"the test left threads: {', '.join(names)}", pytrace=False)


@pytest.fixture(scope="module", autouse=True)
def children_seen() -> Iterator[dict[psutil.Process, str]]:
    """Fails a module that leaves a child process: a render child may serve all its tests, and no longer."""
    seen = dict.fromkeys(_children(), "")
    yield seen
    new = [one for one in _children() if seen.get(one) != "" and not _is_resource_tracker(one)]
    _, alive = psutil.wait_procs(new, timeout=GRACE_SECONDS)
    left = [f"{_command(one)} of {seen.get(one, 'a fixture')}" for one in alive]
    if left:
        pytest.fail(f"the module left child processes: {', '.join(left)}", pytrace=False)


def _children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _is_resource_tracker(process: psutil.Process) -> bool:
    """multiprocessing starts one of these and keeps it as long as the interpreter runs."""
    return "multiprocessing.resource_tracker" in _command(process)


def _command(process: psutil.Process) -> str:
    try:
        return f"{process.pid} ({' '.join(process.cmdline())[:120]})"
    except psutil.Error:
        return str(process.pid)


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Watch the tasks of an async test; its runner would cancel forgotten ones without a word."""
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        pyfuncitem.obj = _watched(pyfuncitem.obj)
    yield


def _watched(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def run(**arguments: Any) -> None:
        before = asyncio.all_tasks()
        await test(**arguments)
        left = [task.get_name() for task in asyncio.all_tasks() - before if not task.done()]
        if left:
            pytest.fail(f"the test left asyncio tasks: {', '.join(sorted(left))}", pytrace=False)

    return run
