"""Events over connections that break."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence

import pytest
from websockets.sync.server import ServerConnection, serve

from app.api.client import Client, Unreachable

SYNC = {"type": "server:full_sync", "id": "e.3", "data": {"part": 1, "parts": 1}}


def changed(number: int) -> dict[str, object]:
    """An event of its own."""
    return {"type": "server:asset_changed", "id": f"e.{number}", "subject": "a", "data": {"id": "a"}}


@contextlib.contextmanager
def told(*talks: Sequence[object]) -> Iterator[tuple[str, list[str]]]:
    """A server that says one of `talks` on each connection and ends it; its address and what it was asked for."""
    asked: list[str] = []
    left = list(talks)

    def talk(connection: ServerConnection) -> None:
        assert connection.request is not None
        asked.append(f"{connection.request.path} {connection.request.headers['Authorization']}")
        for one in left.pop(0) if left else []:
            connection.send(json.dumps(one))
        if not left:
            connection.recv()

    with serve(talk, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}", asked
        server.shutdown()
        thread.join()


def test_a_lost_connection_goes_on_after_the_last_event() -> None:
    with told([SYNC, changed(4)], [changed(5)]) as (url, asked):
        client = Client(url, "T")
        with client.events(types=["server:asset_changed"]) as events:
            assert [next(iter(events)).id for _ in range(3)] == ["e.3", "e.4", "e.5"]
    assert asked == [
        "/api/v1/events?types=server%3Aasset_changed Bearer T",
        "/api/v1/events?since=e.4&types=server%3Aasset_changed Bearer T",
    ]


def test_a_piece_of_a_state_is_nothing_to_go_on_from() -> None:
    piece = {**SYNC, "id": "e.2.p1", "data": {"part": 1, "parts": 2}}
    reply = {**changed(9), "reply_to": "x"}
    with told([piece, reply]) as (url, _), Client(url, "T").events("e.1") as events:
        assert events.next(5) is not None
        assert events.next(5) is not None
        assert events.since == "e.1"


def test_nothing_for_a_while() -> None:
    with told([]) as (url, _), Client(url, "T").events() as events:
        assert events.next(0.01) is None


def test_nobody_there_to_listen_to() -> None:
    with told() as (url, _):
        pass
    with pytest.raises(Unreachable), Client(url, "T").events():
        pass


def test_a_server_that_does_not_come_back_is_given_up() -> None:
    at = iter(range(0, 10_000, 20))
    pauses: list[float] = []
    with told([SYNC], []) as (url, _):
        events = Client(url, "T", pause=pauses.append, now=lambda: float(next(at))).events()
        events.__enter__()
        assert events.next() is not None
    with pytest.raises(Unreachable):
        events.next()
    events.close()
    assert pauses == sorted(pauses)
    assert pauses
