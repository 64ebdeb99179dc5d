"""A project kept open by `restrike serve` in a process of its own, and a caller of its API who knows only HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import psutil

from tests.benchmarks.program import Program

API: Final = "/api/v1"
SYNC: Final = "server:full_sync"
CHANGED: Final = "server:asset_changed"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came: its bytes, what they say, and the milliseconds until they were decoded."""

    status: int
    etag: str
    body: bytes
    value: Any
    ms: float


class Caller:
    """One connection that is kept; not for several threads at once."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._http = http.client.HTTPConnection(parts.hostname, parts.port, timeout=300)
        self._token = token

    def __enter__(self) -> Caller:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: Any = None,
        known: str | None = None,
    ) -> Reply:
        """The answer to a request below `/api/v1`; `known` is an ETag. Every status from 400 on raises."""
        target = f"{API}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        headers |= {"If-None-Match": known} if known is not None else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        data = None if body is None else json.dumps(body).encode()
        start = time.perf_counter()
        self._http.request(method, target, data, headers)
        response = self._http.getresponse()
        raw = response.read()
        value = json.loads(raw) if raw else None
        ms = (time.perf_counter() - start) * 1000
        if response.status >= 400:
            raise RuntimeError(f"{method} {target}: {response.status} {raw[:2000]!r}")
        return Reply(response.status, response.headers.get("ETag", ""), raw, value, ms)


@dataclass(frozen=True, slots=True)
class Served:
    """A program that serves: where, what, and how long it took from its start to its first answer."""

    program: Program
    pid: int
    url: str
    token: str
    project: str
    seconds: float

    @property
    def memory(self) -> float:
        """The bytes of memory that the process has now."""
        return float(psutil.Process(self.pid).memory_info().rss)

    @property
    def at(self) -> str:
        """The path of the project's own routes."""
        return f"/projects/{self.project}"

    def caller(self) -> Caller:
        """A new connection."""
        return Caller(self.url, self.token)


def listening(served: Served, since: str = "") -> dict[str, Any]:
    """What `connect` of the package `websockets` takes to hear all events after the one with that id."""
    url = f"ws{served.url.removeprefix('http')}{API}/events" + (f"?since={since}" if since else "")
    return {
        "uri": url,
        "additional_headers": {"Authorization": f"Bearer {served.token}"},
        "max_size": None,
    }


@contextmanager
def serving(program: Program) -> Iterator[Served]:
    """The program's project, served until left."""
    start = time.perf_counter()
    words = [*program.words("serve"), "--project", str(program.folder)]
    with subprocess.Popen(
        words, env=program.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            if "is open at" not in said:
                raise RuntimeError(f"serve: {said}{process.stderr.read()}")
            found = json.loads((program.folder / ".restrike" / "api.json").read_text())
            with Caller(found["url"], found["token"]) as caller:
                caller.ask("GET", f"/projects/{found['project']}/status")
            seconds = time.perf_counter() - start
            yield Served(program, found["pid"], found["url"], found["token"], found["project"], seconds)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    """End it as a person would; on Windows, where that cannot be said to one process, at once."""
    if os.name == "nt":
        process.kill()
    else:
        process.send_signal(signal.SIGTERM)
    process.communicate()
