"""Whatever goes wrong is a problem of the same shape, without a path and without a traceback."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException, WebSocket
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.responses import StreamingResponse

import app as app_room
import engine
import sync
from app.api import faults, problems
from app.api.problems import PROBLEMS, problem, response, status
from app.errors import Unexpected, one_line
from engine.faults import BadField, Conflict, Fault, NotFound, Refused
from sync.database import Broken, Busy
from tests.app.api.asgi import HOST, Got, ask

HOME = Path("/home/jane doe/.local/share/restrike")
FOLDER = Path("/home/jane doe/films/a film")


class Wish(BaseModel):
    """A body."""

    steps: int


def kinds(of: type[Fault]) -> Iterator[type[Fault]]:
    yield of
    for one in of.__subclasses__():
        yield from kinds(one)


def import_everything() -> None:
    """Every module, apart from those of the render child: its faults come over the wire as those of the renderer."""
    for room in (engine, sync, app_room):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not module.name.endswith("__main__") and not module.name.startswith("engine.diffusion"):
                importlib.import_module(module.name)


def test_every_fault_has_a_status_and_a_title() -> None:
    import_everything()
    mine = [one for one in kinds(Fault) if one.__module__.partition(".")[0] in ("engine", "sync", "app")]
    assert len(mine) > 30
    assert {one.code for one in mine} - set(PROBLEMS) == set()
    for one in mine:
        number = PROBLEMS[one.code][0]
        assert 400 <= number < 600
        by_exit = {2: range(400, 500), 3: [404], 4: [409], 5: [401, 403]}
        assert number in by_exit.get(one.exit_status, range(400, 600)), one
    assert len({title for _, title in PROBLEMS.values()}) == len(PROBLEMS)


@pytest.mark.parametrize(
    ("exit_status", "number"), [(1, 500), (2, 422), (3, 404), (4, 409), (5, 403), (9, 500)]
)
def test_a_fault_nobody_listed_goes_by_its_exit_status(exit_status: int, number: int) -> None:
    fault = Fault("odd", "no hint")
    fault.code = "very_odd"  # type: ignore[misc]
    fault.exit_status = exit_status  # type: ignore[misc]
    assert status(fault) == number
    assert problem(fault)["title"] == "Very odd"


def test_the_shape() -> None:
    assert problem(NotFound("there is no asset MARRA", "did you mean MARA?"), instance="/api/v1/x") == {
        "type": "urn:restrike:problem:not_found",
        "title": "There is no such thing",
        "status": 404,
        "detail": "there is no asset MARRA",
        "code": "not_found",
        "hint": "did you mean MARA?",
        "instance": "/api/v1/x",
    }
    bad = problem(BadField("steps", 0, "1 to 1000"))
    assert (bad["field"], bad["value"], bad["allowed"]) == ("steps", 0, "1 to 1000")
    answer = response({**problem(Conflict("changed", "look again")), "state": {"version": 4}})
    assert (answer.status_code, json.loads(bytes(answer.body))["state"]) == (409, {"version": 4})
    assert answer.media_type == "application/problem+json"


@pytest.mark.parametrize(
    ("fault", "header", "value"),
    [
        (Busy("another process is writing", "wait"), "retry-after", "1"),
        (faults.Unauthorized(), "www-authenticate", 'Bearer realm="restrike"'),
        (faults.NoSuchRange(7), "content-range", "bytes */7"),
        (faults.KeyRunning(), "retry-after", "1"),
    ],
)
def test_what_the_headers_say(fault: Fault, header: str, value: str) -> None:
    assert response(fault).headers[header] == value
    assert response(fault, headers={"X-Other": "1"}).headers["x-other"] == "1"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.just(FOLDER / "x.png"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.text(), VALUES, st.text())
def test_any_value_makes_json(field: str, value: object, allowed: str) -> None:
    answer = response(BadField(field, value, allowed), instance="/x")
    found = json.loads(bytes(answer.body))
    assert found["code"] == "bad_field"
    assert len(str(found["value"])) <= 10_000
    assert str(FOLDER) not in str(found)


PATHS = st.lists(
    st.text("ab ce.-_ä", min_size=1, max_size=6).map(lambda text: f"q{text}q"), min_size=1, max_size=4
)


@given(
    PATHS, st.sampled_from([HOME, FOLDER]), st.sampled_from(["{}", "'{}' is bad", "see {}: no", "a {}, b"])
)
def test_no_path_in_any_of_it(parts: list[str], folder: Path, sentence: str) -> None:
    said = sentence.format(folder.joinpath(*parts))
    for fault in (
        NotFound(said, said),
        BadField(said, said, said),
        BadField("file", folder.joinpath(*parts), "x"),
    ):
        found = json.dumps(problem(fault, paths=(HOME, FOLDER)), ensure_ascii=False)
        assert "jane" not in found
        assert "/films" not in found
        assert one_line(parts[-1]) in found
        assert not [one for one in parts[:-1] if f"{one}/" in found]


def test_files_that_a_fault_speaks_of_are_known() -> None:
    odd = Path("/somewhere, else/a (b)/it's; there.db")
    fault = Refused(f"no permission for {odd}", f"look at {odd}")
    fault.__cause__ = FileNotFoundError(2, "gone", str(odd))
    assert problem(fault)["detail"] == "no permission for it's; there.db"
    assert problem(Broken(f"{odd} is damaged", "mend it", odd))["detail"] == "it's; there.db is damaged"
    refused = problems.described(PermissionError(13, "no", str(odd)), home=HOME)
    assert (refused["status"], refused["detail"]) == (403, "no permission for it's; there.db")


def test_a_surprise_shows_neither_its_log_nor_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError(f"odd: {tmp_path / 'x'}")
    found = problems.described(caught.value, home=tmp_path, instance="/x")
    assert (found["status"], found["code"]) == (500, "unexpected")
    assert str(tmp_path) not in str(found)
    assert "--debug" not in found["hint"]
    assert "Traceback" in (tmp_path / "logs" / "restrike.log").read_text()
    assert "ZeroDivisionError" in problem(Unexpected(ZeroDivisionError(), None))["detail"]


def served(home: Path) -> FastAPI:
    """An app in which everything goes wrong."""
    made = FastAPI()

    @made.post("/wish/{number}")
    async def wish(number: int, wish: Wish, limit: int = 1) -> int:
        return wish.steps

    @made.get("/raise/{what}")
    async def raised(what: str) -> None:
        raise {
            "fault": NotFound(f"there is no {home / 'x'}", "look again"),
            "group": ExceptionGroup(
                "tasks", [ValueError(), ExceptionGroup("", [Conflict("changed", "again")])]
            ),
            "surprise": ZeroDivisionError(f"in {home}/secret"),
            "system": FileNotFoundError(2, "gone", str(home / "x")),
            "http": HTTPException(418, "a teapot", {"X-Tea": "1"}),
            "unauthorized": HTTPException(401),
            "down": HTTPException(503, "later"),
            "unchanged": HTTPException(304),
        }[what]

    @made.get("/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"a"
            raise ZeroDivisionError

        return StreamingResponse(pieces())

    @made.websocket("/socket/{number}")
    async def socket(websocket: WebSocket, number: int, accept: bool = False) -> None:
        if accept:
            await websocket.accept()
        raise NotFound("there is no such thing", "look again")

    problems.install(made, home)
    return made


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(served(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as made:
        yield made


@pytest.mark.parametrize(
    ("what", "number", "code"),
    [
        ("fault", 404, "not_found"),
        ("group", 409, "conflict"),
        ("surprise", 500, "unexpected"),
        ("system", 404, "not_found"),
        ("http", 418, "bad_request"),
        ("unauthorized", 401, "unauthorized"),
        ("down", 503, "failed"),
    ],
)
async def test_whatever_is_raised(
    caller: httpx.AsyncClient, tmp_path: Path, what: str, number: int, code: str
) -> None:
    got = await caller.get(f"/raise/{what}")
    assert (got.status_code, got.json()["code"], got.json()["status"]) == (number, code, number)
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json()["instance"] == f"/raise/{what}"
    assert str(tmp_path) not in got.text
    assert "Traceback" not in got.text
    assert got.headers.get("x-tea") == ("1" if what == "http" else None)


async def test_statuses_without_a_body_have_none(caller: httpx.AsyncClient) -> None:
    got = await caller.get("/raise/unchanged")
    assert (got.status_code, got.content) == (304, b"")


async def test_what_the_router_refuses(caller: httpx.AsyncClient) -> None:
    missing = await caller.get("/nothing/<here>\u00e4")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert missing.json()["instance"] == "/nothing/%3Chere%3E%C3%A4"
    wrong = await caller.delete("/stream")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (
        405,
        "method_not_allowed",
        "GET",
    )


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("path", "body", "headers", "number", "code"),
    [
        ("/wish/1", b'{"steps": 1}', JSON, 200, ""),
        ("/wish/1", b'{"steps": 1', JSON, 400, "bad_json"),
        ("/wish/1", b"\xff\xfe", JSON, 400, "bad_json"),
        ("/wish/1", b"[" * 100_000, JSON, 400, "bad_json"),
        ("/wish/1", b'{"steps": 1' + b"0" * 5000 + b"}", JSON, 400, "bad_json"),
        ("/wish/1", b'{"steps": NaN}', JSON, 422, "bad_field"),
        ("/wish/1", b"", JSON, 422, "bad_field"),
        ("/wish/1", b'{"steps": "\\ud800"}', JSON, 422, "bad_field"),
        ("/wish/1", b'{"steps": 1}', {"content-type": "text/plain"}, 415, "unsupported_media_type"),
        ("/wish/1", b'{"steps": 1}', {}, 415, "unsupported_media_type"),
        ("/wish/x?limit=y", b'{"steps": "/home/joe/x.png"}', JSON, 422, "bad_field"),
    ],
)
async def test_bodies_and_parameters(
    caller: httpx.AsyncClient, path: str, body: bytes, headers: dict[str, str], number: int, code: str
) -> None:
    got = await caller.post(path, content=body, headers=headers)
    assert got.status_code == number
    assert number == 200 or got.json()["code"] == code


async def test_every_field_is_named(caller: httpx.AsyncClient) -> None:
    found = (await caller.post("/wish/x?limit=y", json={"steps": "/home/joe/x.png"})).json()
    assert [one["field"] for one in found["errors"]] == ["number", "limit", "steps"]
    assert found["field"] == "number"
    assert found["detail"].startswith("number cannot be 'x'; allowed: a valid integer")
    assert "/home" not in str(found)


async def test_a_stream_that_breaks_is_broken_off(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        await ask(served(tmp_path), path="/stream")
    assert "Traceback" in (tmp_path / "logs" / "restrike.log").read_text()


async def socket(home: Path, path: str, **more: Any) -> Got:
    return await ask(served(home), path=path, type="websocket", scheme="ws", subprotocols=[], **more)


async def test_web_sockets_are_told_too(tmp_path: Path) -> None:
    offered: dict[str, Any] = {"extensions": {"websocket.http.response": {}}}
    assert (await socket(tmp_path, "/socket/1", **offered)).code == "not_found"
    assert (await socket(tmp_path, "/socket/x", **offered)).code == "bad_field"
    told = await socket(tmp_path, "/socket/1?accept=true", **offered)
    assert told.messages[-1] == {"type": "websocket.close", "code": 1008, "reason": "not_found"}
    for path in ("/socket/1", "/socket/x", "/nothing"):
        assert (await socket(tmp_path, path, extensions={})).messages[-1]["type"] == "websocket.close"


@pytest.mark.parametrize("begun", [False, True])
async def test_a_caller_who_left_is_no_surprise(tmp_path: Path, begun: bool) -> None:
    from starlette.requests import ClientDisconnect

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ClientDisconnect

    got = await ask(problems.Caught(app, tmp_path))
    assert len(got.messages) == begun
    assert not (tmp_path / "logs").exists()
