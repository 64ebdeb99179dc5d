"""What is too large, too much or too slow, and that honest work meets none of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.api.limits import Buckets, Limits
from tests.app.api.asgi import HOST, ask


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how much it read; a caller who is gone hears nothing."""
    try:
        body = await Request(scope, receive).body()
    except ClientDisconnect:
        await PlainTextResponse("heard by nobody")(scope, receive, send)
        return
    await PlainTextResponse(str(len(body)))(scope, receive, send)


def length(number: object) -> Sequence[tuple[str, str]]:
    return [("host", HOST), ("content-length", str(number))]


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=6), st.integers(0, 60))
async def test_bodies_up_to_the_largest_are_read(body: list[bytes], largest: int) -> None:
    size = sum(map(len, body))
    for headers in ([("host", HOST)], length(size)):
        got = await ask(Limits(reading, largest), "POST", headers=headers, body=body)
        if size <= largest:
            assert (got.status, got.body) == (200, str(size).encode())
        else:
            assert (got.status, got.code, got.headers["connection"]) == (413, "too_large", "close")
            assert b"nobody" not in got.body


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("65", 413),
        ("064", 200),
        ("9" * 4000, 413),
        ("-1", 400),
        ("+1", 400),
        ("1e1", 400),
        ("", 400),
        ("٣", 400),
    ],
)
async def test_a_length_is_believed_where_it_is_one(number: str, status: int) -> None:
    shown = number.encode().decode("latin-1")
    assert (await ask(Limits(reading, 64), "POST", headers=length(shown))).status == status
    for second in (("Content-Length", "2"), ("Transfer-Encoding", "chunked")):
        got = await ask(Limits(reading, 64), "POST", headers=[*length(1), second])
        assert (got.status, got.headers["connection"]) == (400, "close")


async def test_what_is_too_large_is_not_read_on() -> None:
    pulled = 0

    async def receive() -> Message:
        nonlocal pulled
        pulled += 1
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    got = await _asked(Limits(reading, 25), receive)
    assert (pulled, got[0]["status"]) == (3, 413)
    assert len(got) == 2


async def test_a_body_that_stops_arriving() -> None:
    pieces = [b"x"]

    async def receive() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError

    got = await _asked(Limits(reading, patience=0.01), receive)
    assert (got[0]["status"], len(got)) == (408, 2)


async def test_an_answer_that_is_being_sent_is_not_replaced() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert (await receive())["type"] == "http.disconnect"
        assert (await receive())["type"] == "http.disconnect"

    got = await ask(Limits(app, 1), "POST", body=[b"xxx"])
    assert [one["type"] for one in got.messages] == ["http.response.start"]


async def test_a_caller_is_waited_for_as_long_as_it_takes_once_the_body_is_there() -> None:
    leave = asyncio.Event()
    bodies = [b"all of it"]

    async def receive() -> Message:
        if bodies:
            return {"type": "http.request", "body": bodies.pop(), "more_body": False}
        asyncio.get_running_loop().call_later(0.05, leave.set)
        await leave.wait()
        return {"type": "http.disconnect"}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        await PlainTextResponse("gone")(scope, receive, send)

    assert (await _asked(Limits(app, patience=0.01), receive))[0]["status"] == 200
    assert leave.is_set()


async def test_long_urls_and_heads() -> None:
    app = Limits(reading)
    assert (await ask(app, path="/" + "x" * 16_383)).status == 200
    long = await ask(app, path="/x?" + "x" * 16_384)
    assert (long.status, long.code) == (414, "url_too_long")
    many = [("host", HOST), *((f"x-{number}", "y" * 80) for number in range(200))]
    assert (await ask(app, headers=many)).status == 431
    closed = await ask(app, path="/" + "x" * 16_384, type="websocket")
    assert closed.messages == [{"type": "websocket.close", "code": 1008, "reason": "url_too_long"}]
    refused = await ask(
        app, path="/" + "x" * 16_384, type="websocket", extensions={"websocket.http.response": {}}
    )
    assert refused.status == 414


async def test_one_client_is_one_bucket() -> None:
    time = [0.0]
    app = Limits(reading, rate=2.0, burst=3, now=lambda: time[0])

    async def status(**more: Any) -> int:
        return (await ask(app, **more)).status

    assert [await status() for _ in range(4)] == [200, 200, 200, 429]
    assert await status(client=("192.0.2.1", 1)) == 200
    assert await status(state={"authorized": True}) == 200
    assert await status(client=None) == 200
    time[0] = 0.5
    assert [await status() for _ in range(2)] == [200, 429]
    assert (await ask(app)).headers["retry-after"] == "1"


async def test_a_local_tool_never_meets_it() -> None:
    app = Limits(reading, now=lambda: 0.0)
    assert {(await ask(app)).status for _ in range(1500)} == {200}


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 5), st.floats(0.1, 5))
def test_no_more_than_the_rate_after_the_burst(steps: list[float], burst: int, rate: float) -> None:
    now = 0.0
    buckets = Buckets(rate, burst, lambda: now)
    taken = 0
    for step in steps:
        now += step
        wait = buckets.take("one")
        taken += wait == 0
        assert taken <= burst + now * rate + 1e-6
        if wait:
            now += wait + 1e-6
            assert buckets.take("one") == 0
            taken += 1


def test_buckets_are_forgotten_before_they_are_too_many() -> None:
    buckets = Buckets(1.0, 1, lambda: 0.0, most=10)
    assert buckets.take("first") == 0
    for number in range(10):
        buckets.take(str(number))
    assert buckets.take("first") == 0
    assert buckets.take("9") > 0


async def test_the_life_of_the_server_is_none_of_its_business() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    await ask(Limits(app), type="lifespan")
    assert seen == ["lifespan"]


async def _asked(app: Limits, receive: Receive) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/x", "headers": [], "query_string": b""}
    await app(scope, receive, send)
    return sent
