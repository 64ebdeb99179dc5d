"""Changes from peers are tried in a child first, so that none of them can end, hang or swell this program.

The child is kept warm, may take so much memory and so much time, and is killed and started afresh beyond that. What it
was trying is then refused like any bad change, so that arrivals find the bundle and name who sent it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from engine.faults import Damaged
from sync import verifying
from sync.arrivals import Contents

MEMORY: Final = 1 << 30
SECONDS: Final = 1.0
BYTES: Final = 2 << 20
"""For every so many bytes the child has as much time again."""
START_SECONDS: Final = 15.0
_SOURCES: Final = Path(__file__).resolve().parent.parent
_FIX: Final = "it was set aside; its sender is to be looked at"


class Verifier:
    """The child, to be entered with `with`; one thread at a time. `ended` counts how often it had to be replaced."""

    def __init__(self, *, memory: int = MEMORY, seconds: float = SECONDS) -> None:
        self.ended = 0
        self._memory = memory
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Verifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child; the next question starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()

    def warm(self) -> None:
        """Start the child now, so that the first question need not wait for it."""
        genesis: list[bytes] = []
        if self._child is None:
            self._ask(genesis, genesis, genesis, START_SECONDS)

    def __call__(self, genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes]) -> Contents:
        """The facts that fresh changes add to a document; raises `Damaged` where they are bad in any way."""
        self.warm()
        size = sum(map(len, known)) + sum(map(len, fresh))
        found = self._ask(genesis, known, fresh, self._seconds * (1 + size / BYTES))
        value = json.loads(found)
        if "facts" not in value:
            raise Damaged(str(value["refused"]), _FIX)
        return {(str(collection), str(key)): str(text) for collection, key, text in value["facts"]}

    def _ask(
        self, genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes], seconds: float
    ) -> bytes:
        child = self._child = self._child or self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        with _deadline(child, seconds) as late:
            try:
                child.stdin.write(verifying.pack((genesis, known, fresh)))
                found = None if _silent(child, seconds) else verifying.read(child.stdout)
            except BrokenPipeError:
                found = None
        if found is None:
            raise self._death(child, late=late.is_set() or child.poll() is None, seconds=seconds)
        return found

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH"))))
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "sync.verifying", str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": path},
        )

    def _death(self, child: subprocess.Popen[bytes], *, late: bool, seconds: float) -> Damaged:
        self.close()
        self.ended += 1
        if late:
            return Damaged(f"a change could not be checked within {seconds:.1f} seconds", _FIX)
        status = child.returncode or 0
        how = signal.Signals(-status).name if -status in set(signal.Signals) else f"exit status {status}"
        return Damaged(f"a change ended the process that checks changes ({how})", _FIX)


def _silent(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether no answer begins within the time; an answer that has begun is whole, for it is written at once."""
    if sys.platform == "win32":
        return False
    assert child.stdout is not None
    return not select.select([child.stdout], [], [], seconds)[0]


@contextmanager
def _deadline(child: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Where pipes cannot be waited for with a time, kill the child from a thread; a thread costs 4 ms a question."""
    late = threading.Event()
    if sys.platform != "win32":
        yield late
        return

    def end() -> None:
        late.set()
        child.kill()

    watch = threading.Timer(seconds, end)
    watch.start()
    try:
        yield late
    finally:
        watch.cancel()
        watch.join()
