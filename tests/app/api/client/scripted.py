"""A server that answers with given bytes, one after the other, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.api.client.connection import Connection

HANG_UP = b""
"""An answer that is none: the connection is closed."""


@dataclass
class Heard:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Scripted:
    """Where it listens, what is left to be answered, and what was asked."""

    port: int
    answers: list[bytes]
    heard: list[Heard] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    """Set when a caller has gone."""
    secure: bool = False

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"


def answer(value: Any, status: str = "200 OK", *headers: str, kind: str = "application/json") -> bytes:
    """An answer with a body: JSON, or the bytes as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def lines(*values: Any, end: bool = True) -> bytes:
    """A streamed answer in chunks; without its end the server died in the middle."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    texts = [one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in values]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in texts)
    return head + chunks + (b"0\r\n\r\n" if end else b"")


@contextlib.contextmanager
def scripted(*answers: bytes, context: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """A server until left; a connection ends after an answer that is not whole, or when the caller ends it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Scripted(listening.getsockname()[1], list(answers), secure=context is not None)
        thread = threading.Thread(target=_serve, args=(listening, server, context))
        thread.start()
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextlib.contextmanager
def talking(*answers: bytes) -> Iterator[tuple[Scripted, Connection]]:
    """A server and a connection to it."""
    with scripted(*answers) as server, Connection(server.url, "T") as connection:
        yield server, connection


def _serve(listening: socket.socket, server: Scripted, context: ssl.SSLContext | None) -> None:
    number = 0
    while True:
        try:
            accepted, _ = listening.accept()
        except OSError:
            return
        number += 1
        with accepted, contextlib.suppress(OSError):
            talking = accepted if context is None else context.wrap_socket(accepted, server_side=True)
            with talking, talking.makefile("rb") as reading:
                while _answered(server, talking, reading, number):
                    pass
        server.left.set()


def _answered(server: Scripted, talking: socket.socket, reading: Any, number: int) -> bool:
    line = reading.readline().decode().strip()
    if not line:
        return False
    headers = {}
    while text := reading.readline().decode().strip():
        name, _, value = text.partition(": ")
        headers[name.lower()] = value
    body = reading.read(int(headers.get("content-length", "0")))
    server.heard.append(Heard(line, headers, body, number))
    found = server.answers.pop(0) if server.answers else HANG_UP
    talking.sendall(found)
    whole = b"Content-Length" in found or found.endswith(b"0\r\n\r\n") or b" 304 " in found[:20]
    return whole and b"Connection: close" not in found
