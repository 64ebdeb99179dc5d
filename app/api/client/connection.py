"""One connection to a running program: requests, streamed answers, a pinned certificate; the standard library alone."""

from __future__ import annotations

import io
import json
import select
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from .exchange import Broken, Response, send
from .problem import Ended, Problem, Unreachable, of_details

API: Final = "/api/v1"
NDJSON: Final = "application/x-ndjson"
EXIT_STATUS: Final = "restrike-exit-status"
CHUNK: Final = 1024 * 1024

Query = Mapping[str, Any]
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with: `value` is the JSON, or the bytes of anything else."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    value: Any = None
    exit_status: int = 0


class Connection:
    """One connection, opened with the first request and used again; not for several threads at once."""

    def __init__(
        self, url: str, token: str, *, certificate: str | None = None, timeout: float | None = 60.0
    ) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self.token = token
        self.certificate = certificate
        self._secure = parts.scheme == "https"
        self._where = (parts.hostname or "127.0.0.1", parts.port or (443 if self._secure else 80))
        self._timeout = timeout
        name = f"[{self._where[0]}]" if ":" in self._where[0] else self._where[0]
        self._host = f"{name}:{parts.port}" if parts.port else name
        self._socket: socket.socket | None = None
        self._source: io.BufferedReader | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; the next request makes a new one."""
        if self._source is not None:
            self._source.close()
        if self._socket is not None:
            self._socket.close()
        self._socket = self._source = None

    def again(self) -> Connection:
        """Another connection to the same program."""
        return self.moved(self.url, self.token, self.certificate)

    def moved(self, url: str, token: str, certificate: str | None) -> Connection:
        """A connection to another program, for the rest like this one."""
        return Connection(url, token, certificate=certificate, timeout=self._timeout)

    def taken(self) -> socket.socket:
        """A connected socket whose other end was checked; it is the caller's to close."""
        found = self._connected()
        found.settimeout(None)
        return found

    def request(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one request; `path` is below `/api/v1`. Raises `Problem` for every status from 400 on."""
        with self._asked(
            method, path, query, body, {"Accept": "application/json", **(headers or {})}
        ) as response:
            return _whole(response)

    def stream(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Any = None,
        *,
        line: Callable[[Line], None],
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer of a command; `line` gets each line before it. Leaving early closes, which stops the command."""
        accepted = {"Accept": f"{NDJSON}, application/json", **(headers or {})}
        with self._asked(method, path, query, body, accepted, patient=True) as response:
            if not response.kind.startswith(NDJSON):
                return _whole(response)
            while text := response.readline():
                found = _object(text)
                if "answer" in found:
                    response.read()
                    return Answer(
                        response.status, response.headers, found["answer"], int(found.get("exit_status", 0))
                    )
                if "problem" in found:
                    response.read()
                    raise of_details(found["problem"], response.status)
                line(found)
        raise self._ended("the answer broke off")

    def download(
        self,
        path: str,
        query: Query | None,
        headers: Mapping[str, str] | None,
        write: Callable[[bytes], object],
    ) -> Answer:
        """A GET whose bytes go to `write` piece by piece; another answer than 200 or 206 is read as usual."""
        with self._asked("GET", path, query, None, {"Accept": "*/*", **(headers or {})}) as response:
            if response.status not in (200, 206) or response.kind.startswith("application/json"):
                return _whole(response)
            while data := response.read(CHUNK):
                write(data)
            return Answer(response.status, response.headers)

    @contextmanager
    def _asked(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Any,
        headers: Mapping[str, str],
        *,
        patient: bool = False,
    ) -> Iterator[Response]:
        """The response to a request, its body not read yet; a connection that was left in the middle is closed."""
        target = (path if path.startswith(API + "/") else API + path) + encoded(query)
        data = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        if data is not None:
            sent["Content-Type"] = "application/json"
        try:
            response = self._sent(method, target, data, sent, None if patient else self._timeout)
            yield response
            response.read()
            if response.closing:
                self.close()
        except OSError as error:
            self.close()
            raise Ended(_why(error)) from error
        except Problem:
            raise  # it was read to its end
        except BaseException:
            self.close()
            raise

    def _sent(
        self, method: str, target: str, data: bytes | None, headers: dict[str, str], timeout: float | None
    ) -> Response:
        reused = self._socket is not None
        try:
            return self._once(method, target, data, headers, timeout)
        except (ConnectionError, Broken):
            if not reused or method != "GET":
                raise
        self.close()  # it ended while nobody used it; asking again what only reads does no harm
        return self._once(method, target, data, headers, timeout)

    def _once(
        self, method: str, target: str, data: bytes | None, headers: dict[str, str], timeout: float | None
    ) -> Response:
        """The response; a server that stops reading a body has often said why before it closed."""
        found, source = self._open(timeout)
        with suppress(BrokenPipeError, ConnectionResetError):
            send(found, method, self._host, target, headers, data)
        return Response(source, method)

    def _open(self, timeout: float | None) -> tuple[socket.socket, io.BufferedReader]:
        if self._socket is not None and not _idle(self._socket):
            self.close()
        if self._socket is None or self._source is None:
            made = self._connected()
            self._socket, self._source = made, made.makefile("rb")
        self._socket.settimeout(timeout)
        return self._socket, self._source

    def _connected(self) -> socket.socket:
        try:
            made = socket.create_connection(self._where, self._timeout)
        except OSError as error:
            raise Unreachable(_why(error)) from error
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._secured(made) if self._secure else made
        except OSError as error:
            made.close()
            raise Unreachable(_why(error)) from error
        except Problem:
            made.close()
            raise

    def _secured(self, made: socket.socket) -> socket.socket:
        """The socket speaking TLS, once the other side has shown the right certificate; it was told no token yet."""
        import hashlib
        import ssl

        context = ssl.create_default_context()
        if self.certificate is not None:  # compared below: nobody else signed it
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        found = context.wrap_socket(made, server_hostname=self._where[0])
        if self.certificate is not None:
            shown = found.getpeercert(binary_form=True) or b""
            if hashlib.sha256(shown).hexdigest() != self.certificate.lower():
                found.close()
                raise Problem(
                    "the server shows another certificate than api.json says",
                    "read api.json again; somebody else may be listening there",
                    code="foreign_certificate",
                    status=403,
                )
        return found

    def _ended(self, why: str) -> Ended:
        self.close()
        return Ended(why)


def encoded(query: Query | None) -> str:
    """A query string with its question mark: lists repeated, booleans as true and false, None left out."""
    pairs: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        pairs += [(name, _text(one)) for one in several if one is not None]
    return f"?{urlencode(pairs)}" if pairs else ""


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _whole(response: Response) -> Answer:
    """A response that was read to its end; raises `Problem` for one that is none of success."""
    data = response.read()
    headers = response.headers
    value: Any = data
    if response.kind.partition(";")[0].endswith(("/json", "+json")):
        try:
            value = json.loads(data) if data else None
        except ValueError as error:
            raise Problem(
                "the answer is no JSON", "another program may be listening there", code="foreign"
            ) from error
    if response.status >= 400:
        raise of_details(value, response.status, headers)
    return Answer(response.status, headers, value, int(headers.get(EXIT_STATUS, "0")))


def _object(text: bytes) -> dict[str, Any]:
    """One line of a stream; half a line is what a server that died leaves."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Broken("the answer broke off") from error
    return found if isinstance(found, dict) else {}


def _idle(found: socket.socket) -> bool:
    """Whether an idle connection is still open: one that has something to read was ended by the server."""
    readable, _, _ = select.select([found], [], [], 0)
    return not readable


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
