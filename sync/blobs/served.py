"""Blobs handed out to the devices of the project's members, over TLS 1.3, by digest and range.

Whether a device is admitted is asked again before every answer and every part of one, so that a removed device gets no
more than the frame on its way. Every wait, buffer and number of connections has a bound.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from engine.faults import Damaged, NotFound
from engine.recipe import FileDigest
from sync.blobs import badge, frames
from sync.blobs.badge import Admitted, Meeting
from sync.blobs.budget import Budget
from sync.blobs.folder import FolderStore
from sync.blobs.frames import Broken, Kind
from sync.identity import Device, Random
from sync.records import ProjectId

READ: Final = 512 * 1024
"""How many bytes are read from the disk at once."""
ENDED: Final = (OSError, EOFError, TimeoutError)
"""How a connection may end: cut, silent, or by a `Broken` rule."""
Found = TypeVar("Found")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what others can use up; times in seconds.

    `strangers` are connections that have not shown who they are; `handshake` is the time they have for it. A request
    that has begun must be whole after `request`, one must come within `idle`, and a reader takes a frame in `stalled`.
    """

    connections: int = 64
    per_device: int = 8
    strangers: int = 16
    strangers_per_address: int = 4
    handshake: float = 5.0
    request: float = 10.0
    idle: float = 90.0
    stalled: float = 20.0
    buffered: int = 128 * 1024


class Served:
    """A store's blobs on a TCP port of this machine; enter it with `async with`, then `port` is where it listens."""

    def __init__(
        self,
        store: FolderStore,
        device: Device,
        project: ProjectId,
        admitted: Admitted,
        *,
        host: str = "",
        port: int = 0,
        budget: Budget | None = None,
        limits: Limits | None = None,
        random: Random = os.urandom,
    ) -> None:
        self.port = port
        self.connected: Counter[bytes] = Counter()
        self._store = store
        self._device = device
        self._project = project
        self._admitted = admitted
        self._host = host
        self._budget = budget or Budget()
        self._limits = limits or Limits()
        self._random = random
        self._strangers: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._group = asyncio.TaskGroup()
        self._disk = ThreadPoolExecutor(2, "blobs-served")

    async def __aenter__(self) -> Self:
        self._context, self._certificate = badge.listening(self._random)
        self._socket = _listening(self._host, self.port)
        self.port = self._socket.getsockname()[1]
        await self._group.__aenter__()
        self._begin(self._accept())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        for task in self._tasks:
            task.cancel()
        try:
            await self._group.__aexit__(None, None, None)
        finally:
            self._disk.shutdown(wait=True, cancel_futures=True)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        limits = self._limits
        while True:
            try:
                connection, address = await loop.sock_accept(self._socket)
            except OSError as error:  # too many open files, or a caller that has gone already
                _log.warning("a connection for pictures could not be taken: %s", error)
                await asyncio.sleep(0.1)
                continue
            host = str(address[0])
            open_now = self.connected.total() + self._strangers.total()
            if (
                open_now >= limits.connections
                or self._strangers.total() >= limits.strangers
                or self._strangers[host] >= limits.strangers_per_address
            ):
                connection.close()
                continue
            self._strangers[host] += 1
            self._begin(self._attend(connection, host))

    async def _attend(self, connection: socket.socket, host: str) -> None:
        """One connection from its first byte to its last."""
        writer: asyncio.StreamWriter | None = None
        stranger = True
        try:
            async with asyncio.timeout(self._limits.handshake):
                reader, writer = await self._secured(connection)
                public = await self._identified(reader, writer)
            self._strangers[host] -= 1
            stranger = False
            with self._counted(public):
                await self._converse(public, reader, writer)
        except ENDED as error:
            _log.debug("a connection for pictures from %s ended: %r", host, error)
        finally:
            if stranger:
                self._strangers[host] -= 1
            self._strangers += Counter()  # forget addresses without any
            if writer is None:
                connection.close()
            else:
                writer.transport.abort()

    async def _secured(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=frames.MOST_DIGESTS * frames.DIGEST_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            connection,
            ssl=self._context,
            ssl_handshake_timeout=self._limits.handshake,
            ssl_shutdown_timeout=1.0,
        )
        transport.set_write_buffer_limits(high=self._limits.buffered)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _identified(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """The public key of the admitted device at the other end, once it has proved it; raises `Broken`."""
        nonce = self._random(badge.NONCE_BYTES)
        writer.write(frames.frame(Kind.GREETING, bytes([frames.VERSION]) + nonce))
        _, proof = await frames.read_frame(reader, Kind.PROOF)
        if len(proof) != badge.PUBLIC_BYTES + badge.NONCE_BYTES + badge.SIGNATURE_BYTES:
            raise Broken("a proof has the wrong length")
        public, theirs = proof[: badge.PUBLIC_BYTES], proof[badge.PUBLIC_BYTES : -badge.SIGNATURE_BYTES]
        meeting = Meeting(self._project, self._certificate, nonce, theirs, self._device.public, public)
        if not self._admitted(public):
            raise Broken("the device is no member's")
        if not meeting.is_client(proof[-badge.SIGNATURE_BYTES :]):
            raise Broken("the proof is not the device's")
        writer.write(frames.frame(Kind.PROOF, meeting.signed_by_server(self._device)))
        return public

    @contextmanager
    def _counted(self, public: bytes) -> Iterator[None]:
        if self.connected[public] >= self._limits.per_device:
            raise Broken("the device has too many connections")
        self.connected[public] += 1
        try:
            yield
        finally:
            self.connected[public] -= 1
            self.connected += Counter()  # forget who has none

    async def _converse(
        self, public: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            kind, body = await self._request(reader)
            self._check(public)
            if kind is Kind.HAS:
                names = frames.named(body)
                writer.write(frames.sizes(await self._on_disk(partial(self._sizes, names))))
                await self._drained(writer)
            else:
                await self._hand_out(public, writer, *frames.asked(body))

    async def _request(self, reader: asyncio.StreamReader) -> tuple[Kind, bytes]:
        """The next request: it may be long in coming, and once it has begun it must come soon."""
        async with asyncio.timeout(self._limits.idle):
            first = await reader.readexactly(1)
        async with asyncio.timeout(self._limits.request):
            return await frames.read_frame(reader, Kind.HAS, Kind.GET, begun=first)

    async def _hand_out(
        self, public: bytes, writer: asyncio.StreamWriter, digest: FileDigest, start: int, stop: int
    ) -> None:
        for at in range(start, stop, READ):
            data = await self._on_disk(partial(self._read, digest, at, min(READ, stop - at)))
            if data is None:
                writer.write(frames.frame(Kind.GONE))
                await self._drained(writer)
                return
            for part in frames.cut(data, frames.PART):
                await self._budget.spend(len(part))
                self._check(public)
                writer.write(frames.frame(Kind.BYTES, part))
                await self._drained(writer)
        writer.write(frames.frame(Kind.END))
        await self._drained(writer)

    def _check(self, public: bytes) -> None:
        if not self._admitted(public):
            raise Broken("the device was removed")

    async def _drained(self, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(self._limits.stalled):
            await writer.drain()

    async def _on_disk(self, what: Callable[[], Found]) -> Found:
        """Do what waits for the disk in a thread; two at once, however many ask."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, what)

    def _sizes(self, digests: list[FileDigest]) -> list[int | None]:
        return [_size(self._store, one) for one in digests]

    def _read(self, digest: FileDigest, at: int, length: int) -> bytes | None:
        """Bytes of a blob, once it was found to be what its name says; None when it is not there.

        The file is open no longer than this, so that none stays open when whoever asked goes away.
        """
        try:
            with self._store.path(digest).open("rb") as file:
                file.seek(at)
                data = file.read(length)
        except (NotFound, Damaged, FileNotFoundError):
            return None
        if len(data) < length:
            raise Broken("the range ends behind the blob")
        return data


def _size(store: FolderStore, digest: FileDigest) -> int | None:
    try:
        return store.size(digest)
    except NotFound:
        return None


def _listening(host: str, port: int) -> socket.socket:
    """A listening socket; without a host for both kinds of addresses, where the system has both."""
    if not host and socket.has_dualstack_ipv6():
        made = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
    else:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.create_server((host, port), family=family, backlog=64)
    made.setblocking(False)
    return made
