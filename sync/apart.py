"""Large deliveries are taken in by a child process, so that this one goes on listening, showing and answering.

While a film comes in for the first time, checking and keeping four megabytes of it takes half a second. A program that
did so itself would be deaf meanwhile: the other side's packets would time out and its links slow down. Whatever fails
in the child is simply done here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from sync import identity, taking
from sync.arrivals import Taken
from sync.identity import Clock
from sync.ledger import Ledger
from sync.project import Project
from sync.records import Time
from sync.verifying import read

LARGE: Final = 256 * 1024
"""What is smaller is taken in here, where it is quicker done."""
MOST_DEATHS: Final = 3
"""After so many the child is given up."""
_SOURCES: Final = Path(__file__).resolve().parent.parent

_log = logging.getLogger(__name__)


class Apart:
    """The child, started when it is needed first; to be entered with `with`. One delivery at a time."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self.deaths = 0
        self._project = project
        self._folder = project.ask(lambda ledger: ledger.folder)
        self._clock = clock
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._asking = threading.Lock()

    def __enter__(self) -> Apart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child for good; what it was taking in is kept as a whole or not at all."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()
        with self._asking:
            self._part()

    def suits(self, bundles: Sequence[bytes]) -> bool:
        """Whether a delivery is worth handing over."""
        return not self._closed and self.deaths < MOST_DEATHS and sum(map(len, bundles)) >= LARGE

    async def take(self, bundles: Sequence[bytes]) -> Taken | None:
        """Have bundles taken in; None where that did not work, and they have to be taken in here."""
        found = await asyncio.to_thread(self._ask, bundles, identity.now(self._clock))
        if found is None:
            return None

        def forget(ledger: Ledger) -> None:
            ledger.shelf.drop(found.documents)

        self._project.ask(forget, news=True)
        return found

    def _ask(self, bundles: Sequence[bytes], time: Time) -> Taken | None:
        with self._asking:
            return None if self._closed else self._answer(bundles, time)

    def _part(self) -> None:
        """End the child that there is."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            with suppress(OSError):  # what was not sent any more
                child.communicate()

    def _answer(self, bundles: Sequence[bytes], time: Time) -> Taken | None:
        child = self._child = self._child or self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(taking.request(bundles, time))
            child.stdin.flush()
            data = read(child.stdout)
        except (OSError, ValueError):  # the pipe is broken, or was closed
            data = None
        if data is None:
            self._part()
            self.deaths += 1
            if not self._closed:
                _log.warning("the process that takes in deliveries ended (%s)", child.returncode)
            return None
        value = json.loads(data)
        if "fault" in value:
            _log.info("a delivery is taken in again: %s", value["fault"])
            return None
        return taking.answered(value)

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH"))))
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "sync.taking", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
