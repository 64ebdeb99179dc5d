"""HTTP/1.1 as it comes over a socket: whole, in pieces, and broken."""

from __future__ import annotations

import io
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.client.exchange import Broken, Response, send


class Trickle(io.RawIOBase):
    """Bytes that arrive a few at a time."""

    def __init__(self, data: bytes, at_once: int) -> None:
        self._data = data
        self._at_once = at_once

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """The next few bytes."""
        part = self._data[: min(self._at_once, len(target))]
        self._data = self._data[len(part) :]
        target[: len(part)] = part
        return len(part)


def response(data: bytes, at_once: int = 1000, method: str = "GET") -> Response:
    """The answer in these bytes."""
    return Response(io.BufferedReader(Trickle(data, at_once)), method)


def chunked(parts: list[bytes]) -> bytes:
    """A chunked answer."""
    body = b"".join(b"%x;odd=1\r\n%s\r\n" % (len(one), one) for one in parts if one)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\nTrailer: x\r\n\r\n"


@given(st.lists(st.binary(max_size=50)), st.integers(1, 40))
def test_chunks_are_read_as_what_was_cut_into_them(parts: list[bytes], at_once: int) -> None:
    found = response(chunked(parts), at_once)
    assert found.read() == b"".join(parts)
    assert not found.closing


@given(st.lists(st.text("ab\u00e9", max_size=9), min_size=1), st.integers(1, 9), st.integers(1, 40))
def test_lines_are_found_wherever_they_are_cut(texts: list[str], size: int, at_once: int) -> None:
    data = "".join(f"{one}\n" for one in texts).encode()
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    found = response(chunked(parts), at_once)
    assert list(found) == [f"{one}\n".encode() for one in texts]


@given(st.binary(max_size=200), st.data())
def test_what_breaks_off_is_never_taken_for_whole(body: bytes, data: st.DataObject) -> None:
    whole = chunked([body, b"end"])
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Broken):
        response(whole[:cut]).read()
    sized = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1) + body
    with pytest.raises(Broken):
        response(sized).read()


@pytest.mark.parametrize(
    ("data", "method", "body", "closing"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabNEXT", "GET", b"ab", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab", "GET", b"ab", True),
        (b"HTTP/1.1 200 OK\r\n\r\nall of it", "GET", b"all of it", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "GET", b"a", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "GET", b"", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HEAD", b"", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "GET", b"a", False),
    ],
)
def test_where_an_answer_ends(data: bytes, method: str, body: bytes, closing: bool) -> None:
    found = response(data, method=method)
    assert (found.read(), found.closing) == (body, closing)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 2xx OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_no_http(data: bytes) -> None:
    with pytest.raises(Broken):
        response(data).read()


def test_a_request_goes_out_whole() -> None:
    one, other = socket.socketpair()
    with one, other:
        send(one, "POST", "h:1", "/a?b=c", {"X": "y"}, b"{}")
        assert other.recv(1000).startswith(b"POST /a?b=c HTTP/1.1\r\nHost: h:1\r\n")
        for target, header in (("/a b", "y"), ("/a\r\nX: z", "y"), ("/a", "y\r\nX: z")):
            with pytest.raises(ValueError, match="fit into no request"):
                send(one, "GET", "h:1", target, {"X": header}, None)
