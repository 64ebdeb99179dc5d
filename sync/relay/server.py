"""The relay on a port: WebSockets for devices, `GET /health` and `GET /metrics` for those who run it.

TLS is for a proxy in front of it to do; one on the same machine is believed when it says for whom it asks
(`X-Forwarded-For`), nobody else is.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from engine.faults import Fault
from sync.identity import Clock, Random, utc_now
from sync.relay import frames
from sync.relay.challenge import Asked
from sync.relay.keeper import Keeper
from sync.relay.metrics import Metrics
from sync.relay.outbox import Outbox, Waiting
from sync.relay.quotas import Allowance, Allowances, Limits, network
from sync.relay.rooms import Rooms
from sync.relay.visit import End, Reply, Step, Visit, Wait

PATHS: Final = ("/", "/relay")
MOST_WAITING: Final = 512 * 1024 * 1024
_PING_SECONDS: Final = 20.0
_CLOSE_SECONDS: Final = 2.0


class CannotListen(Fault):
    """The port is taken, or not ours to take."""

    code = "cannot_listen"


@dataclass(slots=True)
class Relay:
    """A relay that listens; `port` is where."""

    keeper: Keeper
    limits: Limits
    clock: Callable[[], float]
    random: Random
    metrics: Metrics
    rooms: Rooms
    allowances: Allowances[str]
    port: int = 0
    connections: int = 0
    waiting: Waiting = field(default_factory=lambda: Waiting(MOST_WAITING))

    @classmethod
    @asynccontextmanager
    async def listening(
        cls,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: Limits = Limits(),  # noqa: B008
        clock: Clock = utc_now,
        random: Random = os.urandom,
    ) -> AsyncIterator[Relay]:
        """A relay that keeps its mailboxes in `folder`, until the context is left; raises `CannotListen`."""
        folder.mkdir(parents=True, exist_ok=True)
        metrics, ticks = Metrics(), asyncio.get_running_loop().time
        async with Keeper.open(folder, limits, clock, metrics) as keeper:
            allowances: Allowances[str] = Allowances(limits, ticks)
            relay = cls(keeper, limits, ticks, random, metrics, Rooms(limits.members), allowances)
            async with relay._bound(host, port) as server:
                relay.port = next(iter(server.sockets)).getsockname()[1]
                yield relay

    @asynccontextmanager
    async def _bound(self, host: str, port: int) -> AsyncIterator[Server]:
        try:
            server = await serve(
                self._visited,
                host,
                port,
                process_request=self._asked,
                compression=None,
                max_size=frames.LARGEST,
                max_queue=2,
                open_timeout=self.limits.proof,
                ping_interval=_PING_SECONDS,
                ping_timeout=_PING_SECONDS,
                close_timeout=_CLOSE_SECONDS,
                server_header=None,
            )
        except OSError as error:
            raise CannotListen(
                f"nothing can listen on {host} port {port}: {error.strerror or error}",
                "choose another --port, or end the program that has it",
            ) from error
        async with server:
            yield server

    def gauges(self) -> dict[str, int]:
        """What there is right now."""
        return {
            "connections": self.connections,
            "rooms": len(self.rooms),
            "objects": self.keeper.mailboxes.objects,
            "stored_bytes": self.keeper.mailboxes.bytes,
            "waiting_bytes": self.waiting.bytes,
        }

    def health(self) -> dict[str, Any]:
        """How it is, what time it is here, and what it grants a device."""
        granted = {"mailbox_bytes": self.limits.mailbox, "kept_seconds": self.limits.kept}
        return {"ok": True, "time": self.keeper.now(), **granted, **self.gauges()}

    def _asked(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer what is no visit, and turn away those who come too often."""
        path = request.path.partition("?")[0]
        if path == "/health":
            return _answer(HTTPStatus.OK, json.dumps(self.health()), "application/json")
        if path == "/metrics":
            return _answer(HTTPStatus.OK, self.metrics.text(self.gauges()), "text/plain; version=0.0.4")
        if path not in PATHS:
            return _answer(HTTPStatus.NOT_FOUND, "a relay has /health and /metrics\n")
        allowance = self._allowance(connection, request)
        if self.connections >= self.limits.connections:
            self.metrics.refused["connections"] += 1
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections\n")
        visits = allowance.visits.spare(1, self.clock())
        if not visits or allowance.connections >= self.limits.connections_each:
            self.metrics.refused["connections_each"] += 1
            return _answer(HTTPStatus.TOO_MANY_REQUESTS, "too many connections from this address\n")
        return None

    def _allowance(self, connection: ServerConnection, request: Request) -> Allowance:
        remote = connection.remote_address
        host = str(remote[0]) if isinstance(remote, tuple) else "local"
        forwarded = request.headers.get_all("X-Forwarded-For")
        return self.allowances.of(network(host, forwarded[-1] if forwarded else None))

    async def _visited(self, connection: ServerConnection) -> None:
        """One connection from beginning to end."""
        assert connection.request is not None
        shared = self._allowance(connection, connection.request)
        outbox = Outbox(self.waiting, self.limits.waiting)
        now = self.clock()
        visit = Visit(
            Asked.fresh(self.random, now + self.limits.proof),
            self.rooms,
            self.limits,
            self.metrics,
            (Allowance.of(self.limits, now), shared),
            outbox.send,
            lambda: outbox.close(4001, "elsewhere"),
        )
        self.connections += 1
        shared.connections += 1
        self.metrics.counts["visits_total"] += 1
        try:
            await self._converse(connection, visit, outbox)
        finally:
            visit.leave()
            outbox.clear()
            shared.connections -= 1
            self.connections -= 1

    async def _converse(self, connection: ServerConnection, visit: Visit, outbox: Outbox) -> None:
        outbox.send(frames.encode(visit.asked.frame))
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._read(connection, visit, outbox))
            try:
                while (data := await outbox.next()) is not None:
                    await connection.send(data)
                code, reason = outbox.end or (1000, "")
                await connection.close(code, reason)
            except ConnectionClosed:
                pass
            finally:
                reading.cancel()

    async def _read(self, connection: ServerConnection, visit: Visit, outbox: Outbox) -> None:
        """Read until the visit is over; what is read next waits for what was wished before."""
        try:
            async with asyncio.timeout_at(visit.asked.until):
                await self._do(visit, outbox, visit.receive(await _message(connection), self.clock()))
            while outbox.end is None:
                await self._do(visit, outbox, visit.receive(await _message(connection), self.clock()))
        except TimeoutError:
            await self._do(visit, outbox, visit.late(visit.asked.until))
        except ConnectionClosed:
            outbox.close(1000, "")

    async def _do(self, visit: Visit, outbox: Outbox, steps: list[Step]) -> None:
        for step in steps:
            if isinstance(step, Reply):
                outbox.send(step.data)
            elif isinstance(step, End):
                outbox.close(4000, step.code)
            elif isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
            elif visit.guest is not None:
                done = await self.keeper.fulfil(visit.room, visit.guest.address, step.frame)
                if not outbox.send(frames.encode(done)):
                    outbox.close(4000, "too_slow")


async def _message(connection: ServerConnection) -> bytes:
    data = await connection.recv()
    return data if isinstance(data, bytes) else b""  # text is no frame, and ends the visit as such


def _answer(status: HTTPStatus, body: str, kind: str = "text/plain; charset=utf-8") -> Response:
    data = body.encode()
    headers = Headers(
        [("Content-Type", kind), ("Content-Length", str(len(data))), ("Cache-Control", "no-store")]
    )
    headers["Connection"] = "close"
    return Response(status.value, status.phrase, headers, data)
