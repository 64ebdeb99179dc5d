"""The program in processes of its own, rendered by fakes: several at once, killed at a chosen point, short of space.

`Processes` keeps one process that has imported everything and forks a fresh one for each call, which costs next to
nothing. A point is a call that changes what is on the disk: killing at each of them is killing at every instant that
matters.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from types import BuiltinFunctionType, FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
POINTS = frozenset({"fsync", "link", "mkdir", "open", "rename", "replace", "unlink", "write"})
"""The functions of the operating system at which a process may be killed; and every statement of a database."""

IMPORTED = (
    "app.cli.arguments",
    "app.commands.jobs",
    "app.commands.storage",
    "app.worker",
    "engine.compare",
    "sync.document",
)
"""What the server imports, so that its forks need not."""


@dataclass(frozen=True, slots=True)
class Call:
    """One command line; `die_at` kills it at that point, `largest` limits every file to so many bytes."""

    words: Sequence[str]
    die_at: int | None = None
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended: its exit status, negative for a signal, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)


class Processes:
    """Processes of the program, each with this one's environment as it is when it starts."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def together(self, calls: Sequence[Call]) -> list[Ended]:
        """Run calls at once, each in a process of its own, and wait for all."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        order = {"environment": dict(os.environ), "calls": [asdict(one) for one in calls]}
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return [Ended(**one) for one in json.loads(self._server.stdout.readline())]

    def __call__(self, *words: str, die_at: int | None = None, largest: int | None = None) -> Ended:
        """Run one call."""
        return self.together([Call(words, die_at, largest)])[0]


@contextmanager
def processes() -> Iterator[Processes]:
    """A server of processes, gone at the end."""
    command = [sys.executable, "-m", "tests.journeys.processes"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield Processes(server)
        assert server.stdin is not None
        server.stdin.close()
        server.wait()


# --- inside the server ---


def _serve() -> None:
    from app import studio
    from tests.fakes.renderer import FakeRenderer

    for name in IMPORTED:
        importlib.import_module(name)
    studio.render_process = lambda found: FakeRenderer()
    for line in sys.stdin:
        order = json.loads(line)
        os.environ.update(order["environment"])
        started = [_start(Call(**one)) for one in order["calls"]]
        print(json.dumps([_ended(*one) for one in started]), flush=True)


def _start(call: Call) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    try:
        _live(call, writing)
    finally:
        os._exit(70)


def _ended(child: int, reading: int) -> dict[str, Any]:
    with open(reading, encoding="utf-8") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    said = json.loads(told) if told else {"out": "", "err": ""}
    return {"status": os.waitstatus_to_exitcode(status), **said}


def _live(call: Call, writing: int) -> None:
    """The forked process: one command, then its answer into the pipe."""
    from app.cli import main

    if call.largest is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (call.largest, call.largest))
    if call.die_at is not None:
        sys.setprofile(_dies(call.die_at))
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(list(call.words))
    sys.setprofile(None)
    with open(writing, "w", encoding="utf-8") as pipe:
        json.dump({"out": out.getvalue(), "err": err.getvalue()}, pipe)
    os._exit(status)


def _dies(at: int) -> Callable[[FrameType, str, Any], None]:
    """Looks at every call of a function that is not Python, and kills the process at a point."""
    left = at

    def look(frame: FrameType, event: str, called: Any) -> None:
        nonlocal left
        if event == "c_call" and _is_point(called):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return look


def _is_point(called: BuiltinFunctionType) -> bool:
    name = called.__name__
    if name.startswith("execute"):
        return True
    return name in POINTS and getattr(called, "__module__", None) in ("posix", "_io", "io")


if __name__ == "__main__":
    _serve()
