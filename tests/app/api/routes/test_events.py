"""`WS /events` on the real server, heard by a real client."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from app import events
from app.api.routes import events as route
from tests.app.api.served import Served, served
from tests.app.studios import add, change, film

Event = dict[str, Any]


@asynccontextmanager
async def client(there: Served, **query: str) -> AsyncIterator[ClientConnection]:
    """A client with the token."""
    netloc = urlsplit(there.desk.url).netloc
    async with connect(
        f"ws://{netloc}/api/v1/events?{urlencode(query)}",
        additional_headers={"Authorization": f"Bearer {there.token}"},
        proxy=None,
    ) as found:
        yield found


async def until(heard: ClientConnection, wanted: Callable[[Event], bool]) -> list[Event]:
    """The messages up to the first that is wanted."""
    found: list[Event] = []
    async with asyncio.timeout(20):
        while not found or not wanted(found[-1]):
            found.append(json.loads(await heard.recv()))
    return found


def asset(name: str, version: int = 1) -> Callable[[Event], bool]:
    """Whether an event tells of this version of an asset."""
    return lambda one: (
        one["type"] == events.ASSET_CHANGED
        and (one["data"]["name"], one["data"]["version"]) == (name, version)
    )


async def test_a_change_of_another_process_is_heard(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there, film(tmp_path / "film") as other, client(there) as heard:
        [first] = await until(heard, lambda one: one["type"] == events.FULL_SYNC)
        assert (first["data"]["part"], first["data"]["parts"], first["data"]["assets"]) == (1, 1, [])
        await add(other, "prop", "LAMP")
        [*_, event] = await until(heard, asset("LAMP"))
        assert event["data"]["name"] == "LAMP"


async def test_who_comes_back_misses_nothing_and_hears_nothing_twice(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        async with client(there) as heard:
            [*_, first] = await until(heard, lambda one: one["type"] == events.FULL_SYNC)
        await add(there.studio, "prop", "LAMP")
        await add(there.studio, "prop", "TOWER")
        async with client(there, since=first["id"], types="asset_changed") as heard:
            seen = await until(heard, asset("TOWER"))
            assert [one["data"]["name"] for one in seen] == ["LAMP", "TOWER"]
        await change(there.studio, "LAMP", "seed=3")
        async with client(there, since=seen[-1]["id"], types="asset_changed") as heard:
            assert len(await until(heard, asset("LAMP", 2))) == 1
        async with client(there, since="of.another") as heard:
            assert json.loads(await heard.recv())["type"] == events.FULL_SYNC


async def test_the_whole_state_can_be_asked_for(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there, client(there) as heard:
        await until(heard, lambda one: one["type"] == events.FULL_SYNC)
        await add(there.studio, "prop", "LAMP")
        await heard.send(json.dumps({"type": "client:sync_request", "id": "mine", "data": {"since": "x"}}))
        [*_, event] = await until(heard, lambda one: one.get("reply_to") == "mine")
        assert event["type"] == events.FULL_SYNC
        assert [one["name"] for one in event["data"]["assets"]] == ["LAMP"]


async def test_jobs_can_be_asked_for(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there, client(there) as heard:
        lamp = await add(there.studio, "prop", "LAMP")
        data = {"asset": lamp, "quality": "low", "priority": "high", "count": 2}
        await heard.send(json.dumps({"type": "client:regenerate_asset", "id": 7, "data": data}))
        answered: list[Event] = []
        while len(answered) < 2:
            [*_, event] = await until(heard, lambda one: one.get("reply_to") == 7)
            answered.append(event)
        assert {one["type"] for one in answered} == {events.JOB_CHANGED}
        assert {one["data"]["id"] for one in answered} == {
            one.id for one in there.studio.project.index.jobs()
        }
        assert {one["data"]["tier"] for one in answered} == {"low"}


BAD: list[tuple[str | bytes, str]] = [
    ("{", "bad_json"),
    ("[1]", "bad_json"),
    (b"\xff", "bad_json"),
    ("[" * 100_000, "bad_json"),
    ('{"id": "x"}', "bad_field"),
    ('{"type": "client:dance"}', "bad_field"),
    ('{"type": ["client:dance"]}', "bad_field"),
    ('{"type": "client:sync_request", "data": 4}', "bad_field"),
    ('{"type": "client:sync_request", "id": {}}', "bad_field"),
    ('{"type": "client:sync_request", "id": "\\ud800"}', "bad_field"),
    ('{"type": "client:regenerate_asset"}', "bad_field"),
    ('{"type": "client:regenerate_asset", "data": {"asset": "A", "assets": ["B"]}}', "bad_field"),
    ('{"type": "client:regenerate_asset", "data": {"assets": ["A"], "count": 0}}', "bad_field"),
    ('{"type": "client:regenerate_asset", "data": {"assets": ["A"], "project": 3}}', "bad_field"),
    ('{"type": "client:regenerate_asset", "data": {"assets": ["NOBODY"]}}', "not_found"),
    ('{"type": "client:regenerate_asset", "data": {"assets": ["A"], "project": "x"}}', "not_found"),
]


async def test_what_cannot_be_understood_is_answered_and_the_conversation_goes_on(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there, client(there) as heard:
        for sent, code in BAD:
            await heard.send(sent)
            [*_, event] = await until(heard, lambda one: one["type"] == events.ERROR)
            assert (event["data"]["code"], event["data"]["type"]) == (code, f"urn:restrike:problem:{code}")
            assert str(tmp_path) not in json.dumps(event)
            await heard.send(json.dumps({"type": "client:sync_request", "id": "still"}))
            await until(heard, lambda one: one.get("reply_to") == "still")


async def test_ten_bad_messages_in_a_row_are_enough(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there, client(there) as heard:
        for _ in range(route.MOST_BAD - 1):
            await heard.send("{")
        await heard.send('{"type": "client:sync_request"}')
        for _ in range(route.MOST_BAD):
            await heard.send("{")
        with pytest.raises(ConnectionClosedError) as closed:
            await until(heard, lambda one: False)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == route.AGAINST_THE_RULES


async def test_types_that_nobody_knows_are_refused(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        with pytest.raises(InvalidStatus) as refused:
            async with client(there, types="weather"):
                pass
        assert refused.value.response.status_code == 422


async def test_too_many_clients_are_told_to_come_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "MOST_CLIENTS", 1)
    async with served(tmp_path / "film") as there, client(there) as heard:
        await heard.recv()
        async with client(there) as late:
            with pytest.raises(ConnectionClosedError) as closed:
                await late.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == route.TRY_LATER


async def test_who_does_not_read_delays_nobody_and_holds_little(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there, client(there, types="storage_updated") as heard:
        await heard.recv()
        with _stalled(there):
            await _joined(there, 2)
            channel = there.desk.hub._channel
            for number in range(300):
                shape = {"number": number, "much": "x" * 100_000}
                channel.publish(events.STORAGE_UPDATED, str(number % 50), lambda shape=shape: shape)  # type: ignore[misc]
                if number % 50 == 49:
                    await until(heard, lambda one, last=number: one["data"].get("number") == last)  # type: ignore[misc]
            [stalled] = [one for one in channel._listeners if one._types is None]
            assert stalled._cursor < channel.ring.seq - 10, "it waits for its client"
            assert stalled.held <= 64
            assert channel.ring.bytes < 6_000_000


def _stalled(there: Served) -> socket.socket:
    """A client that says hello, and never reads a word."""
    host, _, port = urlsplit(there.desk.url).netloc.partition(":")
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((host, int(port)))
    hello = (
        f"GET /api/v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {there.token}\r\n\r\n"
    )
    line.sendall(hello.encode())
    return line


async def _joined(there: Served, count: int) -> None:
    async with asyncio.timeout(20):
        while there.desk.hub.listeners < count:
            await asyncio.sleep(0)


async def test_the_end_of_the_server_is_said(tmp_path: Path) -> None:
    async with AsyncExitStack() as later:
        async with served(tmp_path / "film") as there:
            heard = await later.enter_async_context(client(there))
            await heard.recv()
        await heard.wait_closed()
        assert heard.close_code == route.GOING_AWAY
