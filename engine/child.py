"""One render child as an operating-system process: start it, exchange frames with it, end it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from engine.faults import Fault
from engine.fingerprint import Fingerprint
from engine.renderer import Crashed, OutOfMemory
from engine.wire import BadFrame, Decoder, Frame, encode

CHUNK: Final = 2**18
TAIL: Final = 8192
LONGEST_ERRORS: Final = 2**20
SOURCES: Final = Path(__file__).resolve().parent.parent
NO_MEMORY: Final = ("MemoryError", "bad_alloc", "out of memory", "can't allocate memory")


@dataclass(frozen=True, slots=True)
class Setting:
    """How a child is started: device, threads, the bytes of memory it may take, and more of the environment."""

    device: str
    threads: int
    memory: int | None = None
    environment: Mapping[str, str] | None = None

    def words(self) -> list[str]:
        """The command line of a child."""
        found = [
            sys.executable,
            "-P",
            "-m",
            "engine",
            "--device",
            self.device,
            "--threads",
            str(self.threads),
        ]
        found += ["--parent", str(os.getpid())]
        return found if self.memory is None else [*found, "--memory", str(self.memory)]

    def variables(self) -> dict[str, str]:
        """The environment of a child: ours, fixed threads, nothing fetched from any network."""
        threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
        offline = (
            "HF_HUB_OFFLINE",
            "TRANSFORMERS_OFFLINE",
            "HF_DATASETS_OFFLINE",
            "HF_HUB_DISABLE_TELEMETRY",
        )
        path = os.pathsep.join(filter(None, (str(SOURCES), os.environ.get("PYTHONPATH"))))
        return {
            **os.environ,
            **dict.fromkeys(threads, str(self.threads)),
            **dict.fromkeys(offline, "1"),
            # Importing diffusers makes this folder for a compiler that we do not use, so it is one that exists.
            "TORCHINDUCTOR_CACHE_DIR": tempfile.gettempdir(),
            "PYTHONPATH": path,
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            "TOKENIZERS_PARALLELISM": "false",
            "DIFFUSERS_VERBOSITY": "error",
            "TRANSFORMERS_VERBOSITY": "error",
            "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
            **(self.environment or {}),
        }


class Child:
    """A running child. `owes` is the number of the strike it has yet to answer, if any."""

    def __init__(self, process: asyncio.subprocess.Process, errors: IO[bytes]) -> None:
        self.owes: int | None = None
        self._process = process
        self._errors = errors
        self._decoder = Decoder()
        self._frames: deque[Frame] = deque()
        self._greeting: Fingerprint | None = None

    @classmethod
    async def start(cls, setting: Setting) -> Child:
        """Start a child in a process group of its own; it takes seconds until it says that it is ready."""
        errors = tempfile.TemporaryFile(prefix="restrike-child-")  # noqa: SIM115 (closed by `end`)
        apart: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        process = await asyncio.create_subprocess_exec(
            *setting.words(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=setting.variables(),
            limit=CHUNK,
            **apart,
        )
        return cls(process, errors)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it was running when last heard of."""
        assert self._process.stdout is not None
        return self._process.returncode is None and not self._process.stdout.at_eof()

    async def greeting(self) -> Fingerprint:
        """Its profile, once it has started."""
        if self._greeting is None:
            self._greeting = Fingerprint.from_json((await self.receive()).header["fingerprint"])
        return self._greeting

    async def send(self, header: Mapping[str, Any], parts: Sequence[bytes] = ()) -> None:
        """Send one frame; a child that died meanwhile is noticed when its answer is waited for."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode(header, parts))
            await self._process.stdin.drain()
        except ConnectionError:
            return

    async def receive(self) -> Frame:
        """The next frame, losing nothing when cancelled; raises `Crashed` or `OutOfMemory` where there will be none."""
        assert self._process.stdout is not None
        while not self._frames:
            data = await self._process.stdout.read(CHUNK)
            if not data:
                raise self._death(await self._process.wait())
            try:
                self._frames.extend(self._decoder.feed(data))
            except BadFrame as error:
                self.kill()
                raise Crashed(
                    f"the render child sent what is no answer: {error}", "try again; it is started afresh"
                ) from error
        return self._frames.popleft()

    def kill(self) -> None:
        """Kill it with all its own children, at once."""
        if self._process.returncode is not None:
            return
        try:
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    async def end(self) -> None:
        """Kill it, wait until it is gone and close its pipes."""
        self.kill()
        try:
            await self._process.communicate()
        finally:
            self._errors.close()

    def forget_errors(self) -> None:
        """Empty what it printed when that grew long; only between strikes, when it prints nothing."""
        if self._errors.seek(0, os.SEEK_END) > LONGEST_ERRORS:
            self._errors.seek(0)
            self._errors.truncate()

    def _death(self, status: int) -> Fault:
        tail = self._tail()
        if any(words in tail for words in NO_MEMORY):
            return OutOfMemory(
                "the render child ran out of memory and died",
                "render it smaller, close what else uses memory, or let a machine with more of it do the job",
            )
        said = f", after saying: {tail.strip().splitlines()[-1][:300]}" if tail.strip() else ""
        return Crashed(f"the render child died of {_cause(status)}{said}", "try again; it is started afresh")

    def _tail(self) -> str:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - TAIL))
        return self._errors.read().decode("utf-8", "replace").replace("\0", "")


def _cause(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    return f"{name}, perhaps from the system, short of memory" if name == "SIGKILL" else name
