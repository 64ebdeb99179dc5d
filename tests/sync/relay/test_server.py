"""The relay on its port: what it answers, whom it turns away, how it ends."""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sync.relay import frames
from sync.relay.frames import Came, Challenge, Pass, Prove, Refused, Welcome
from sync.relay.quotas import Limits
from sync.relay.server import CannotListen, Relay
from tests.sync.relay import corpus
from tests.sync.relay.stage import ROOM, SMALL, at, pseudonym
from tests.sync.stage import Ticks


def listening(folder: Path, limits: Limits = SMALL) -> AbstractAsyncContextManager[Relay]:
    return Relay.listening(folder, limits=limits, clock=Ticks())


async def fetched(relay: Relay, path: str) -> tuple[int, str]:
    def fetch() -> tuple[int, str]:
        try:
            with urlopen(f"http://127.0.0.1:{relay.port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return await asyncio.to_thread(fetch)


async def came_in(socket: ClientConnection, number: int) -> bytes:
    """Answer the challenge."""
    challenge = await said(socket)
    assert isinstance(challenge, Challenge)
    one = pseudonym(number)
    proof = one.prove(challenge.nonce, ROOM.name, b"card")
    await socket.send(frames.encode(Prove(ROOM.name, one.public, proof, b"card")))
    welcome = await said(socket)
    assert welcome == Welcome(one.address)
    return one.address


async def said(socket: ClientConnection) -> frames.Frame:
    data = await socket.recv()
    assert isinstance(data, bytes)
    return frames.decode(data)


async def test_it_says_how_it_is(tmp_path: Path) -> None:
    async with listening(tmp_path) as relay, connect(at(relay), proxy=None) as socket:
        await came_in(socket, 1)
        status, text = await fetched(relay, "/health")
        assert status == 200
        said = json.loads(text)
        assert said.pop("time") > 1.7e9
        assert said == {
            "ok": True,
            "mailbox_bytes": SMALL.mailbox,
            "kept_seconds": 14 * 86400,
            "connections": 1,
            "rooms": 1,
            "objects": 0,
            "stored_bytes": 0,
            "waiting_bytes": 0,
        }
        status, text = await fetched(relay, "/metrics?x=1")
        assert status == 200
        assert "restrike_relay_connections 1\n" in text
        assert ROOM.name.hex() not in text
        assert (await fetched(relay, "/other"))[0] == 404


async def test_frames_pass_between_connections(tmp_path: Path) -> None:
    async with (
        listening(tmp_path) as relay,
        connect(at(relay), proxy=None) as one,
        connect(at(relay), proxy=None) as other,
    ):
        here, there = await came_in(one, 1), await came_in(other, 2)
        assert await said(one) == Came(there, b"card")
        assert await said(other) == Came(here, b"card")
        for n in range(100):
            await one.send(frames.encode(Pass(there, b"%d" % n)))
        assert [await said(other) for _ in range(100)] == [Pass(here, b"%d" % n) for n in range(100)]


@pytest.mark.parametrize(("name", "data"), [*corpus.broken(), ("text", "text"), *corpus.unasked()])
async def test_a_hostile_visitor_is_shown_out_with_a_reason_and_others_stay(
    tmp_path: Path, name: str, data: bytes | str
) -> None:
    async with (
        listening(tmp_path) as relay,
        connect(at(relay), proxy=None) as honest,
        connect(at(relay), proxy=None) as hostile,
    ):
        await came_in(honest, 1)
        await came_in(hostile, 2)
        assert isinstance(await said(hostile), Came)
        await hostile.send(data)
        refused = await said(hostile)
        assert isinstance(refused, Refused)
        with pytest.raises(ConnectionClosed) as closed:
            await said(hostile)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.reason == refused.code
        assert isinstance(await said(honest), Came)
        assert isinstance(await said(honest), frames.Left)


async def test_a_message_above_every_limit_ends_its_connection_alone(tmp_path: Path) -> None:
    async with (
        listening(tmp_path) as relay,
        connect(at(relay), proxy=None) as honest,
        connect(at(relay), proxy=None) as hostile,
    ):
        await came_in(honest, 1)
        await hostile.send(bytes(frames.LARGEST + 1))
        assert isinstance(await said(hostile), Challenge)
        with pytest.raises(ConnectionClosed):
            await said(hostile)
        assert (await fetched(relay, "/health"))[0] == 200


async def test_who_does_not_prove_who_he_is_in_time_is_shown_out(tmp_path: Path) -> None:
    async with (
        listening(tmp_path, replace(SMALL, proof=0.2)) as relay,
        connect(at(relay), proxy=None) as socket,
    ):
        assert isinstance(await said(socket), Challenge)
        refused = await said(socket)
        assert isinstance(refused, Refused)
        assert refused.code == "silent"


async def test_too_many_connections_are_turned_away(tmp_path: Path) -> None:
    for limits, status in (
        (replace(SMALL, connections=2), 503),
        (replace(SMALL, connections_each=2), 429),
        (replace(SMALL, visits=0.001, visits_burst=2), 429),
    ):
        async with listening(tmp_path, limits) as relay, AsyncExitStack() as stack:
            for _ in range(2):
                await said(await stack.enter_async_context(connect(at(relay), proxy=None)))
            with pytest.raises(InvalidStatus) as refused:
                await stack.enter_async_context(connect(at(relay), proxy=None))
            assert refused.value.response.status_code == status


async def test_what_a_connection_had_is_given_back_when_it_ends(tmp_path: Path) -> None:
    async with listening(tmp_path, replace(SMALL, connections_each=1)) as relay:
        for number in range(5):
            async with connect(at(relay), proxy=None) as socket:
                await came_in(socket, number + 1)
            while relay.connections:
                await fetched(relay, "/health")
        assert len(relay.rooms) == relay.waiting.bytes == 0


async def test_visitors_hear_that_a_relay_ends(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with listening(tmp_path) as relay:
            socket = await stack.enter_async_context(connect(at(relay), proxy=None))
            await came_in(socket, 1)
        with pytest.raises(ConnectionClosed) as closed:
            await said(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    async with listening(tmp_path) as relay:
        with pytest.raises(CannotListen, match=str(relay.port)):
            async with Relay.listening(tmp_path / "other", port=relay.port):
                raise AssertionError("both listen")
