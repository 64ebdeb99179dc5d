"""Devices of one project that hand blobs to each other over loopback, and peers that do not keep to the rules."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sync import identity
from sync.blobs import badge, frames
from sync.blobs.badge import Meeting
from sync.blobs.folder import FolderStore
from sync.blobs.frames import Kind
from sync.blobs.peer import Caller, Line
from sync.blobs.served import Limits, Served
from sync.identity import Device
from sync.records import ProjectId

PROJECT = ProjectId("ab" * 32)
BLOB = bytes(range(251)) * 8000
"""Two megabytes, so that a transfer has several parts."""

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Mate:
    """A device with a store; `admitted` are the devices that it takes for members'."""

    folder: Path
    admitted: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.device: Device = identity.load_or_create(self.folder / "home")
        self.store = FolderStore(self.folder / "blobs")
        self.caller = Caller(self.device, PROJECT)

    @asynccontextmanager
    async def serving(self, limits: Limits | None = None) -> AsyncIterator[str]:
        """The address at which it hands out its blobs."""
        admitted = self.admitted.__contains__
        async with Served(
            self.store, self.device, PROJECT, admitted, host="127.0.0.1", limits=limits
        ) as served:
            yield f"127.0.0.1:{served.port}"

    async def dial(self, address: str, other: Mate) -> Line:
        """A line to another."""
        return await Line.dial([address], other.device.public, self.caller)


def mates(folder: Path, count: int = 2) -> list[Mate]:
    """Devices that all know of each other."""
    found = [Mate(folder / f"mate{number}") for number in range(count)]
    for one in found:
        one.admitted |= {other.device.public for other in found}
    return found


@asynccontextmanager
async def rogue(device: Device, converse: Converse, *, introduced: bool = True) -> AsyncIterator[str]:
    """The address of a member's device that says what `converse` says, once it has shown who it is."""
    context, certificate = badge.listening(os.urandom)
    writers: list[asyncio.StreamWriter] = []
    tasks: set[asyncio.Task[None] | None] = set()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        tasks.add(asyncio.current_task())
        try:
            if introduced:
                await _introduce(device, certificate, reader, writer)
            await converse(reader, writer)
        except (OSError, EOFError):
            return  # the other side has had enough
        finally:
            writer.close()

    server = await asyncio.start_server(attend, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(one for one in tasks if one is not None))


async def _introduce(
    device: Device, certificate: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    nonce = bytes(32)
    writer.write(frames.frame(Kind.GREETING, bytes([frames.VERSION]) + nonce))
    _, proof = await frames.read_frame(reader, Kind.PROOF)
    meeting = Meeting(PROJECT, certificate, nonce, proof[32:64], device.public, proof[:32])
    writer.write(frames.frame(Kind.PROOF, meeting.signed_by_server(device)))
