"""One connection: requests, streams, what goes wrong on the way."""

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api import certificate
from app.api.client.connection import Connection, encoded
from app.api.client.problem import Ended, Problem, Unreachable
from tests.app.api.client.scripted import HANG_UP, answer, lines, scripted, talking


def test_a_request_says_who_asks_and_what() -> None:
    with talking(answer({"id": 7}, "201 Created", "ETag: x")) as (server, to):
        found = to.request("POST", "/things", {"dry_run": True}, {"name": "Žofie"})
    assert (found.status, found.value, found.headers["etag"]) == (201, {"id": 7}, "x")
    [heard] = server.heard
    assert heard.line == "POST /api/v1/things?dry_run=true HTTP/1.1"
    assert heard.headers["authorization"] == "Bearer T"
    assert heard.headers["content-type"] == "application/json"
    assert heard.body.decode() == '{"name": "Žofie"}'


def test_one_connection_is_used_again() -> None:
    with talking(answer(1), answer(2)) as (server, to):
        assert [to.request("GET", "/a").value, to.request("GET", "/a").value] == [1, 2]
    assert {one.connection for one in server.heard} == {1}


def test_a_connection_that_the__ended_meanwhile_is_made_again() -> None:
    with talking(answer(1, "200 OK", "Connection: close"), answer(2)) as (server, to):
        to.request("GET", "/a")
        assert to.request("POST", "/a").value == 2
    assert [one.connection for one in server.heard] == [1, 2]


def test_the_exit_status_of_an_answer() -> None:
    with talking(answer({}, "200 OK", "Restrike-Exit-Status: 1")) as (_, to):
        assert to.request("GET", "/a").exit_status == 1


@pytest.mark.parametrize(
    ("status", "ends"),
    [(422, 2), (404, 3), (409, 4), (403, 5), (401, 5), (500, 1), (507, 1), (400, 2), (429, 2)],
)
def test_problems_are_raised_with_all_that_they_say(status: int, ends: int) -> None:
    details = {
        "status": status,
        "detail": "no",
        "hint": "do",
        "code": "odd",
        "field": "steps",
        "type": "urn:x",
    }
    told = answer(details, f"{status} X", "Retry-After: 3", kind="application/problem+json")
    with talking(told, answer(1)) as (server, to):
        with pytest.raises(Problem) as caught:
            to.request("GET", "/a")
        assert to.request("GET", "/a").value == 1
    problem = caught.value
    assert (problem.message, problem.hint, problem.code, problem.status) == ("no", "do", "odd", status)
    assert (problem.exit_status, dict(problem.fields), problem.retry_after) == (ends, {"field": "steps"}, 3.0)
    assert {one.connection for one in server.heard} == {1}


def test_an_answer_of_another_program_is_foreign() -> None:
    with (
        talking(answer(b"<html>", "404 Not Found", kind="text/html")) as (_, to),
        pytest.raises(Problem) as caught,
    ):
        to.request("GET", "/a")
    assert caught.value.code == "foreign"


def test_nobody_there() -> None:
    with scripted() as server:
        pass
    with Connection(server.url, "T") as to, pytest.raises(Unreachable):
        to.request("POST", "/a")


def test_a__that_ends_before_it_answered() -> None:
    with talking(HANG_UP) as (server, to), pytest.raises(Ended):
        to.request("POST", "/a")
    assert len(server.heard) == 1  # never asked twice


def test_a_body_that_breaks_off() -> None:
    with (
        talking(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 9\r\n\r\n{") as (
            _,
            to,
        ),
        pytest.raises(Ended),
    ):
        to.request("GET", "/a")


def test_a_stream_gives_each_line_and_then_the_answer() -> None:
    said = ({"said": "one"}, {"working": {"key": "a"}})
    with talking(lines(*said, {"answer": {"ok": 1}, "exit_status": 5}), answer(2)) as (server, to):
        found: list[object] = []
        end = to.stream("POST", "/a", line=found.append)
        assert to.request("GET", "/a").value == 2
    assert (tuple(found), end.value, end.exit_status) == (said, {"ok": 1}, 5)
    assert "application/x-ndjson" in server.heard[0].headers["accept"]
    assert server.heard[1].connection == 1


def test_a_problem_at_the_end_of_a_stream() -> None:
    problem = {"problem": {"status": 403, "detail": "no", "hint": "h", "code": "refused"}}
    with talking(lines(problem)) as (_, to), pytest.raises(Problem) as caught:
        to.stream("POST", "/a", line=print)
    assert (caught.value.code, caught.value.exit_status) == ("refused", 5)


@pytest.mark.parametrize("last", [b"", b'{"said": "ha'])
def test_a_stream_that_breaks_off(last: bytes) -> None:
    with (
        talking(lines({"said": "one"}, *([last] if last else []), end=False)) as (_, to),
        pytest.raises(Ended),
    ):
        to.stream("POST", "/a", line=lambda line: None)


def test_leaving_a_stream_early_ends_the_connection() -> None:
    def interrupted(line: object) -> None:
        raise KeyboardInterrupt

    with talking(lines({"said": "one"})) as (server, to):
        with pytest.raises(KeyboardInterrupt):
            to.stream("POST", "/a", line=interrupted)
        assert server.left.wait(5)


def test_a_download_comes_in_pieces() -> None:
    parts: list[bytes] = []
    with talking(answer(b"x" * 3_000_000, kind="image/png")) as (_, to):
        assert to.download("/a", None, None, parts.append).status == 200
    assert len(parts) > 1
    assert b"".join(parts) == b"x" * 3_000_000


def test_the_certificate_is_the_one_that_was_named(tmp_path: Path) -> None:
    made = certificate.ensure(tmp_path, "192.168.1.20", lambda: datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert_file, made.key_file)
    with scripted(answer(1), context=context) as server:
        with Connection(server.url, "T", certificate=made.sha256) as to:
            assert to.request("GET", "/a").value == 1
        wrong = hashlib.sha256(b"other").hexdigest()
        with Connection(server.url, "T", certificate=wrong) as to, pytest.raises(Problem) as caught:
            to.request("GET", "/a")
    assert caught.value.code == "foreign_certificate"
    assert len(server.heard) == 1  # the other was told no token


@given(
    st.dictionaries(st.text(min_size=1), st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text())))
)
def test_queries_say_what_they_were_given(query: dict[str, object]) -> None:
    expected = [
        (name, str(one))
        for name, value in query.items()
        for one in (value if isinstance(value, list) else [value])
        if one is not None
    ]
    text = encoded(query)
    assert (
        parse_qsl(text.removeprefix("?"), keep_blank_values=True, strict_parsing=bool(expected)) == expected
    )
    assert encoded({"a": True, "b": False, "c": None}) == "?a=true&b=false"
