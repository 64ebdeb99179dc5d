"""Several devices of one machine, one worker each: every further one has the project open for itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from app import settings
from app.studio import Studio
from engine.faults import BadField

MOST: Final = 16


def read(text: str) -> tuple[str, ...]:
    """The devices of `cuda:0,cuda:1`; raises `BadField` for one that is none, or for too many."""
    devices = tuple(settings.check("device", one.strip()) for one in text.split(","))
    if len(devices) > MOST:
        raise BadField("device", text, f"at most {MOST} devices")
    return devices


@asynccontextmanager
async def opened(studio: Studio, devices: Sequence[str]) -> AsyncIterator[list[Studio]]:
    """The studio on the first device, and the same project opened once more for each other one."""
    if devices:
        studio.settings = replace(studio.settings, device=devices[0])
    async with AsyncExitStack() as stack:
        found = [studio]
        for device in devices[1:]:
            other = await stack.enter_async_context(studio.once_more())
            other.settings = replace(other.settings, device=device)
            found.append(other)
        yield found
