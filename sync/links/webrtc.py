"""Links over WebRTC: three data channels of one connection, made anew for each link.

Who dials makes an offer, has it carried to the other side by whatever means, and gets an answer; `Answerer` is the
other side of that. Nothing here says who the other side is: `binding` ties whatever is proved inside the link to this
very connection. Only addresses of this machine are offered, unless STUN or TURN servers are given.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from aiortc import RTCConfiguration, RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError

from sync.links import description, strays
from sync.links.frames import LARGE_FRAME
from sync.links.line import CLOSED_THERE, LINGER, Line
from sync.links.link import Channel, NoLink
from sync.tasks import Crew, to_the_end

Signal = Callable[[str], Awaitable[str]]
"""Carries an offer to the other side and brings its answer."""

TIMEOUT: Final = 8.0
MOST_PENDING: Final = 16
BUFFERED: Final = {Channel.SYNC: 64 << 10, Channel.BULK: 64 << 10, Channel.PRESENCE: 32 << 10}
"""How much aiortc may hold of each channel: it sends in the order of arrival, so presence waits behind all of this."""

LOOK_SECONDS: Final = 1.0
MOST_PIECES: Final = 8192
MOST_UNJOINED: Final = 4 << 20
"""A stranger may send pieces of a message and never its end; aiortc keeps them all, so we look."""

_IDS: Final = {Channel.SYNC: 0, Channel.BULK: 1, Channel.PRESENCE: 2}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server, by its URL."""

    url: str
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


class Channels:
    """The three data channels of a connection, as the carrier of a line."""

    def __init__(self, connection: RTCPeerConnection) -> None:
        self.open = asyncio.Event()
        self.line: Line | None = None
        self._channels: dict[Channel, RTCDataChannel] = {}
        for channel, number in _IDS.items():
            lossy: dict[str, Any] = (
                {"ordered": False, "maxRetransmits": 0} if channel is Channel.PRESENCE else {}
            )
            made = connection.createDataChannel(channel.value, negotiated=True, id=number, **lossy)
            made.bufferedAmountLowThreshold = BUFFERED[channel]
            self._channels[channel] = made

    def listen(self, line: Line) -> None:
        """Bring what comes to `line` from now on."""
        self.line = line
        for channel, made in self._channels.items():
            made.on("message", lambda data, channel=channel: self._arrived(line, channel, data))
            made.on("bufferedamountlow", line.pump)
            made.on("open", self._opened)
            made.on("close", lambda: line.ended(CLOSED_THERE))
            made.on("error", lambda error: _log.error("in a callback of a link", exc_info=error))

    def _opened(self) -> None:
        if all(one.readyState == "open" for one in self._channels.values()):
            self.open.set()
            if self.line is not None:
                self.line.pump()

    def _arrived(self, line: Line, channel: Channel, data: bytes | str) -> None:
        line.arrived(channel, data if isinstance(data, bytes) else b"")  # text is no frame, and ends the link

    def room(self, channel: Channel) -> bool:
        """Whether aiortc holds little enough of the channel."""
        made = self._channels[channel]
        return self.open.is_set() and made.readyState == "open" and made.bufferedAmount <= BUFFERED[channel]

    def carry(self, channel: Channel, frame: bytes) -> None:
        """Give a frame to aiortc."""
        made = self._channels[channel]
        if made.readyState == "open":
            made.send(frame)

    def held(self, channel: Channel) -> int:
        """What aiortc holds of the channel."""
        return int(self._channels[channel].bufferedAmount)


class Connection:
    """One peer connection of aiortc, from nothing to a line."""

    def __init__(self, servers: Sequence[IceServer], linger: float) -> None:
        self._loop = asyncio.get_running_loop()
        strays.contain(self._loop)
        ice = [
            RTCIceServer(urls=one.url, username=one.username, credential=one.credential) for one in servers
        ]
        self._inner = RTCPeerConnection(RTCConfiguration(iceServers=ice))
        self._channels = Channels(self._inner)
        self._linger = linger
        self._failed: str | None = None
        self._look: asyncio.TimerHandle | None = None
        self._inner.on("connectionstatechange", self._changed)
        self._inner.on("datachannel", self._stranger)
        self._inner.on("error", lambda error: _log.error("in a callback of a link", exc_info=error))

    async def offer(self) -> str:
        """Our description, to be carried to the other side."""
        await self._describe(await self._inner.createOffer())
        return self._inner.localDescription.sdp

    async def answered(self, answer: str) -> Line:
        """The other side's answer to our offer; the line is not open yet."""
        theirs = description.read(answer)
        line = self._line(description.read(self._inner.localDescription.sdp), theirs)
        await self._take("answer", theirs)
        return line

    async def answer(self, offer: str) -> tuple[str, Line]:
        """Our answer to the other side's offer, and the line, which is not open yet."""
        theirs = description.read(offer)
        await self._take("offer", theirs)
        try:
            await self._describe(await self._inner.createAnswer())
        except _LIBRARY_FAULTS as error:
            raise NoLink("the offer cannot be answered") from error
        ours = self._inner.localDescription.sdp
        return ours, self._line(description.read(ours), theirs)

    async def _describe(self, ours: RTCSessionDescription) -> None:
        """Gather our addresses; to the end, because sockets that are half gathered are closed by nobody."""
        await to_the_end(self._inner.setLocalDescription(ours))

    async def _take(self, kind: str, theirs: description.Description) -> None:
        if (kind == "offer") != (theirs.setup == "actpass"):
            raise NoLink(f"the description is no {kind}")
        try:
            await self._inner.setRemoteDescription(RTCSessionDescription(sdp=theirs.text(), type=kind))
        except _LIBRARY_FAULTS as error:
            raise NoLink(f"the {kind} cannot be used") from error

    def _line(self, ours: description.Description, theirs: description.Description) -> Line:
        line = Line(
            self._channels,
            self.close,
            kind="webrtc",
            binding=description.binding(ours.fingerprint, theirs.fingerprint),
            remote=theirs.candidates[0].address if theirs.candidates else "nowhere",
            largest=LARGE_FRAME,
            linger=self._linger,
        )
        self._channels.listen(line)
        return line

    async def connected(self, line: Line) -> None:
        """Wait until all three channels are open; the caller sets the time."""
        await self._channels.open.wait()
        if self._failed is not None:
            raise NoLink(self._failed)
        line.remote = self._address() or line.remote
        self._look = self._loop.call_later(LOOK_SECONDS, self._check, line)
        line.pump()

    def _address(self) -> str | None:
        """Where the other side was reached."""
        ice = self._inner.sctp.transport.transport if self._inner.sctp is not None else None
        pair = ice._connection._nominated.get(1) if ice is not None else None
        return None if pair is None else f"{pair.remote_candidate.host}"

    def _changed(self) -> None:
        if self._inner.connectionState in ("failed", "closed"):
            self._end("the network lost the other side")

    def _stranger(self, _channel: RTCDataChannel) -> None:
        self._end("the other side opened a channel that does not exist")

    def _check(self, line: Line) -> None:
        if line.closed or (sctp := self._inner.sctp) is None:
            return
        streams = sctp._inbound_streams.values()
        if (
            sum(len(one.reassembly) for one in streams) > MOST_PIECES
            or sctp._advertised_rwnd < -MOST_UNJOINED
        ):
            self._end("the other side sends messages without an end")
            return
        self._look = self._loop.call_later(LOOK_SECONDS, self._check, line)

    def _end(self, why: str) -> None:
        self._failed = self._failed or why
        if self._channels.line is not None:
            self._channels.line.ended(why)
        self._channels.open.set()  # whoever waits learns of it

    async def close(self) -> None:
        """Give back sockets and tasks."""
        if self._look is not None:
            self._look.cancel()
        await self._inner.close()


async def gathered(servers: Sequence[IceServer], timeout: float = TIMEOUT) -> frozenset[str]:
    """The kinds of addresses that this machine gets with these servers: `host`, `srflx` (STUN), `relay` (TURN)."""
    connection = Connection(servers, 0.0)
    try:
        async with asyncio.timeout(timeout):
            found = description.read(await connection.offer())
    except (TimeoutError, NoLink, *_LIBRARY_FAULTS):
        return frozenset()
    finally:
        await to_the_end(connection.close())
    return frozenset(one.kind for one in found.candidates)


_LIBRARY_FAULTS: Final = (InvalidAccessError, InvalidStateError, ValueError, OSError, RuntimeError)


@asynccontextmanager
async def dial(
    signal: Signal, ice_servers: Sequence[IceServer] = (), *, timeout: float = TIMEOUT, linger: float = LINGER
) -> AsyncIterator[Line]:
    """A new link to whomever `signal` carries the offer to; `NoLink` when none comes about in `timeout` seconds."""
    connection = Connection(ice_servers, linger)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(lambda: to_the_end(connection.close()))
        try:
            async with asyncio.timeout(timeout):
                line = await connection.answered(await signal(await connection.offer()))
                stack.push_async_callback(line.close)
                await connection.connected(line)
        except TimeoutError as error:
            raise NoLink(f"the other side could not be reached within {timeout:g} s") from error
        yield line


class Answerer:
    """Answers offers; entered as a context, whose end closes every link that came of them.

    `answer` gives the answer to carry back, and something to await for the link; whoever awaited it closes it.
    """

    def __init__(
        self, ice_servers: Sequence[IceServer] = (), *, timeout: float = TIMEOUT, linger: float = LINGER
    ) -> None:
        self._servers, self._timeout, self._linger = ice_servers, timeout, linger
        self._crew = Crew()
        self._pending = 0

    async def __aenter__(self) -> Self:
        await self._crew.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._crew.__aexit__(kind, error, trace)

    async def answer(self, offer: str) -> tuple[str, Awaitable[Line]]:
        """Answer an offer; raises `NoLink` for one that cannot be answered, and when too many are under way."""
        if self._crew.over or self._pending >= MOST_PENDING:
            raise NoLink("too many others are being answered")
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[str] = loop.create_future()
        arrived: asyncio.Future[Line] = loop.create_future()
        for future in (ready, arrived):
            future.add_done_callback(_heard)  # nobody has to wait for either
        task = self._crew.start(self._meet(offer, ready, arrived))
        self._pending += 1
        task.add_done_callback(lambda _: _fail((ready, arrived), NoLink("this side is closing")))
        return await ready, arrived

    async def _meet(self, offer: str, ready: asyncio.Future[str], arrived: asyncio.Future[Line]) -> None:
        async with AsyncExitStack() as stack:
            try:
                connection = Connection(self._servers, self._linger)
                stack.push_async_callback(lambda: to_the_end(connection.close()))
                async with asyncio.timeout(self._timeout):
                    text, line = await connection.answer(offer)
                    stack.push_async_callback(line.close)
                    if not ready.done():
                        ready.set_result(text)
                    await connection.connected(line)
            except NoLink as fault:
                return _fail((ready, arrived), fault)
            except TimeoutError:
                return _fail((ready, arrived), NoLink("the other side offered a connection and did not come"))
            finally:
                self._pending -= 1
            if not arrived.done():
                arrived.set_result(line)
                await line.finished()


def _fail(futures: Iterable[asyncio.Future[Any]], fault: NoLink) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(fault)


def _heard(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
