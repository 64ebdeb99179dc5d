"""The same key gets the same answer, whatever happens to the process or the file between."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.answers import LARGEST_ANSWER, MOST, Answer, Answers, Idempotent
from engine.faults import NoSpace
from tests.app.api.asgi import HOST, Got, ask

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANSWER = Answer(b"request", 201, ((b"etag", b'"a"'),), b"body")


class Desk:
    """An app that counts what it does, and the file of its answers."""

    def __init__(self, path: Path) -> None:
        self.done = 0
        self.time = NOON
        self.answers = Answers(path)
        self.app = Idempotent(self.work, self.answers, lambda: self.time)
        self.response: Response | None = None

    async def work(self, scope: Scope, receive: Receive, send: Send) -> None:
        pieces = []
        while (message := await receive())["type"] == "http.request":
            pieces.append(message["body"])
            if not message["more_body"]:
                break
        self.done += 1
        value = {"done": self.done, "read": b"".join(pieces).decode()}
        response = self.response or JSONResponse(value, 201, {"Location": "/x", "X-Said": "ä"})
        await response(scope, receive, send)

    async def post(
        self, key: str | None = "k", method: str = "POST", path: str = "/x?a=1", body: bytes = b"b"
    ) -> Got:
        headers = [("host", HOST), *([("Idempotency-Key", key)] if key is not None else [])]
        return await ask(self.app, method, path, headers, body=[body[:1], body[1:]])


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    made = Desk(tmp_path / "answers.db")
    yield made
    made.answers.close()


async def test_the_same_request_is_done_once(desk: Desk) -> None:
    first, again = await desk.post(), await desk.post()
    assert desk.done == 1
    assert (again.status, again.body) == (first.status, first.body) == (201, b'{"done":1,"read":"b"}')
    assert again.headers == {**first.headers, "idempotency-replayed": "true"}
    assert "idempotency-replayed" not in first.headers
    assert (await desk.post("another")).body == b'{"done":2,"read":"b"}'


async def test_other_content_under_the_same_key_is_refused(desk: Desk) -> None:
    await desk.post()
    others: list[dict[str, Any]] = [{"body": b"c"}, {"path": "/y?a=1"}, {"path": "/x?a=2"}, {"method": "PUT"}]
    for other in others:
        got = await desk.post(**other)
        assert (got.status, got.code) == (422, "idempotency_mismatch")
    assert desk.done == 1


async def test_requests_without_a_key_and_those_that_change_nothing_just_run(desk: Desk) -> None:
    for key, method in ((None, "POST"), ("k", "GET"), ("k", "HEAD"), ("k", "OPTIONS"), (None, "DELETE")):
        before = desk.done
        assert (await desk.post(key, method)).status == 201
        assert (await desk.post(key, method)).status == 201
        assert desk.done == before + 2
    assert not desk.answers.path.exists()


@pytest.mark.parametrize("key", ["", "x" * 256, "a\x00b", "ä", "a\tb", "\x7f"])
async def test_a_key_is_printable(desk: Desk, key: str) -> None:
    got = await desk.post(key)
    assert (got.status, got.code, desk.done) == (400, "bad_idempotency_key", 0)


async def test_one_key_at_a_time(desk: Desk) -> None:
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert (await ask(desk.app, "POST", headers=twice)).code == "bad_idempotency_key"
    assert (await desk.post("x" * 255)).status == 201
    assert (await desk.post('"a ~"')).status == 201


async def test_a_key_that_is_running_says_so(desk: Desk) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    work = desk.work

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await go.wait()
        await work(scope, receive, send)

    desk.app = Idempotent(slow, desk.answers, lambda: NOON)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(desk.post())
        await begun.wait()
        second, other = await desk.post(), await desk.post(body=b"other")
        assert (second.status, second.code, second.headers["retry-after"]) == (
            409,
            "idempotency_running",
            "1",
        )
        assert other.code == "idempotency_mismatch"
        go.set()
    assert first.result().status == 201
    assert (await desk.post()).headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    "response",
    [
        Response("x", 500),
        Response(b"x" * (LARGEST_ANSWER + 1)),
        StreamingResponse(iter(["a", "b"])),
    ],
)
async def test_what_is_not_kept_may_run_again(desk: Desk, response: Response) -> None:
    desk.response = response
    first = await desk.post()
    assert first.status == response.status_code
    assert first.body
    desk.response = None
    assert (await desk.post()).status == 201
    assert desk.done == 2
    assert (await desk.post()).headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("status", [200, 204, 404, 409, 422])
async def test_refusals_are_answers_too(desk: Desk, status: int) -> None:
    desk.response = Response(status_code=status)
    assert [(await desk.post()).status for _ in range(2)] == [status, status]
    assert desk.done == 1


async def test_work_that_fails_frees_its_key(desk: Desk) -> None:
    work = desk.work

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    desk.app._app = failing
    with pytest.raises(ZeroDivisionError):
        await desk.post()
    desk.app._app = work
    assert (await desk.post()).status == 201


async def test_a_caller_who_left_before_the_end_asked_nothing(desk: Desk) -> None:
    got = await ask(desk.app, "POST", headers=[("Idempotency-Key", "k")], body=[])
    assert (got.messages, desk.done) == ([], 0)


async def test_answers_outlive_the_process_and_end_after_a_day(desk: Desk, tmp_path: Path) -> None:
    await desk.post()
    later = Desk(desk.answers.path)
    later.time = NOON + timedelta(hours=23, minutes=59)
    assert (await later.post()).headers["idempotency-replayed"] == "true"
    later.time = NOON + timedelta(hours=24)
    assert "idempotency-replayed" not in (await later.post(body=b"other")).headers
    later.answers.close()


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        answers = Answers(tmp_path / "answers.db")
        answers.keep(b"k", ANSWER, 0.0)
        modes = {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
    finally:
        os.umask(old)
    answers.close()
    assert modes == {0o600}


def test_old_ones_are_forgotten(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "answers.db")
    for number in range(3):
        answers.keep(b"%d" % number, ANSWER, float(number))
    answers.close()
    with sqlite3.connect(answers.path) as connection:
        connection.execute("UPDATE answers SET n = n + ? WHERE n > 1", (MOST,))
    connection.close()
    answers.keep(b"new", ANSWER, 4.0)
    assert answers.find(b"0", 4.0) is None
    assert answers.find(b"1", 4.0) == answers.find(b"new", 4.0) == ANSWER
    answers.keep(b"last", ANSWER, 24 * 60 * 60 + 3.0)
    answers.close()
    with sqlite3.connect(answers.path) as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchone() == (2,)
    connection.close()


@pytest.mark.parametrize("damage", ["text", "page", "row", "later", "schema"])
async def test_a_damaged_file_is_set_aside_and_said(
    desk: Desk, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.post()
    desk.answers.close()
    path = desk.answers.path
    if damage == "text":
        path.write_text("this was a database once, and not a short one" * 9)
    elif damage == "page":
        data = bytearray(path.read_bytes())
        data[100:] = b"\xff" * len(data[100:])
        path.write_bytes(data)
    else:
        change = {
            "row": "UPDATE answers SET headers = '[1]', status = 'x'",
            "later": "PRAGMA user_version=99",
            "schema": "ALTER TABLE answers DROP COLUMN body",
        }[damage]
        with sqlite3.connect(path) as connection:
            connection.execute(change)
        connection.close()
    assert (await desk.post()).body == b'{"done":2,"read":"b"}'
    assert (await desk.post()).headers["idempotency-replayed"] == "true"
    assert "answers.db.damaged-1" in {one.name for one in path.parent.iterdir()}
    assert "answers.db.damaged-1" in caplog.text


async def test_a_full_disk_takes_no_answer_away(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    class Full(Answers):
        def _keep(self, key: bytes, answer: Answer, now: float) -> None:
            raise NoSpace("the disk is full", "free some space")

    desk.app = Idempotent(desk.work, Full(desk.answers.path), lambda: NOON)
    assert (await desk.post()).status == 201
    assert "the disk is full" in caplog.text


async def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    got = await Desk(tmp_path / "none" / "answers.db").post()
    assert got.code == "not_found"
    assert str(tmp_path) not in got.body.decode()


async def test_through_a_client(desk: Desk) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(desk.app), base_url=f"http://{HOST}"
    ) as caller:
        sent = [await caller.post("/x", json={"a": 1}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert sent[0].json() == sent[1].json()
    assert sent[1].headers["Idempotency-Replayed"] == "true"
