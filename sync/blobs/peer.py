"""One connection to a peer that hands out blobs: questions go out at once, answers come in their order."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from engine.recipe import FileDigest
from sync.blobs import badge, frames
from sync.blobs.badge import Meeting
from sync.blobs.frames import Broken, Kind
from sync.identity import Device, Random
from sync.records import ProjectId

HANDSHAKE: Final = 5.0
"""Seconds in which a peer must be reached and have shown who it is, at each of its addresses."""
STALLED: Final = 20.0
"""Seconds in which the next frame of an answer must have come."""
MOST_ADDRESSES: Final = 8


class Gone(Exception):
    """The peer does not have the blob any more."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who dials: the device, and the project that both belong to."""

    device: Device
    project: ProjectId
    random: Random = os.urandom


class Line:
    """A connection that `dial` made; of several tasks that ask, each gets its own answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self.closed = False

    @classmethod
    async def dial(cls, addresses: Sequence[str], public: bytes, who: Caller) -> Self:
        """Reach the device of that public key at one of its addresses; raises `OSError`, `EOFError`, `TimeoutError`."""
        failure: Exception = Broken("the peer names no address")
        for one in addresses[:MOST_ADDRESSES]:
            try:
                async with asyncio.timeout(HANDSHAKE):
                    return await cls._reached(*address(one), public, who)
            except (OSError, EOFError, TimeoutError) as error:
                failure = error
        raise failure

    async def sizes(self, digests: Sequence[FileDigest]) -> dict[FileDigest, int | None]:
        """How large blobs are there; None for what is not."""
        found: dict[FileDigest, int | None] = {}
        for at in range(0, len(digests), frames.MOST_DIGESTS):
            part = digests[at : at + frames.MOST_DIGESTS]

            async def answered(part: Sequence[FileDigest] = part) -> None:
                _, body = await self._frame(Kind.SIZES)
                found.update(zip(part, frames.read_sizes(body, len(part)), strict=True))

            await self._asked(frames.has(part), answered)
        return found

    async def read(self, digest: FileDigest, start: int, stop: int, take: Callable[[bytes], None]) -> None:
        """Have `take` called with the bytes of a range as they come; raises `Gone` when the peer has none."""

        async def answered() -> None:
            left = stop - start
            while True:
                kind, data = await self._frame(Kind.BYTES, Kind.END, Kind.GONE)
                if kind is Kind.GONE:
                    raise Gone
                if kind is Kind.END:
                    break
                left -= len(data)
                if left < 0 or not data:
                    raise Broken("the peer sends other lengths than were asked for")
                take(data)
            if left:
                raise Broken("the peer sends less than was asked for")

        await self._asked(frames.get(digest, start, stop), answered)

    def close(self) -> None:
        """End the connection, and with it every question that waits."""
        self.closed = True
        self._writer.transport.abort()

    async def _asked(self, question: bytes, answered: Callable[[], Awaitable[None]]) -> None:
        """Send a question, and read its answer when those to earlier ones were read; what goes wrong ends the line."""
        if self.closed:
            raise Broken("the connection has ended")
        self._writer.write(question)
        try:
            async with self._turn:
                if self.closed:
                    raise Broken("the connection has ended")
                await answered()
        except Gone:
            raise
        except BaseException:  # also when the caller gives up: its answer is still on the way
            self.close()
            raise

    async def _frame(self, *expected: Kind) -> tuple[Kind, bytes]:
        async with asyncio.timeout(STALLED):
            return await frames.read_frame(self._reader, *expected)

    @classmethod
    async def _reached(cls, host: str, port: int, public: bytes, who: Caller) -> Self:
        reader, writer = await asyncio.open_connection(
            host,
            port,
            ssl=badge.dialling(),
            limit=4 * frames.PART,
            ssl_handshake_timeout=HANDSHAKE,
            ssl_shutdown_timeout=1.0,
        )
        try:
            secured: ssl.SSLObject = writer.get_extra_info("ssl_object")
            await _introduced(reader, writer, badge.seen(secured), public, who)
        except BaseException:
            writer.transport.abort()
            raise
        return cls(reader, writer)


async def _introduced(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    certificate: bytes,
    public: bytes,
    who: Caller,
) -> None:
    """Prove who calls, and have the peer prove that it is the device of that public key; raises `Broken`."""
    _, greeting = await frames.read_frame(reader, Kind.GREETING)
    if len(greeting) != 1 + badge.NONCE_BYTES or greeting[0] != frames.VERSION:
        raise Broken("the peer speaks another version")
    nonce = who.random(badge.NONCE_BYTES)
    meeting = Meeting(who.project, certificate, greeting[1:], nonce, public, who.device.public)
    signature = meeting.signed_by_client(who.device)
    writer.write(frames.frame(Kind.PROOF, who.device.public + nonce + signature))
    _, answer = await frames.read_frame(reader, Kind.PROOF)
    if not meeting.is_server(answer):
        raise Broken("another device answers at the peer's address")


def address(text: str) -> tuple[str, int]:
    """The host and port of `192.0.2.1:4711` or `[2001:db8::1]:4711`; raises `Broken` for anything but an IP address."""
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(bare)
        number = int(port)
    except ValueError as error:
        raise Broken(f"{text!r:.80} is no address") from error
    if not 0 < number < 65536:
        raise Broken(f"{text!r:.80} has no port")
    return bare, number
