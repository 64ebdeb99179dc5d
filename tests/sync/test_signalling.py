"""The signalling port: one question, one answer, and whatever else is thrown at it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sync.links.link import Channel, NoLink, closing
from sync.links.webrtc import Answerer, dial
from sync.signalling import LARGEST, PATH, CannotListen, Gate, Question, Signalling, answer_of, ask, question

TAG = b"12345678"


async def echo(tag: bytes, offer: str) -> str:
    """An answer that shows what was asked."""
    if tag != TAG:
        raise NoLink("no such project is open here")
    return f"answer to {offer}"


async def test_a_question_is_answered() -> None:
    async with Signalling(echo) as endpoint:
        for host in ("127.0.0.1", "::1"):
            assert await ask(host, endpoint.port, TAG, "an offer") == "answer to an offer"


async def test_a_refusal_says_why() -> None:
    async with Signalling(echo) as endpoint:
        with pytest.raises(NoLink, match="no such project"):
            await ask("127.0.0.1", endpoint.port, b"another!", "an offer")


async def test_a_link_comes_about_over_it() -> None:
    async with Answerer() as answerer:
        arriving = []

        async def answer(_tag: bytes, offer: str) -> str:
            text, link = await answerer.answer(offer)
            arriving.append(link)
            return text

        async with (
            Signalling(answer) as endpoint,
            dial(lambda offer: ask("127.0.0.1", endpoint.port, TAG, offer)) as dialled,
            closing(await arriving[0]) as answered,
        ):
            dialled.send(Channel.SYNC, b"hello")
            assert await answered.receive() == (Channel.SYNC, b"hello")


async def test_nobody_there_and_somebody_silent_are_said_so() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    with silent, pytest.raises(NoLink, match="did not answer within"):
        await ask("127.0.0.1", port, TAG, "", seconds=0.05)
    with pytest.raises(NoLink, match="nobody listens at"):
        await ask("127.0.0.1", port, TAG, "")


async def test_a_port_that_is_taken_is_said_so() -> None:
    async with Signalling(echo) as endpoint:
        with pytest.raises(CannotListen, match=str(endpoint.port)):
            await Signalling(echo, port=endpoint.port).__aenter__()


async def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async def forever(_tag: bytes, _offer: str) -> str:
        await asyncio.Event().wait()
        return ""

    async with Signalling(forever, seconds=0.05) as endpoint:
        with pytest.raises(NoLink):
            await ask("127.0.0.1", endpoint.port, TAG, "")


async def test_web_pages_and_other_paths_are_turned_away() -> None:
    async with Signalling(echo) as endpoint:
        url = f"ws://127.0.0.1:{endpoint.port}"
        with pytest.raises(InvalidStatus, match="403"):
            await connect(url + PATH, origin="https://example.com", proxy=None)  # type: ignore[arg-type]
        with pytest.raises(InvalidStatus, match="404"):
            await connect(f"{url}/other", proxy=None)


async def test_questions_that_are_too_large_end_the_connection() -> None:
    async with (
        Signalling(echo) as endpoint,
        connect(f"ws://127.0.0.1:{endpoint.port}{PATH}", proxy=None) as caller,
    ):
        await caller.send("x" * (LARGEST + 1))
        with pytest.raises(ConnectionClosed):
            await caller.recv()


async def test_so_many_at_once_and_no_more() -> None:
    async with Signalling(echo, seconds=30) as endpoint:
        writers = []
        for _ in range(4):
            writers.append((await asyncio.open_connection("127.0.0.1", endpoint.port))[1])
        while endpoint.gate.inside < 4:
            await asyncio.sleep(0)
        with pytest.raises(NoLink):
            await ask("127.0.0.1", endpoint.port, TAG, "")
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        while endpoint.gate.inside:
            await asyncio.sleep(0)
        assert await ask("127.0.0.1", endpoint.port, TAG, "x") == "answer to x"


async def test_whatever_is_sent_to_the_port_it_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(11)
    descriptors = len(os.listdir("/proc/self/fd"))
    async with Signalling(echo, seconds=0.2) as endpoint:
        for number in range(60):
            await throw(endpoint.port, hostile(chance, number))
        assert await ask("127.0.0.1", endpoint.port, TAG, "x") == "answer to x"
    assert capfd.readouterr().err == ""
    assert len(os.listdir("/proc/self/fd")) <= descriptors


def hostile(chance: random.Random, number: int) -> bytes:
    """Bytes of a stranger: noise, a spoiled handshake, or a good one and then noise."""
    upgrade = (
        f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
    noise = chance.randbytes(chance.randrange(400))
    if number % 3 == 0:
        return noise
    if number % 3 == 1:
        at = chance.randrange(len(upgrade))
        return upgrade[:at] + noise + upgrade[at:]
    return upgrade + noise


async def throw(port: int, data: bytes) -> None:
    """Send bytes, wait until the other side is done with us, and leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"tag": 1, "offer": "x"}',
        '{"tag": "zz34567812345678", "offer": "x"}',
        '{"tag": "00", "offer": "x"}',
        '{"tag": "0011223344556677", "offer": {}}',
        "[" * 10_000,
    ],
)
def test_what_is_no_question_is_refused(text: str) -> None:
    with pytest.raises(NoLink):
        question(text)


@given(st.binary(min_size=8, max_size=8), st.text(max_size=100))
def test_a_question_is_read_as_it_was_asked(tag: bytes, offer: str) -> None:
    assert question(Question(tag, offer).text()) == Question(tag, offer)


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_any_json_is_an_answer_or_refused(value: object) -> None:
    said = ""
    try:
        said = answer_of(json.dumps(value))
    except NoLink as fault:
        said = fault.message
    assert isinstance(said, str)


def test_a_household_counts_as_one() -> None:
    gate = Gate(2, 3)
    assert gate.enter("2001:db8::1") is not None
    inside = gate.enter("2001:db8::2")
    assert inside is not None
    assert gate.enter("2001:db8::3") is None
    assert gate.enter("::ffff:192.0.2.1") == "192.0.2.1"
    assert gate.enter("192.0.2.9") is None
    gate.leave(inside)
    assert gate.enter("2001:db8::9") is not None
