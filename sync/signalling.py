"""How two devices exchange the descriptions of a connection on a LAN: one question, one answer, on a web socket.

Nothing here is secret and nobody is believed: a stranger who speaks to this port learns what the connection library
says of itself, and who he is comes out in the conversation. So the port is bounded in every direction instead: bytes,
seconds, how many at once from one address and in all. Web pages are turned away by their `Origin`.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import json
import logging
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, ClassVar, Final, Self

from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.http11 import Request, Response

from engine.faults import Fault
from sync.links.link import NoLink

PATH: Final = "/restrike/signal/1"
LARGEST: Final = 32 << 10
SECONDS: Final = 5.0
MOST_OF_ONE: Final = 4
MOST_IN_ALL: Final = 64
TAG_BYTES: Final = 8

_REFUSED: Final = (
    "open the project there; if it is open, see whether the clocks of both machines show the same day"
)

Answer = Callable[[bytes, str], Awaitable[str]]
"""Answers an offer for a tag; raises `NoLink` for a tag that is none of ours, or an offer that is none."""

_log = logging.getLogger(__name__)


class CannotListen(Fault):
    """The port is taken, or not ours."""

    code: ClassVar[str] = "cannot_listen"


class NoAnswer(NoLink):
    """Nobody took the question at that address."""

    code: ClassVar[str] = "no_answer"


class _Noise(logging.Filter):
    """What strangers do to a port is no news; a fault of our own is."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.getMessage() == "connection handler failed"


_wire = logging.getLogger(f"{__name__}.socket")
_wire.addFilter(_Noise())


@dataclass(frozen=True, slots=True)
class Question:
    """What a dialler asks: the tag of the project, and its offer."""

    tag: bytes
    offer: str

    def text(self) -> str:
        """As it travels."""
        return json.dumps({"tag": self.tag.hex(), "offer": self.offer})


def question(text: str | bytes) -> Question:
    """The question in `text`; raises `NoLink` when it is none."""
    value = _mapping(text)
    tag, offer = value.get("tag"), value.get("offer")
    if not isinstance(tag, str) or len(tag) != 2 * TAG_BYTES or not isinstance(offer, str):
        raise NoLink("the question is not one")
    try:
        return Question(bytes.fromhex(tag), offer)
    except ValueError as error:
        raise NoLink("the tag is not one") from error


def answer_of(text: str | bytes) -> str:
    """The answer in `text`; raises `NoLink` with what the other side said when there is none."""
    value = _mapping(text)
    answer, refused = value.get("answer"), value.get("refused")
    if isinstance(answer, str):
        return answer
    said = refused[:200] if isinstance(refused, str) and refused.isprintable() else "what came is no answer"
    raise NoAnswer(f"the other side did not answer: {said}", _REFUSED)


def _mapping(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoLink("what came is not JSON") from error
    if not isinstance(value, dict):
        raise NoLink("what came is not a mapping")
    return value


class Gate:
    """Who may be connected: so many of one address, so many in all; of IPv6 a household counts as one."""

    def __init__(self, most_of_one: int, most_in_all: int) -> None:
        self._most_of_one, self._most_in_all = most_of_one, most_in_all
        self._inside: Counter[str] = Counter()

    def enter(self, address: str) -> str | None:
        """A ticket to leave with, or None when it is too many."""
        household = _household(address)
        if self._inside[household] >= self._most_of_one or self._inside.total() >= self._most_in_all:
            return None
        self._inside[household] += 1
        return household

    def leave(self, household: str) -> None:
        """Somebody has gone."""
        self._inside[household] -= 1
        if self._inside[household] <= 0:
            del self._inside[household]

    @property
    def inside(self) -> int:
        """How many are connected."""
        return self._inside.total()


def _household(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped is not None else str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


class _Caller(ServerConnection):
    """A connection that is cut off at once when the gate is full, before a byte of it is read."""

    def __init__(self, gate: Gate, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._gate = gate
        self._household: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._household = self._gate.enter(str(peer[0]) if peer else "")
        if self._household is None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._household is not None:
            self._gate.leave(self._household)
        super().connection_lost(exc)


class Signalling:
    """The endpoint: entered as a context, answers on `port` of all interfaces until it is left."""

    def __init__(
        self,
        answer: Answer,
        *,
        port: int = 0,
        seconds: float = SECONDS,
        most_of_one: int = MOST_OF_ONE,
        most_in_all: int = MOST_IN_ALL,
    ) -> None:
        self.port = port
        self.gate = Gate(most_of_one, most_in_all)
        self._answer = answer
        self._seconds = seconds
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        opened = _listening(self.port)
        try:
            server = await serve(
                self._meet,
                sock=opened,
                process_request=_admit,
                compression=None,
                open_timeout=self._seconds,
                close_timeout=1.0,
                ping_interval=None,
                max_size=LARGEST,
                max_queue=1,
                server_header=None,
                logger=_wire,
                create_connection=functools.partial(_Caller, self.gate),  # type: ignore[arg-type]
            )
        except BaseException:
            opened.close()
            raise
        self.port = int(opened.getsockname()[1])
        self._stack.push_async_callback(_shut, server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _meet(self, caller: ServerConnection) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                try:
                    asked = question(await caller.recv())
                    said = {"answer": await self._answer(asked.tag, asked.offer)}
                except NoLink as fault:
                    said = {"refused": fault.message}
                await caller.send(json.dumps(said))
        except (ConnectionClosed, TimeoutError):
            return  # too slow, or gone: nobody is there to be told


async def _shut(server: Server) -> None:
    server.close()
    await server.wait_closed()


def _admit(caller: ServerConnection, request: Request) -> Response | None:
    if request.path != PATH:
        return caller.respond(HTTPStatus.NOT_FOUND, "")
    if "Origin" in request.headers:
        return caller.respond(HTTPStatus.FORBIDDEN, "")
    return None


def _listening(port: int) -> socket.socket:
    both = socket.has_dualstack_ipv6()
    try:
        if both:
            return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server(("0.0.0.0", port))
    except OSError as error:
        hint = "another program has the port: choose another one, or none"
        raise CannotListen(f"port {port} cannot be listened on", hint) from error


async def ask(host: str, port: int, tag: bytes, offer: str, *, seconds: float = SECONDS) -> str:
    """The answer of whoever listens at an address; raises `NoLink` when none comes in `seconds`."""
    shown = f"[{host}]" if ":" in host else host
    try:
        async with (
            asyncio.timeout(seconds),
            connect(
                f"ws://{shown}:{port}{PATH}",
                proxy=None,
                compression=None,
                open_timeout=seconds,
                close_timeout=1.0,
                ping_interval=None,
                max_size=LARGEST,
                max_queue=1,
                user_agent_header=None,
                logger=_wire,
            ) as caller,
        ):
            await caller.send(Question(tag, offer).text())
            return answer_of(await caller.recv())
    except TimeoutError as error:
        fix = f"let TCP port {port} through the firewall of that machine; or it is off, or on another network"
        raise NoAnswer(f"{shown}:{port} did not answer within {seconds:g} s", fix) from error
    except ConnectionRefusedError as error:
        fix = "start Restrike there (restrike serve); at what port it is now is found by itself"
        raise NoAnswer(f"nobody listens at {shown}:{port}", fix) from error
    except OSError as error:
        fix = "connect both machines to one network, or give both one --relay"
        raise NoAnswer(f"there is no way from here to {shown}:{port}", fix) from error
    except WebSocketException as error:
        fix = "another program has that port now; where Restrike is instead is found by itself"
        raise NoAnswer(f"{shown}:{port} does not take the question", fix) from error
