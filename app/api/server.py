"""The server in the running program: a socket on loopback, uvicorn on the program's own event loop, api.json.

It never touches signals: who runs the program decides when it ends.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil
import uvicorn

from app.api import address, certificate
from app.api.address import Address
from app.api.answers import Answers
from app.api.application import application
from app.api.desk import Desk
from app.api.gate import origin_of, own_hosts
from app.api.hub import Hub
from app.api.patience import Patient
from app.api.returns import Returns
from app.place import PRIVATE, Place
from app.release import release
from engine.faults import Conflict, Fault, WrongUse
from sync import process

if TYPE_CHECKING:
    from app.studio import Studio

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
EVERY: Final = ("0.0.0.0", "::")
PING_SECONDS: Final = 20.0
GRACE_SECONDS: Final = 3
LARGEST_MESSAGE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where to listen: port 0 takes a free one. A host that is not loopback is served by TLS alone.

    `origins` are web pages that may call; `certificate` and `key` are files, otherwise one is made.
    """

    host: str = "127.0.0.1"
    port: int = 0
    origins: Sequence[str] = ()
    certificate: Path | None = None
    key: Path | None = None


class CannotListen(Fault):
    """The address is not free, or not ours."""

    code = "cannot_listen"


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


@contextlib.contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Look for garbage in cycles seldom, and not at all in what the program is made of.

    Measured with 10,000 assets: full collections of up to 91 ms made one page in ten late.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextlib.asynccontextmanager
async def serving(studio: Studio, place: Place, listening: Listening, *, by: str) -> AsyncIterator[Desk]:
    """Serve the studio's project until left; raises `Conflict` where another program serves it already."""
    folder = studio.project.folder
    origins = [
        origin_of(one) for one in listening.origins
    ]  # starlette would make the gate with the first request
    other = address.read(folder)
    if other is not None and (other.by != "worker" or by == "worker"):
        raise Conflict(f"process {other.pid} has the project open already", "use that one, or end it first")
    studio.served = True
    pid, start = process.own()
    token = base64.urlsafe_b64encode(place.random(32)).decode().rstrip("=")
    with _bound(listening) as bound, _rarely_collecting():
        tls = _tls(folder / PRIVATE, listening, place)
        port = bound.getsockname()[1]
        url = f"{'https' if tls else 'http'}://{_shown(listening.host)}:{port}"
        ours = Address(
            url=url, token=token, pid=pid, start=start, project=studio.project.id, by=by,
            certificate=tls.sha256 if tls else None, place=address.place(folder),
        )  # fmt: skip
        async with asyncio.TaskGroup() as group, Hub.open(studio, place.clock, place.random) as hub:
            returns = Returns(studio, group, hub.working)
            desk = Desk(studio, hub, returns, place, place.random(32), by, release(), place.clock(), url=url)
            answers = Answers(folder / PRIVATE / "answers.db")
            app = application(desk, answers, token, hosts=_hosts(listening, port), origins=origins)
            running = _Server(_config(app, tls))
            task = group.create_task(running.serve(sockets=[bound]))
            try:
                await _started(running, task)
                address.write(folder, ours)
                yield desk
            finally:
                address.remove(folder, ours)
                if other is not None and process.alive(other.pid, other.start):
                    address.write(folder, other)  # the worker that lent itself still answers
                hub.close()
                running.should_exit = True
                await asyncio.wait([task])
                if unfinished := set(running.server_state.tasks):
                    # Cancelled by uvicorn, they still give back what they hold, while the project is open.
                    await asyncio.wait(unfinished, timeout=2 * GRACE_SECONDS)
                returns.stop()
                answers.close()


def _config(app: Any, tls: Any) -> uvicorn.Config:
    secured: dict[str, Any] = {"ssl_certfile": tls.cert_file, "ssl_keyfile": tls.key_file} if tls else {}
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",  # what goes wrong in a request is answered, and recorded in our own log
        access_log=False,
        lifespan="off",
        loop="none",
        http=Patient,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        timeout_keep_alive=75,
        backlog=128,  # so many are accepted at one go, before the first is looked at
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        **secured,
    )


async def _started(running: _Server, task: asyncio.Task[None]) -> None:
    """Wait until uvicorn accepts connections; its failure comes out of the task."""
    while not running.started and not task.done():
        await asyncio.sleep(0.002)


@contextlib.contextmanager
def _bound(listening: Listening) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    # The protocol is said, for asyncio sends at once (TCP_NODELAY) only where it reads that: 44 ms an answer otherwise.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows it would let another program take the port over
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((listening.host, listening.port))
        except (OSError, OverflowError) as error:
            raise CannotListen(
                f"cannot listen on {listening.host} port {listening.port}: {error}",
                "choose another --port, or leave it out for a free one",
            ) from error
        yield made
    finally:
        made.close()


def _tls(private: Path, listening: Listening, place: Place) -> certificate.Certificate | None:
    """The certificate to serve with; None on loopback, unless one was given."""
    if (listening.certificate is None) != (listening.key is None):
        raise WrongUse("a certificate needs its key", "give both --certificate and --key")
    if listening.certificate is not None and listening.key is not None:
        found = certificate.given(listening.certificate, listening.key)
        _check_pair(found)
        return found
    if listening.host in LOOPBACK:
        return None
    return certificate.ensure(private, listening.host, place.clock)


def _check_pair(found: certificate.Certificate) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.cert_file, found.key_file)
    except (OSError, ssl.SSLError) as error:
        raise WrongUse(f"the certificate cannot be used: {error}", "give a PEM file and its key") from error


def _shown(host: str) -> str:
    """The host as it stands in the URL that programs of this machine use."""
    if host in EVERY:
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"
    return f"[{host}]" if ":" in host else host


def _hosts(listening: Listening, port: int) -> list[str]:
    """What a request's Host may say: one of the names that this machine is reached by where we listen."""
    names = [listening.host]
    if listening.host in EVERY:
        names += [one.address.partition("%")[0] for all in psutil.net_if_addrs().values() for one in all]
        names += [socket.gethostname()]
    return list(dict.fromkeys(host for name in names for host in own_hosts(name, port)))
