"""HTTP/1.1 over one socket, as far as a caller needs it: `http.client` takes longer to import than a request takes."""

from __future__ import annotations

import io
import socket
from collections.abc import Mapping
from typing import Final

LONGEST_LINE: Final = 64 * 1024
MOST_HEADERS: Final = 200


class Broken(OSError):
    """The other side ended early, or speaks no HTTP."""


class Response(io.BufferedReader):
    """An answer whose body is read as a file is; `closing` says that the connection is good for nothing afterwards."""

    def __init__(self, source: io.BufferedReader, method: str) -> None:
        self.status, self.headers = _head(source)
        length = self.headers.get("content-length")
        chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        empty = method == "HEAD" or self.status in (204, 304)
        left = 0 if empty or chunked else None if length is None else _number(length, 10)
        self._body = _Body(source, left, chunked and not empty)
        self.closing = left is None or "close" in self.headers.get("connection", "").lower()
        super().__init__(self._body)

    @property
    def kind(self) -> str:
        """The media type, in lower case."""
        return self.headers.get("content-type", "").lower()


class _Body(io.RawIOBase):
    """The bytes of one answer: `left` of them, as many as chunks say, or all until the connection ends (None)."""

    def __init__(self, source: io.BufferedReader, left: int | None, chunked: bool) -> None:
        self._source = source
        self._left = left
        self._chunked = chunked
        self._begun = False

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Some bytes, as soon as there are any; 0 at the end."""
        if self._left == 0 and self._chunked:
            self._next()
        if self._left == 0:
            return 0
        data = self._source.read1(len(target) if self._left is None else min(len(target), self._left))
        if self._left is not None:
            if not data:
                raise Broken("the answer broke off")
            self._left -= len(data)
        target[: len(data)] = data
        return len(data)

    def _next(self) -> None:
        """Go on to the next chunk; the last one is empty."""
        if self._begun:
            _line(self._source)
        self._begun = True
        self._left = _number(_line(self._source).partition(";")[0], 16)
        if self._left == 0:
            self._chunked = False
            while _line(self._source):
                pass


def send(
    to: socket.socket, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes | None
) -> None:
    """Send a whole request."""
    given = {"Host": host, "Accept-Encoding": "identity", **headers}
    if body is not None or method in ("POST", "PUT", "PATCH"):
        given["Content-Length"] = str(len(body or b""))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    if any(not one.isprintable() for one in lines) or " " in target:
        raise ValueError(f"{target!r} and its headers fit into no request")
    to.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))


def _head(source: io.BufferedReader) -> tuple[int, dict[str, str]]:
    """The status and the headers, names in lower case; what only says that the answer is to come is skipped."""
    status = 100
    headers: dict[str, str] = {}
    while status < 200:
        version, _, rest = _line(source).partition(" ")
        if not version.startswith("HTTP/1."):
            raise Broken("the answer is no HTTP" if version else "no answer came")
        status = _number(rest[:3], 10)
        headers = {"connection": "close"} if version == "HTTP/1.0" else {}
        for _ in range(MOST_HEADERS):
            name, colon, value = _line(source).partition(":")
            if not colon:
                break
            headers[name.strip().lower()] = value.strip()
    return status, headers


def _line(source: io.BufferedReader) -> str:
    line = source.readline(LONGEST_LINE)
    if line and not line.endswith(b"\n"):
        raise Broken("the answer broke off")
    if not line:
        raise Broken("the connection was closed")
    return line.decode("latin-1").rstrip("\r\n")


def _number(text: str, digits: int) -> int:
    try:
        return int(text.strip(), digits)
    except ValueError as error:
        raise Broken(f"the answer says {text[:20]!r} where a number belongs") from error
