"""RenderProcess keeps the renderer's promise with a child process: start, feed, watch, restart it.

A crash or an exhausted memory takes the child, never the program. Cancelling and time-outs are a message first, so
that the model stays warm, and a kill when the step does not end.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from engine.child import Child, Setting
from engine.faults import Fault
from engine.fingerprint import Fingerprint
from engine.recipe import FileDigest, PixelDigest
from engine.renderer import (
    Cancelled,
    Crashed,
    OutOfMemory,
    Progress,
    Rendered,
    RenderFault,
    Strike,
    TimedOut,
)
from engine.wire import Frame

FEW_CORES: Final = 4
GRACE: Final = 5.0
FAULTS: Final[Mapping[str, type[RenderFault]]] = {
    one.code: one for one in (RenderFault, OutOfMemory, Cancelled)
}


class RenderProcess:
    """A `Renderer` with diffusers in a child, which starts at the first strike and stays warm until leaving.

    `device` is `auto`, `cuda`, `mps` or `cpu`; `threads` are fixed (1 on up to four cores, otherwise half of them),
    `memory` bounds the child's bytes, `grace` is how many seconds a cancelled step may take to end.
    """

    def __init__(
        self,
        *,
        device: str = "auto",
        threads: int | None = None,
        memory: int | None = None,
        environment: Mapping[str, str] | None = None,
        grace: float = GRACE,
    ) -> None:
        self._setting = Setting(device, threads or default_threads(), memory, environment)
        self._grace = grace
        self._child: Child | None = None
        self._fingerprint: Fingerprint | None = None
        self._numbers = count(1)
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> RenderProcess:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._end()

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        return self._child.pid if self._child is not None and self._child.alive else None

    async def fingerprint(self) -> Fingerprint:
        """The numerics profile of the child, which is started to tell it; the same for the renderer's whole life."""
        if self._fingerprint is None:
            async with self._turn:
                await self._ready()
        assert self._fingerprint is not None
        return self._fingerprint

    async def render(self, strike: Strike, report: Callable[[Progress], None]) -> Rendered:
        """Render `strike` after those asked for before it; raises a `RenderFault` and is ready for the next."""
        async with self._turn:
            child = await self._ready()
            child.owes = number = next(self._numbers)
            try:
                await child.send(_question(number, strike))
                return await self._watch(child, strike, report)
            except (OutOfMemory, Crashed):
                child.owes = None
                await self._end()
                raise
            finally:
                if child.owes is not None:
                    await self._recall(child)

    async def _watch(self, child: Child, strike: Strike, report: Callable[[Progress], None]) -> Rendered:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as clock:
                while True:
                    frame = await child.receive()
                    if frame.header["is"] != "progress":
                        child.owes = None
                        return _answer(frame)
                    progress = _progress(frame)
                    if progress.stage == "rendering" and clock.when() is None:
                        clock.reschedule(loop.time() + strike.timeout)
                    report(progress)
        except TimeoutError as error:
            raise TimedOut(
                f"the render took longer than {strike.timeout:g} s and was stopped",
                "render it with fewer steps, smaller, at a higher tier, or on a faster machine",
            ) from error

    async def _ready(self) -> Child:
        await asyncio.sleep(0)  # lets the loop notice that an idle child has died
        if self._child is None or not self._child.alive:
            await self._end()
            self._child = await Child.start(self._setting)
        self._child.forget_errors()
        self._fingerprint = await self._child.greeting()
        return self._child

    async def _recall(self, child: Child) -> None:
        try:
            async with asyncio.timeout(self._grace):
                await child.send({"do": "cancel", "number": child.owes})
                while (await child.receive()).header["is"] == "progress":
                    pass
            child.owes = None
        except (TimeoutError, Fault):
            await self._end()
        finally:
            if child.owes is not None:
                child.kill()

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.end()


def default_threads() -> int:
    """One thread on up to four cores (two busy ones measured 10–40 × slower), otherwise half of the cores."""
    cores = os.cpu_count() or 1
    return 1 if cores <= FEW_CORES else cores // 2


def _question(number: int, strike: Strike) -> dict[str, Any]:
    return {
        "do": "strike",
        "number": number,
        "recipe": strike.recipe.to_json(),
        "models": {digest: str(folder.absolute()) for digest, folder in strike.models.items()},
        "inputs": {role: str(file.absolute()) for role, file in strike.inputs.items()},
        "preview": strike.preview,
    }


def _progress(frame: Frame) -> Progress:
    found = frame.header
    return Progress(found["stage"], found["step"], found["steps"], frame.parts[0] if frame.parts else None)


def _answer(frame: Frame) -> Rendered:
    found = frame.header
    if found["is"] == "fault":
        raise FAULTS[found["code"]](found["message"], found["hint"])
    values = dict(found["rendered"])
    values["fingerprint"] = Fingerprint.from_json(values["fingerprint"])
    values["sha256"], values["pixels"] = FileDigest(values["sha256"]), PixelDigest(values["pixels"])
    return Rendered(**values, **dict(zip(found["names"], frame.parts, strict=True)))
